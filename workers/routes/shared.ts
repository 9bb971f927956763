// Chats that their owner shares: a link that nobody can guess, to read and to export, until it is taken back.
import { createRoute, z } from "@hono/zod-openapi";
import { type SharedChat, sharedChatSchema, shareReplySchema } from "../../protocol/access.ts";
import { parseTarget } from "../../protocol/ids.ts";
import type { ChatReply } from "../../protocol/requests.ts";
import { fileName, toMarkdown } from "../export.ts";
import { json, problems } from "../openapi.ts";
import { expect, refuse } from "../problem.ts";
import { createRouter } from "../router.ts";
import type { Services } from "../services.ts";
import { chatParams, chatTarget } from "../target.ts";

const sharedParams = z.object({ token: z.string().max(200) });

const shareRoute = createRoute({
  method: "post",
  path: "/api/chats/{chatId}/share",
  summary: "Share a chat by a link",
  description:
    "Whoever has the link reads the chat as it is at that time, and nothing else of yours. The same link until it is taken back.",
  request: { params: chatParams },
  responses: { 201: json(shareReplySchema, "The link"), ...problems(400, 403, 404) },
});

const unshareRoute = createRoute({
  method: "delete",
  path: "/api/chats/{chatId}/share",
  summary: "Take a chat's link back",
  request: { params: chatParams },
  responses: { 204: { description: "The link leads nowhere any more" }, ...problems(400, 403, 404) },
});

const readRoute = createRoute({
  method: "get",
  path: "/api/shared/{token}",
  summary: "Read a shared chat",
  request: { params: sharedParams },
  responses: { 200: json(sharedChatSchema, "The chat"), ...problems(400, 404) },
});

const exportRoute = createRoute({
  method: "get",
  path: "/api/shared/{token}/export",
  summary: "A shared chat as a file",
  request: { params: sharedParams, query: z.object({ format: z.enum(["md", "json"]).default("md") }) },
  responses: {
    200: {
      description: "The file",
      content: { "text/markdown": { schema: z.string() }, "application/json": { schema: sharedChatSchema } },
    },
    ...problems(400, 404),
  },
});

export const sharedRoutes = createRouter();

sharedRoutes.openapi(shareRoute, async (c) => {
  const { chat, chatId } = chatTarget(c.var.services, c.req.valid("param").chatId);
  const token = `${chatId}${expect(await chat.share(c.var.identity.person))}`;
  return c.json({ token, page: `/shared/${token}`, api: `/api/shared/${token}` }, 201);
});

sharedRoutes.openapi(unshareRoute, async (c) => {
  const { chat } = chatTarget(c.var.services, c.req.valid("param").chatId);
  expect(await chat.unshare(c.var.identity.person));
  return c.body(null, 204);
});

sharedRoutes.openapi(readRoute, async (c) => {
  c.header("x-robots-tag", "noindex");
  return c.json(toShared(await sharedChat(c.var.services, c.req.valid("param").token)), 200);
});

sharedRoutes.openapi(exportRoute, async (c) => {
  const view = await sharedChat(c.var.services, c.req.valid("param").token);
  const { format } = c.req.valid("query");
  c.header("x-robots-tag", "noindex");
  c.header("content-disposition", `attachment; filename="${fileName(view.title, format)}"`);
  if (format === "json") return c.json(toShared(view), 200);
  return c.body(toMarkdown(view), 200, { "content-type": "text/markdown; charset=utf-8" }) as never;
});

const CHAT_ID_LENGTH = 64;

/** A link's token is the chat's id and its secret. */
async function sharedChat(services: Services, token: string): Promise<ChatReply> {
  const chatId = token.slice(0, CHAT_ID_LENGTH);
  if (!parseTarget(chatId)) refuse("not_found", "There is no such shared chat.");
  return expect(await services.chat(chatId).shared(token.slice(CHAT_ID_LENGTH)));
}

function toShared({ title, createdAt, updatedAt, running, messages }: ChatReply): SharedChat {
  return {
    title,
    createdAt,
    updatedAt,
    running,
    messages: messages.map(({ id, parent, role, text, status, model, time }) => ({
      id,
      parent,
      role,
      text,
      status,
      model,
      time,
    })),
  };
}
