// POST /api/chat/generate: starts a run, and streams it on the same call when asked to.
import { createRoute, z } from "@hono/zod-openapi";
import { accepts } from "hono/accepts";
import { MAX_IDEMPOTENCY_KEY_LENGTH } from "../../protocol/limits.ts";
import { generateReplySchema, generateRequestSchema } from "../../protocol/requests.ts";
import { runLinks } from "../links.ts";
import { eventStream, json, problems } from "../openapi.ts";
import { createRouter } from "../router.ts";
import { admit, fingerprint, start, startReading, tellCache, toRunAsk } from "../run-ask.ts";

const FORMS = { "text/event-stream": "sse", "text/plain": "text" } as const;

const route = createRoute({
  method: "post",
  path: "/api/chat/generate",
  summary: "Ask, and get an answer",
  description:
    "Starts a run. By `Accept` the same call answers with where to read it (JSON, 202), streams its records " +
    "(`text/event-stream`), or streams nothing but its text (`text/plain`; `?committed=1` for promised text only).",
  request: {
    headers: z.object({
      "idempotency-key": z
        .string()
        .min(1)
        .max(MAX_IDEMPOTENCY_KEY_LENGTH)
        .optional()
        .describe("The same key with the same body starts nothing twice, for 24 hours."),
    }),
    query: z.object({ committed: z.enum(["0", "1"]).optional() }),
    body: { required: true, content: { "application/json": { schema: generateRequestSchema } } },
  },
  responses: {
    202: json(generateReplySchema, "Started"),
    200: {
      description: "The answer, as it comes",
      content: { ...eventStream, "text/plain": { schema: z.string() } },
    },
    ...problems(400, 403, 404, 409, 413, 415, 422, 429),
  },
});

export const generateRoutes = createRouter();

generateRoutes.openapi(route, async (c) => {
  const { services, identity } = c.var;
  const { tenant } = identity;
  const body = c.req.valid("json");
  const idempotency = await fingerprint(c.req.valid("header")["idempotency-key"], body);
  const ask = await toRunAsk(services, body, tenant, idempotency);
  const chatId = await admit(c, ask, body.chatId);
  const toStart = { ask, create: body.chatId === undefined ? { tenant } : null };

  const supports = ["application/json", ...Object.keys(FORMS)];
  const wanted = accepts(c, { header: "Accept", supports, default: "application/json" });
  if (wanted in FORMS) {
    const kind = FORMS[wanted as keyof typeof FORMS];
    const form = kind === "sse" ? { kind } : { kind, committed: c.req.valid("query").committed === "1" };
    return (await startReading(c, chatId, toStart, form)) as never;
  }
  const begun = await start(c, chatId, toStart);
  const { id } = begun;
  const links = runLinks(id);
  c.header("location", links.status);
  tellCache(c, ask, begun);
  return c.json({ id, chatId, links }, 202);
});
