// /v1: the same asks in the words of OpenAI's chat completions. Each is a run in a chat like any other: kept, resumable
// by its id, and on the person's list.
import { createRoute, z } from "@hono/zod-openapi";
import { createMiddleware } from "hono/factory";
import {
  completionChunkSchema,
  completionModelsReplySchema,
  completionProblem,
  completionProblemSchema,
  completionReply,
  completionReplySchema,
  completionRequestSchema,
  toConversation,
} from "../../protocol/chat-completions.ts";
import { parseTarget } from "../../protocol/ids.ts";
import { MAX_IDEMPOTENCY_KEY_LENGTH } from "../../protocol/limits.ts";
import { problemSchema } from "../../protocol/problems.ts";
import { providerNameSchema, type RunEndedRecord } from "../../protocol/records.ts";
import type { AppEnv } from "../app-env.ts";
import { json, problemsAs } from "../openapi.ts";
import { refuse } from "../problem.ts";
import { createRouter } from "../router.ts";
import { admit, fingerprint, start, startReading, tellCache, toRunAsk } from "../run-ask.ts";
import type { Services } from "../services.ts";
import { chatTarget } from "../target.ts";
import { wholeAnswer } from "../whole-answer.ts";

const completionsRoute = createRoute({
  method: "post",
  path: "/v1/chat/completions",
  summary: "Ask as one asks OpenAI's chat completions",
  description:
    "For SDKs: set their base URL to `/v1` here. The messages become a chat; `id` is the run's, to read it again by " +
    "`/api/chat/stream/{id}`. With `X-Chat-Id` the last message goes on in that chat, whose own messages are the " +
    "conversation. `?committed=1` streams promised text only. Parameters that would change the answer and can't be " +
    "passed on are refused.",
  request: {
    headers: z.object({
      "idempotency-key": z.string().min(1).max(MAX_IDEMPOTENCY_KEY_LENGTH).optional(),
      "x-chat-id": z.string().max(100).optional().describe("The chat to go on in."),
    }),
    query: z.object({ committed: z.enum(["0", "1"]).optional() }),
    body: { required: true, content: { "application/json": { schema: completionRequestSchema } } },
  },
  responses: {
    200: {
      description: "The answer, whole or as it comes",
      content: {
        "application/json": { schema: completionReplySchema },
        "text/event-stream": { schema: completionChunkSchema },
      },
    },
    ...problemsAs(completionProblemSchema, 400, 403, 404, 409, 413, 415, 422, 424, 429),
  },
});

const modelsRoute = createRoute({
  method: "get",
  path: "/v1/models",
  summary: "The models, as OpenAI lists them",
  responses: { 200: json(completionModelsReplySchema, "Models"), ...problemsAs(completionProblemSchema) },
});

export const completionRoutes = createRouter();

completionRoutes.openapi(completionsRoute, async (c) => {
  const { services, identity } = c.var;
  const { tenant } = identity;
  const body = c.req.valid("json");
  const { "idempotency-key": key, "x-chat-id": goOn } = c.req.valid("header");
  const conversation = toConversation(body.messages);
  if (typeof conversation === "string") refuse("bad_request", conversation);
  const { system, prompt } = conversation;
  const { provider, model } = await findModel(services, body.model);
  const maxOutputTokens = body.max_completion_tokens ?? body.max_tokens;
  const request = {
    prompt,
    model,
    ...(goOn !== undefined && { chatId: goOn }),
    ...(provider && { provider }),
    ...(system !== null && { system }),
    ...(body.temperature != null && { temperature: body.temperature }),
    ...(maxOutputTokens != null && { maxOutputTokens }),
  };
  // Whether it is streamed is how it is read, not what is asked.
  const idempotency = await fingerprint(key, { ...request, history: conversation.history });
  const ask = await toRunAsk(services, request, tenant, idempotency);
  if (goOn === undefined) ask.history = conversation.history;
  const chatId = await admit(c, ask, goOn);
  const toStart = { ask, create: goOn === undefined ? { tenant } : null };

  if (body.stream) {
    const committed = c.req.valid("query").committed === "1";
    const form = { kind: "completion" as const, committed, usage: body.stream_options?.include_usage === true };
    return (await startReading(c, chatId, toStart, form)) as never;
  }
  const begun = await start(c, chatId, toStart);
  const { id, run } = begun;
  const { started, text, ended } = await wholeAnswer(chatTarget(services, chatId).chat, identity, run);
  if (ended.status !== "completed") refuseBroken(id, ended);
  tellCache(c, ask, begun);
  c.header("x-run-id", id);
  c.header("x-chat-id", parseTarget(id)?.chatId ?? "");
  return c.json(completionReply(started, text, ended), 200);
});

completionRoutes.openapi(modelsRoute, async (c) => {
  const { models } = await c.var.services.models.all();
  const data = models.map(({ id, provider }) => ({ id, object: "model" as const, created: 0, owned_by: provider }));
  return c.json({ object: "list" as const, data }, 200);
});

/** The provider that a model's name tells, or that lists it; else the deployment's default one. */
async function findModel(services: Services, name: string) {
  const slash = name.indexOf("/");
  const prefix = providerNameSchema.safeParse(name.slice(0, Math.max(slash, 0)));
  if (prefix.success) return { provider: prefix.data, model: name.slice(slash + 1) };
  const listed = (await services.models.all()).models.find(({ id }) => id === name);
  return { provider: listed?.provider, model: name };
}

/** No retry of the SDK's own would help: the run has had all of ours, and its text is kept. */
function refuseBroken(id: string, { status, error }: RunEndedRecord): never {
  const why = error?.message ?? `It was ${status}.`;
  const detail = `${why} What there is of the answer is kept: GET /api/chat/chunks/${id}.`;
  refuse("answer_broken", detail, error?.retryAfter != null ? { retryAfter: error.retryAfter } : {});
}

/** The SDKs look for an `error` in what they are refused by: it stands beside the problem's own fields. */
export const errorsForSdks = createMiddleware<AppEnv>(async (c, next) => {
  await next();
  if (c.res.headers.get("content-type") !== "application/problem+json") return;
  const problem = problemSchema.parse(await c.res.json());
  c.res = new Response(JSON.stringify(completionProblem(problem)), c.res);
});
