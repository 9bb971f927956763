// The caller themselves: who they are here, what they may use and have used, all that is kept of them, and its erasure.
import { createRoute } from "@hono/zod-openapi";
import type { Context } from "hono";
import { type MeReply, meExportSchema, meReplySchema } from "../../protocol/access.ts";
import type { ChatListReply } from "../../protocol/requests.ts";
import type { AppEnv } from "../app-env.ts";
import { dropCookie } from "../auth/cookie.ts";
import { limitsOf } from "../limits.ts";
import { json, problems } from "../openapi.ts";
import { expect } from "../problem.ts";
import { createRouter } from "../router.ts";
import type { Services } from "../services.ts";

const meRoute = createRoute({
  method: "get",
  path: "/api/me",
  summary: "Who you are here, and what you may use",
  responses: { 200: json(meReplySchema, "You"), ...problems() },
});

const exportRoute = createRoute({
  method: "get",
  path: "/api/me/export",
  summary: "All that is kept of you",
  description:
    "Every chat with all its messages, how each answer was asked for and ended, and its link, as one JSON document.",
  responses: { 200: json(meExportSchema, "The document"), ...problems(403) },
});

const eraseRoute = createRoute({
  method: "delete",
  path: "/api/me",
  summary: "Erase all that is kept of you",
  description:
    "Stops what runs and deletes every chat, as deleting each would. What breaks off goes on by itself; until it is done " +
    "your asks are refused. What you used today still counts.",
  responses: { 204: { description: "It is gone" }, ...problems(403) },
});

export const meRoutes = createRouter();

meRoutes.openapi(meRoute, async (c) => c.json(await me(c), 200));

meRoutes.openapi(exportRoute, async (c) => {
  const { services, identity } = c.var;
  const head = { ...(await me(c)), exportedAt: Date.now() };
  c.header("content-type", "application/json");
  c.header("content-disposition", 'attachment; filename="keepstream.json"');
  return c.body(document(head, chatsOf(services, identity.person))) as never;
});

meRoutes.openapi(eraseRoute, async (c) => {
  const { services, identity } = c.var;
  await services.person(identity.person).erase(identity.person);
  dropCookie(c);
  return c.body(null, 204);
});

async function me(c: Context<AppEnv>): Promise<MeReply> {
  const { identity, services } = c.var;
  const { person, tenant, scopes, admin } = identity;
  const limits = limitsOf(identity, services.settings, c.req.url);
  const usage = await services.person(person).usage(Date.now());
  return { person, tenant, scopes: [...scopes], admin, limits, usage };
}

/** Each chat of a person, as JSON. One at a time: all of them may be more than there is memory. */
async function* chatsOf(services: Services, person: string): AsyncGenerator<string> {
  let cursor: string | null = null;
  do {
    const page: ChatListReply = expect(await services.person(person).list(cursor));
    for (const { id } of page.chats) {
      const chat = await services.chat(id).export(person);
      // One that was deleted meanwhile is not kept any more.
      if (chat.ok) yield JSON.stringify(chat.value);
    }
    ({ cursor } = page);
  } while (cursor !== null);
}

/** `head` with the chats, written as they are read. */
function document(head: object, chats: AsyncGenerator<string>): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  let before = `${JSON.stringify(head).slice(0, -1)},"chats":[`;
  return new ReadableStream({
    async pull(controller) {
      const { done, value } = await chats.next();
      controller.enqueue(encoder.encode(done ? `${before.replace(/^,$/, "")}]}` : before + value));
      if (done) controller.close();
      before = ",";
    },
    cancel: async () => void (await chats.return(undefined)),
  });
}
