// A brake on whoever floods a deployment, before anything of it is touched: counted by the platform, per location and
// roughly. What is exact is counted in a person's own object. An address is braked first, whoever it is that asks from
// there, and has room for many people; then a person, and whoever is nobody, each with one person's share.
import type { Context } from "hono";
import { createMiddleware } from "hono/factory";
import type { AppEnv } from "../app-env.ts";
import { refuse } from "../problem.ts";
import { isLocal } from "./local.ts";
import { networkOf } from "./network.ts";

const PERIOD_SECONDS = 60;
/** As `[[ratelimits]]` in wrangler.toml says. */
const LIMITS = { BRAKE: 600, BRAKE_ADDRESS: 3_000 };

async function count(c: Context<AppEnv>, brake: keyof typeof LIMITS, whose?: string): Promise<void> {
  const address = c.req.header("cf-connecting-ip");
  const limiter = c.env[brake] as RateLimit | undefined;
  if (!limiter || !address || isLocal(c.req.url)) return;
  const { success } = await limiter.limit({ key: whose ?? networkOf(address) });
  if (success) return;
  const [limit, from] = [LIMITS[brake], whose === undefined ? "your address" : "you"];
  const detail = `More than ${limit} requests within ${PERIOD_SECONDS} s came from ${from}. Wait a little.`;
  refuse("rate_limited", detail, { limit, retryAfter: PERIOD_SECONDS });
}

/** All that comes from one address. */
export const brakeAddress = createMiddleware<AppEnv>(async (c, next) => {
  await count(c, "BRAKE_ADDRESS");
  return next();
});

/** Behind the door: one person. Strangers are as many as they like to be; their addresses are not. */
export const brakePerson = createMiddleware<AppEnv>(async (c, next) => {
  const { identity, newSession } = c.var;
  await count(c, "BRAKE", newSession === undefined ? identity?.person : undefined);
  return next();
});

/** Where nobody has to be known. */
export const brakeStrangers = createMiddleware<AppEnv>(async (c, next) => {
  await brakeStranger(c);
  return next();
});

/** Somebody of whom nothing is known, and for whom something would have to be asked: a guess costs as little as that. */
export const brakeStranger = (c: Context<AppEnv>): Promise<void> => count(c, "BRAKE");
