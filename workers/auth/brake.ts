// A brake on whoever floods a deployment, before anything of it is touched: counted by the platform, per location and
// roughly. What is exact is counted in a person's own object.
import { createMiddleware } from "hono/factory";
import type { AppEnv } from "../app-env.ts";
import { refuse } from "../problem.ts";
import { OPEN_TENANT } from "./identity.ts";
import { isLocal } from "./local.ts";

/** As `[[ratelimits]]` in wrangler.toml says. */
const LIMIT = 600;
const PERIOD_SECONDS = 60;

export const brake = createMiddleware<AppEnv>(async (c, next) => {
  const address = c.req.header("cf-connecting-ip");
  const limiter = c.env.BRAKE as RateLimit | undefined;
  if (!limiter || !address || isLocal(c.req.url)) return next();
  const { identity } = c.var;
  // Anonymous people are as many as they like to be; their addresses are not.
  const key = identity && identity.tenant !== OPEN_TENANT ? identity.person : address;
  const { success } = await limiter.limit({ key });
  if (!success) {
    const detail = `More than ${LIMIT} requests within ${PERIOD_SECONDS} s came from you. Wait a little.`;
    refuse("rate_limited", detail, { limit: LIMIT, retryAfter: PERIOD_SECONDS });
  }
  return next();
});
