// The temporal tier by its own names: start, status, chunks, result, cancel, list, timeline. What a run says comes from its
// chat's log, what its workflow says from Temporal's own records; no worker is asked, so none needs to run.
import { createRoute, z } from "@hono/zod-openapi";
import { type BridgeAnswer, ownerTag } from "../../durable-objects/bridge-client.ts";
import { parseTarget } from "../../protocol/ids.ts";
import { MAX_CHUNKS_BYTES, MAX_IDEMPOTENCY_KEY_LENGTH, MAX_WAIT_SECONDS } from "../../protocol/limits.ts";
import { because, type Reason } from "../../protocol/reasons.ts";
import { cancelReplySchema, chunksReplySchema } from "../../protocol/requests.ts";
import {
  type Workflow,
  workflowFilterSchema,
  workflowListReplySchema,
  workflowResultReplySchema,
  workflowStartReplySchema,
  workflowStartRequestSchema,
  workflowStatusReplySchema,
  workflowTimelineReplySchema,
} from "../../protocol/workflows.ts";
import type { Identity } from "../auth/identity.ts";
import { runLinks, workflowLinks } from "../links.ts";
import { json, problems } from "../openapi.ts";
import { expect, refuse } from "../problem.ts";
import { createRouter } from "../router.ts";
import { admit, fingerprint, start, toRunAsk } from "../run-ask.ts";
import type { Services } from "../services.ts";
import { type ChatTarget, resumePoint, runParams, runTarget } from "../target.ts";
import { bridgeSettings } from "../tiers/temporal.ts";
import { answerSoFar } from "../whole-answer.ts";

const seconds = z.coerce.number().min(0).max(MAX_WAIT_SECONDS);

const startRoute = createRoute({
  method: "post",
  path: "/api/workflows/start",
  summary: "Ask in the temporal tier",
  description: "As `POST /api/chat/generate` with `tier: temporal`, in its JSON form.",
  request: {
    headers: z.object({ "idempotency-key": z.string().min(1).max(MAX_IDEMPOTENCY_KEY_LENGTH).optional() }),
    body: { required: true, content: { "application/json": { schema: workflowStartRequestSchema } } },
  },
  responses: {
    202: json(workflowStartReplySchema, "Started"),
    ...problems(400, 403, 404, 409, 413, 415, 422, 429),
  },
});

const listRoute = createRoute({
  method: "get",
  path: "/api/workflows/list",
  summary: "One's own workflows, newest first",
  description: "A workflow is listed a moment after its start.",
  request: { query: workflowFilterSchema.omit({ owner: true }) },
  responses: { 200: json(workflowListReplySchema, "A page of them"), ...problems(400, 422) },
});

const statusRoute = createRoute({
  method: "get",
  path: "/api/workflows/{id}/status",
  summary: "How a run and its workflow are doing",
  request: { params: runParams },
  responses: { 200: json(workflowStatusReplySchema, "Its state, progress and workflow"), ...problems(400, 403, 404) },
});

const chunksRoute = createRoute({
  method: "get",
  path: "/api/workflows/{id}/chunks",
  summary: "Promised records after an offset",
  request: { params: runParams, query: z.object({ offset: z.string().max(64).optional(), wait: seconds.optional() }) },
  responses: { 200: json(chunksReplySchema, "As of /api/chat/chunks"), ...problems(400, 403, 404, 429) },
});

const resultRoute = createRoute({
  method: "get",
  path: "/api/workflows/{id}/result",
  summary: "The answer in one piece",
  description: "Waits for its end up to `wait` seconds; 202 with what is promised so far when it is not over by then.",
  request: { params: runParams, query: z.object({ wait: seconds.default(MAX_WAIT_SECONDS) }) },
  responses: {
    200: json(workflowResultReplySchema, "It is over"),
    202: json(workflowResultReplySchema, "It is not over: ask again"),
    ...problems(400, 403, 404, 429),
  },
});

const timelineRoute = createRoute({
  method: "get",
  path: "/api/workflows/{id}/timeline",
  summary: "A workflow's steps, with their attempts and failures",
  request: { params: runParams },
  responses: {
    200: json(workflowTimelineReplySchema, "Its steps and checkpoints"),
    ...problems(400, 403, 404, 422),
  },
});

const cancelRoute = createRoute({
  method: "post",
  path: "/api/workflows/{id}/cancel",
  summary: "Stop a workflow's run",
  request: { params: runParams },
  responses: { 200: json(cancelReplySchema, "How it ended"), ...problems(400, 403, 404) },
});

export const workflowRoutes = createRouter();

workflowRoutes.openapi(startRoute, async (c) => {
  const { services, identity } = c.var;
  const { tenant } = identity;
  const body = { ...c.req.valid("json"), tier: "temporal" as const };
  const idempotency = await fingerprint(c.req.valid("header")["idempotency-key"], body);
  const ask = await toRunAsk(services, body, tenant, idempotency);
  const chatId = await admit(c, ask, body.chatId);
  const toStart = { ask, create: body.chatId === undefined ? { tenant } : null };
  const { id } = await start(c, chatId, toStart);
  const links = workflowLinks(id);
  c.header("location", links.status);
  return c.json({ id, chatId, links }, 202);
});

workflowRoutes.openapi(listRoute, async (c) => {
  const owner = await ownerTag(c.var.identity.person);
  return c.json(known(await bridge(c.var.services).list({ ...c.req.valid("query"), owner })), 200);
});

workflowRoutes.openapi(statusRoute, async (c) => {
  const { services } = c.var;
  const { person } = c.var.identity;
  const { id } = c.req.valid("param");
  const { chat, run, status } = await workflowTarget(services, person, id);
  const [described, limit] = await Promise.all([
    services.bridge?.describe(id),
    status.state === "running" ? outputLimit(chat, c.var.identity, run) : null,
  ]);
  const workflow = described?.ok ? described.value : null;
  const { text: reason, why } = unknown(services, described) ?? { text: null, why: null };
  return c.json({ ...status, percent: percentOf(status, limit), workflow, reason, why, links: runLinks(id) }, 200);
});

workflowRoutes.openapi(chunksRoute, async (c) => {
  const { person, until, token } = c.var.identity;
  const { chat, run } = await workflowTarget(c.var.services, person, c.req.valid("param").id);
  const { offset, wait } = c.req.valid("query");
  const reading = { run, from: resumePoint(offset), until, token };
  return c.json(expect(await chat.chunks(person, reading, MAX_CHUNKS_BYTES, (wait ?? 0) * 1000)), 200);
});

workflowRoutes.openapi(resultRoute, async (c) => {
  const { identity } = c.var;
  const { id } = c.req.valid("param");
  const { chat, run } = await workflowTarget(c.var.services, identity.person, id);
  const { text, ended } = await answerSoFar(chat, identity, run, c.req.valid("query").wait * 1000);
  const result = {
    id,
    chatId: parseTarget(id)?.chatId ?? "",
    over: ended !== null,
    state: ended?.status ?? ("running" as const),
    text,
    finish: ended?.finish ?? null,
    error: ended?.error ?? null,
    replacedBy: ended?.replacedBy ?? null,
    receipt: ended?.receipt ?? null,
    links: workflowLinks(id),
  };
  if (ended) return c.json(result, 200);
  c.header("retry-after", "1");
  return c.json(result, 202);
});

workflowRoutes.openapi(timelineRoute, async (c) => {
  const { services } = c.var;
  const { person } = c.var.identity;
  const { id } = c.req.valid("param");
  await workflowTarget(services, person, id);
  return c.json(known(await bridge(services).timeline(id)), 200);
});

workflowRoutes.openapi(cancelRoute, async (c) => {
  const { person } = c.var.identity;
  const { id } = c.req.valid("param");
  const { chat, run } = await workflowTarget(c.var.services, person, id);
  return c.json({ id, state: expect(await chat.cancel(person, run)) }, 200);
});

const NO_BRIDGE = "No bridge to Temporal is set up here.";

/** Why there is no word of a workflow; null when there is. */
function unknown(services: Services, described: BridgeAnswer<Workflow> | undefined): Reason | null {
  if (!described) return because(NO_BRIDGE, "unset", { settings: [...bridgeSettings(services)] });
  if (described.ok) return null;
  return because(described.detail, described.why === "unknown" ? "unknown_workflow" : "temporal_down");
}

function bridge({ bridge: found }: Services): NonNullable<Services["bridge"]> {
  return found ?? refuse("tier_unavailable", `${NO_BRIDGE} GET /api/tiers tells what it needs.`);
}

/** What the bridge says; its refusals are told in the API's own words. */
function known<T>(answer: BridgeAnswer<T>): T {
  if (answer.ok) return answer.value;
  const { why, detail } = answer;
  if (why === "unreachable")
    refuse("temporal_unreachable", `${detail} The answer itself is in its chat.`, { retryAfter: 5 });
  return refuse(why === "unknown" ? "unknown_run" : "bad_request", detail);
}

/** A run of this tier, and the chat's word on it. Whoever may not see the run learns nothing of its workflow either. */
async function workflowTarget(services: Services, person: string, id: string) {
  const target = runTarget(services, id);
  const status = expect(await target.chat.status(person, target.run));
  if (status.tier !== "temporal") {
    refuse(
      "unknown_run",
      `This run is of the ${status.tier} tier and has no workflow: GET /api/chat/status/{id} tells of it.`,
    );
  }
  return { ...target, status };
}

/** The most tokens the ask allows; null without such a limit. It stands in the run's first record. */
async function outputLimit(
  chat: ChatTarget["chat"],
  { person, until, token }: Identity,
  run: number,
): Promise<number | null> {
  const { records } = expect(await chat.chunks(person, { run, from: 0, until, token }, 1, 0));
  const [first] = records;
  return first?.type === "run.started" ? first.params.maxOutputTokens : null;
}

/** Four characters a token are English; other scripts have fewer, so an answer may end before its hundred. */
const CHARACTERS_A_TOKEN = 4;

function percentOf(
  { state, progress }: { state: string; progress: { characters: number } },
  limit: number | null,
): number | null {
  if (state === "completed") return 100;
  if (limit === null) return null;
  return Math.min(99, Math.floor((100 * progress.characters) / (limit * CHARACTERS_A_TOKEN)));
}
