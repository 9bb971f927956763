// From a request of the API to an ask with all its defaults, or a refusal that says what is wrong.
import { getLogger } from "@logtape/logtape";
import canonicalize from "canonicalize";
import type { Context } from "hono";
import { cacheHeaders } from "../cache/cache-status.ts";
import type { ChatObject, RunStart } from "../durable-objects/chat.ts";
import type { StreamForm } from "../durable-objects/connections.ts";
import type { RunAsk } from "../durable-objects/run-ask.ts";
import type { Started } from "../durable-objects/supervisor.ts";
import { digestOf } from "../protocol/digest.ts";
import type { ProblemCode, Result } from "../protocol/problems.ts";
import type { GenerateRequest } from "../protocol/requests.ts";
import { titleFrom } from "../protocol/title.ts";
import { traceFields } from "../protocol/trace.ts";
import type { AppEnv } from "./app-env.ts";
import { demandOf, limitsOf } from "./limits.ts";
import { expect, refuse } from "./problem.ts";
import { openReading } from "./reading.ts";
import type { Services } from "./services.ts";
import { chatTarget } from "./target.ts";
import { selectTier } from "./tiers/select.ts";

const logger = getLogger(["keepstream", "edge"]);

/** What an ask is refused by that passes its asker's limits. */
const LIMITS: ReadonlySet<ProblemCode> = new Set<ProblemCode>(["rate_limited", "budget_exceeded"]);

export async function toRunAsk(
  services: Services,
  body: GenerateRequest,
  tenant: string,
  idempotency: RunAsk["idempotency"],
): Promise<RunAsk> {
  const { models } = services;
  const { prompt, chatId, parentId, temperature, maxOutputTokens, system, recovery, cache } = body;
  if (prompt === undefined && chatId === undefined) {
    refuse("bad_request", "prompt: say what to answer. It may only be left out to answer a message of a chat again.");
  }
  if (chatId === undefined && typeof parentId === "string") {
    refuse("bad_request", "parentId: it names a message of a chat; say in chatId which chat.");
  }
  const tier = selectTier(services, body.tier);
  const { provider, model } = await models.choose(body.provider, body.model);
  return {
    prompt: prompt ?? null,
    ...(parentId !== undefined && { parentId }),
    tier,
    provider,
    model,
    params: {
      temperature: temperature ?? null,
      maxOutputTokens: maxOutputTokens ?? null,
      system: system?.trim() ? system : null,
    },
    cache: {
      // Who asks for the same answer again wants another one.
      mode: cache?.mode ?? (prompt === undefined ? "no-cache" : "default"),
      ttl: cache?.ttl ?? null,
      pace: cache?.pace ?? "instant",
    },
    tenant,
    recovery: recovery ?? "replace",
    idempotency,
  };
}

/**
 * The chat in which the ask runs: `goOn`, or a new one, put on the person's list first, which also finds a repeated
 * request again. What it may take is held from the asker's limits; where those are passed, it goes no further.
 */
export async function admit(c: Context<AppEnv>, ask: RunAsk, goOn: string | undefined): Promise<string> {
  const { services, identity } = c.var;
  // Nothing is held for a chat that can't be.
  if (goOn !== undefined) chatTarget(services, goOn);
  ask.trace = c.var.trace;
  const demand = demandOf(services, ask, limitsOf(identity, services.settings, c.req.url));
  if (demand) ask.hold = demand.hold;
  // Only the person's object knows that a token was not revoked a moment ago.
  if (goOn !== undefined && !demand && identity.token === null) {
    tellPrompt(c, ask, goOn);
    return goOn;
  }
  const title = goOn === undefined ? titleFrom(ask.history?.[0]?.text ?? ask.prompt ?? "") : null;
  // A chat that goes on remembers repeated requests itself.
  const claim = goOn === undefined ? ask.idempotency : null;
  const list = services.person(identity.person);
  const chatId = goOn ?? services.spareChat.take();
  const { chat, standings } = await list.admit(chatId, title, claim, demand, Date.now(), identity.token);
  if (goOn === undefined) c.executionCtx.waitUntil(services.spareChat.refill());
  c.set("standings", standings);
  if (!chat.ok && goOn !== undefined && LIMITS.has(chat.failure.code) && ask.idempotency) {
    // A repetition takes nothing of any limit.
    const known = await chatTarget(services, goOn).chat.knows(identity.person, ask.idempotency.key);
    if (known.ok && known.value) return goOn;
  }
  const admitted = expect(chat);
  tellPrompt(c, ask, admitted);
  return admitted;
}

/** Starts an admitted ask in its chat. */
export async function start(c: Context<AppEnv>, chatId: string, { ask, create }: RunStart): Promise<Started> {
  const { person } = c.var.identity;
  // The call's own type is a union of promises.
  const started = await handOn(
    c,
    chatId,
    { ask, create },
    async (chat): Promise<Result<Started>> => chat.generate(person, ask, create),
  );
  return expect(started);
}

/** Starts an admitted ask in its chat, and reads it on the same call. */
export function startReading(c: Context<AppEnv>, chatId: string, start: RunStart, form: StreamForm): Promise<Response> {
  const { requestId, identity } = c.var;
  const { person, until, token } = identity;
  return handOn(c, chatId, start, (chat) => openReading(chat, { person, requestId, form, until, token, start }));
}

/** When a chat that could not be reached is asked again what it knows of an ask, ms apart. */
const DISOWN_MS = [0, 1_000, 5_000, 15_000];

/**
 * Hands an admitted ask to its chat. Where that fails, nobody knows whether the chat has heard of it: it is asked to give
 * back what was admitted for it, unless a run has begun.
 */
async function handOn<T>(
  c: Context<AppEnv>,
  chatId: string,
  { ask, create }: RunStart,
  begin: (chat: DurableObjectStub<ChatObject>) => Promise<T>,
): Promise<T> {
  const { services, identity } = c.var;
  try {
    return await begin(chatTarget(services, chatId).chat);
  } catch (error) {
    const takeBack = () => chatTarget(services, chatId).chat.disown(identity.person, ask.hold, create);
    c.executionCtx.waitUntil(disown(chatId, takeBack));
    throw error;
  }
}

async function disown(chat: string, takeBack: () => Promise<boolean>): Promise<void> {
  for (const wait of DISOWN_MS) {
    await scheduler.wait(wait);
    if (await takeBack().catch(() => false)) return;
  }
  logger.warn("what was held for an ask whose chat can't be reached is held until it lapses", { chat });
}

/** Only where the deployment asks for it. */
function tellPrompt(c: Context<AppEnv>, { prompt }: RunAsk, chat: string): void {
  const { services, trace, requestId } = c.var;
  if (services.settings.LOG_PROMPTS) logger.info("asked", { requestId, chat, prompt, ...traceFields(trace) });
}

/** What tells one request from another under the same key: its body, whatever the order of its properties. */
export async function fingerprint(key: string | undefined, body: object): Promise<RunAsk["idempotency"]> {
  if (key === undefined) return null;
  return { key, fingerprint: await digestOf(canonicalize(body) ?? "") };
}

/** Tells in standard headers what the cache said of an ask that began. */
export function tellCache(c: Context<AppEnv>, ask: RunAsk, { cache, kept }: Started): void {
  if (ask.tier !== "redis") return;
  for (const [name, value] of Object.entries(cacheHeaders(cache, ask.cache.mode, kept))) c.header(name, value);
}
