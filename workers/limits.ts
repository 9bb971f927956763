// A caller's limits, what an ask may take of them, and how they are told: `RateLimit` and `RateLimit-Policy`
// (draft-ietf-httpapi-ratelimit-headers).
import { createMiddleware } from "hono/factory";
import { estimateTokenCount } from "tokenx";
import type { Demand, Standing } from "../durable-objects/quota.ts";
import type { RunAsk } from "../durable-objects/run-ask.ts";
import type { Limits } from "../protocol/access.ts";
import type { AppEnv } from "./app-env.ts";
import type { Identity } from "./auth/identity.ts";
import { isLocal } from "./auth/local.ts";
import type { Services } from "./services.ts";

/** What each person of a deployment may use that says nothing of it. */
const IN_A_DEPLOYMENT: Limits = { asksPerMinute: 30, answersAtOnce: 8, tokensPerDay: 2_000_000, dollarsPerDay: 10 };
const NONE: Limits = { asksPerMinute: null, answersAtOnce: null, tokensPerDay: null, dollarsPerDay: null };
/** What is held for an answer whose ask does not say how long it may be, tokens. */
const OUTPUT_TOKENS = 4_096;
const A_MILLION = 1_000_000;

/** A token's own, then the deployment's, then none on this machine and sane ones elsewhere. */
export function limitsOf(identity: Identity, settings: Services["settings"], url: string): Limits {
  const otherwise = isLocal(url) ? NONE : IN_A_DEPLOYMENT;
  const of = (name: keyof Limits): number | null => {
    const own = identity.limits[name];
    if (own !== undefined) return own;
    const said = settings.limits[name];
    return said === undefined ? otherwise[name] : said;
  };
  return {
    asksPerMinute: of("asksPerMinute"),
    answersAtOnce: of("answersAtOnce"),
    tokensPerDay: of("tokensPerDay"),
    dollarsPerDay: of("dollarsPerDay"),
  };
}

/** What an ask may take; null where nothing is limited. */
export function demandOf({ providers }: Services, ask: RunAsk, limits: Limits): Demand | null {
  if (Object.values(limits).every((limit) => limit === null)) return null;
  const { prompt, history = [], params, provider, model } = ask;
  const said = [params.system, ...history.map(({ text }) => text), prompt];
  const prices = providers.pricesOf(provider, model);
  return {
    limits,
    hold: crypto.randomUUID(),
    input: said.reduce((sum, text) => sum + (text ? estimateTokenCount(text) : 0), 0),
    output: params.maxOutputTokens ?? OUTPUT_TOKENS,
    inputPrice: (prices?.input ?? 0) / A_MILLION,
    outputPrice: (prices?.output ?? 0) / A_MILLION,
  };
}

/** Tells an asker how their limits stand, whatever became of the ask. */
export const tellLimits = createMiddleware<AppEnv>(async (c, next) => {
  await next();
  const { standings } = c.var;
  if (!standings?.length) return;
  c.header("ratelimit-policy", standings.map(policy).join(", "));
  c.header("ratelimit", standings.map(state).join(", "));
});

function policy({ name, quota, window }: Standing): string {
  return `"${name}";q=${quota}${window === null ? ';qu="concurrent-requests"' : `;w=${window}`}`;
}

function state({ name, remaining, reset }: Standing): string {
  return `"${name}";r=${remaining}${reset === null ? "" : `;t=${reset}`}`;
}
