// GET /ws/chat/{id}: the same records as JSON frames over a hibernating WebSocket, of a run or of a whole chat.
import { createRoute, z } from "@hono/zod-openapi";
import { problems } from "../openapi.ts";
import { refuse } from "../problem.ts";
import { openReading } from "../reading.ts";
import { createRouter } from "../router.ts";
import { chatTarget, resumePoint, targetParams } from "../target.ts";

const route = createRoute({
  method: "get",
  path: "/ws/chat/{id}",
  summary: "Records over a WebSocket",
  description:
    'Give `?offset=`, or send `{"type":"resume","offset":"…"}` first. `{"type":"cancel","run":"…"}` stops a run; `ping` is ' +
    "answered by `pong`. Close codes: 1000 done, 4400 bad request, 4401 what let you in has expired or was revoked, 4403 it may not stop runs, 4404 unknown or deleted.",
  request: { params: targetParams, query: z.object({ offset: z.string().max(64).optional() }) },
  responses: { 101: { description: "Switching protocols" }, ...problems(400, 403, 404, 429) },
});

export const socketRoutes = createRouter();

socketRoutes.openapi(route, async (c) => {
  const { identity, requestId, services } = c.var;
  const upgrade = c.req.header("upgrade");
  if (upgrade?.toLowerCase() !== "websocket") {
    refuse("bad_request", "This address speaks WebSocket. To read over plain HTTP use /api/chat/stream/{id}.");
  }
  const { chat, run } = chatTarget(services, c.req.valid("param").id);
  const from = resumePoint(c.req.valid("query").offset);
  const reading = {
    person: identity.person,
    until: identity.until,
    token: identity.token,
    requestId,
    form: { kind: "socket" as const, mayStop: identity.scopes.includes("ask") },
    ...(run !== undefined && { run }),
    ...(from !== undefined && { from }),
  };
  return (await openReading(chat, reading, upgrade)) as never;
});
