// What can be asked of one run, or of a whole chat's records: status, chunks, stream, cancel.
import { createRoute, z } from "@hono/zod-openapi";
import { MAX_CHUNKS_BYTES, MAX_WAIT_SECONDS } from "../../protocol/limits.ts";
import { cancelReplySchema, chunksReplySchema, statusReplySchema } from "../../protocol/requests.ts";
import { runLinks } from "../links.ts";
import { eventStream, json, problems } from "../openapi.ts";
import { expect } from "../problem.ts";
import { openReading } from "../reading.ts";
import { createRouter } from "../router.ts";
import { chatTarget, resumePoint, runParams, runTarget, targetParams } from "../target.ts";

const offsetQuery = z.string().max(64).optional();

const statusRoute = createRoute({
  method: "get",
  path: "/api/chat/status/{id}",
  summary: "How a run is doing",
  request: { params: runParams },
  responses: { 200: json(statusReplySchema, "Its state, progress and receipt"), ...problems(400, 403, 404) },
});

const chunksRoute = createRoute({
  method: "get",
  path: "/api/chat/chunks/{id}",
  summary: "Promised records after an offset",
  request: {
    params: targetParams,
    query: z.object({
      offset: offsetQuery.describe("Read after this one; -1 for all."),
      wait: z.coerce.number().min(0).max(MAX_WAIT_SECONDS).optional().describe("Seconds to wait for something new."),
    }),
  },
  responses: {
    200: json(chunksReplySchema, "The records, and the offset to ask from next"),
    ...problems(400, 403, 404, 429),
  },
});

const streamRoute = createRoute({
  method: "get",
  path: "/api/chat/stream/{id}",
  summary: "Records as server-sent events",
  description:
    "Everything after `Last-Event-ID` (or `?offset=`, `?from=`), then what is live. Ends after `run.ended`; a reader " +
    "that comes back with that offset gets 204.",
  request: {
    params: targetParams,
    query: z.object({ offset: offsetQuery, from: offsetQuery }),
    headers: z.object({ "last-event-id": offsetQuery }),
  },
  responses: {
    200: { description: "Records", content: eventStream },
    204: { description: "The run has ended and you have all of it" },
    ...problems(400, 403, 404, 429),
  },
});

const cancelRoute = createRoute({
  method: "post",
  path: "/api/chat/cancel/{id}",
  summary: "Stop a run",
  description: "Stops it at the provider. What was shown is kept. Cancelling a run that has ended changes nothing.",
  request: { params: runParams },
  responses: { 200: json(cancelReplySchema, "How it ended"), ...problems(400, 403, 404) },
});

export const runRoutes = createRouter();

runRoutes.openapi(statusRoute, async (c) => {
  const { chat, run } = runTarget(c.var.services, c.req.valid("param").id);
  const status = expect(await chat.status(c.var.identity.person, run));
  return c.json({ ...status, links: runLinks(status.id) }, 200);
});

runRoutes.openapi(chunksRoute, async (c) => {
  const { person, until, token } = c.var.identity;
  const { chat, run } = chatTarget(c.var.services, c.req.valid("param").id);
  const { offset, wait } = c.req.valid("query");
  const reading = { run, from: resumePoint(offset), until, token };
  return c.json(expect(await chat.chunks(person, reading, MAX_CHUNKS_BYTES, (wait ?? 0) * 1000)), 200);
});

runRoutes.openapi(streamRoute, async (c) => {
  const { identity, requestId, services } = c.var;
  const { chat, run } = chatTarget(services, c.req.valid("param").id);
  const { offset, from: first } = c.req.valid("query");
  const from = resumePoint(c.req.valid("header")["last-event-id"], offset, first);
  const reading = {
    person: identity.person,
    until: identity.until,
    token: identity.token,
    requestId,
    form: { kind: "sse" as const },
    ...(run !== undefined && { run }),
    ...(from !== undefined && { from }),
  };
  return (await openReading(chat, reading)) as never;
});

runRoutes.openapi(cancelRoute, async (c) => {
  const { id } = c.req.valid("param");
  const { chat, run } = runTarget(c.var.services, id);
  return c.json({ id, state: expect(await chat.cancel(c.var.identity.person, run)) }, 200);
});
