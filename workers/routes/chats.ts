// A person's chats: list, read, rename, delete, export, search.
import { createRoute, z } from "@hono/zod-openapi";
import {
  chatListReplySchema,
  chatReplySchema,
  renameRequestSchema,
  searchQuerySchema,
  searchReplySchema,
} from "../../protocol/requests.ts";
import { fileName, toMarkdown } from "../export.ts";
import { json, problems } from "../openapi.ts";
import { expect } from "../problem.ts";
import { createRouter } from "../router.ts";
import { chatParams, chatTarget } from "../target.ts";

const listRoute = createRoute({
  method: "get",
  path: "/api/chats",
  summary: "Your chats, newest first",
  request: { query: z.object({ cursor: z.string().max(100).optional() }) },
  responses: { 200: json(chatListReplySchema, "A page of them"), ...problems(400) },
});

const readRoute = createRoute({
  method: "get",
  path: "/api/chats/{chatId}",
  summary: "A chat with all its messages",
  request: { params: chatParams },
  responses: { 200: json(chatReplySchema, "The chat"), ...problems(400, 403, 404) },
});

const renameRoute = createRoute({
  method: "patch",
  path: "/api/chats/{chatId}",
  summary: "Rename a chat",
  request: {
    params: chatParams,
    body: { required: true, content: { "application/json": { schema: renameRequestSchema } } },
  },
  responses: { 200: json(chatReplySchema, "The chat"), ...problems(400, 403, 404, 413, 415) },
});

const deleteRoute = createRoute({
  method: "delete",
  path: "/api/chats/{chatId}",
  summary: "Delete a chat everywhere",
  request: { params: chatParams },
  responses: { 204: { description: "It is gone" }, ...problems(400, 403, 404) },
});

const exportRoute = createRoute({
  method: "get",
  path: "/api/chats/{chatId}/export",
  summary: "A chat as a file",
  request: { params: chatParams, query: z.object({ format: z.enum(["md", "json"]).default("md") }) },
  responses: {
    200: {
      description: "The file",
      content: { "text/markdown": { schema: z.string() }, "application/json": { schema: chatReplySchema } },
    },
    ...problems(400, 403, 404),
  },
});

const searchRoute = createRoute({
  method: "get",
  path: "/api/search",
  summary: "Find words in your chats",
  request: { query: searchQuerySchema },
  responses: { 200: json(searchReplySchema, "Best first"), ...problems(400) },
});

export const chatRoutes = createRouter();

chatRoutes.openapi(listRoute, async (c) => {
  const { services, identity } = c.var;
  return c.json(expect(await services.person(identity.person).list(c.req.valid("query").cursor ?? null)), 200);
});

chatRoutes.openapi(readRoute, async (c) => {
  const { chat } = chatTarget(c.var.services, c.req.valid("param").chatId);
  return c.json(expect(await chat.read(c.var.identity.person)), 200);
});

chatRoutes.openapi(renameRoute, async (c) => {
  const { chat } = chatTarget(c.var.services, c.req.valid("param").chatId);
  return c.json(expect(await chat.rename(c.var.identity.person, c.req.valid("json").title)), 200);
});

chatRoutes.openapi(deleteRoute, async (c) => {
  const { services, identity } = c.var;
  const { chat, chatId } = chatTarget(services, c.req.valid("param").chatId);
  const erased = await chat.erase(identity.person);
  if (!erased.ok) {
    // The list may still know what the object forgot: then asking again completes what broke off half-way.
    const gone = erased.failure.code === "unknown_chat";
    if (!gone || !(await services.person(identity.person).remove(identity.person, chatId))) expect(erased);
  }
  return c.body(null, 204);
});

chatRoutes.openapi(exportRoute, async (c) => {
  const { chat } = chatTarget(c.var.services, c.req.valid("param").chatId);
  const { format } = c.req.valid("query");
  const view = expect(await chat.read(c.var.identity.person));
  c.header("content-disposition", `attachment; filename="${fileName(view.title, format)}"`);
  if (format === "json") return c.json(view, 200);
  return c.body(toMarkdown(view), 200, { "content-type": "text/markdown; charset=utf-8" }) as never;
});

chatRoutes.openapi(searchRoute, async (c) => {
  const { services, identity } = c.var;
  return c.json(await services.person(identity.person).search(c.req.valid("query").q), 200);
});
