// The caller themselves: who they are here, what they may use and have used, all that is kept of them, and its erasure.
import { createRoute } from "@hono/zod-openapi";
import type { Context } from "hono";
import { type MeReply, meExportSchema, meReplySchema } from "../../protocol/access.ts";
import type { AppEnv } from "../app-env.ts";
import { dropCookie } from "../auth/cookie.ts";
import { limitsOf } from "../limits.ts";
import { json, problems } from "../openapi.ts";
import { personExport } from "../person-export.ts";
import { createRouter } from "../router.ts";

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
    "Every chat with all its messages, how each answer was asked for and ended, and its link, as one JSON document. " +
    "One that is whole lacks nothing: where a chat can't be read, it is broken off, or refused.",
  responses: { 200: json(meExportSchema, "The document"), ...problems(403, 503) },
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
  const document = await personExport(services, identity.person, head);
  c.header("content-type", "application/json");
  c.header("content-disposition", 'attachment; filename="keepstream.json"');
  return c.body(document) as never;
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
