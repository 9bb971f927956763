// The redis tier: an answer is made once for all who ask the same, and kept. Needs a cache, and who makes answers.
import type { Services } from "../services.ts";
import { mvpTier } from "./mvp.ts";
import type { TierState } from "./tier.ts";

export function redisTier(services: Services): TierState {
  const { redis } = services.settings.cache;
  const off = redis ? mvpTier(services).off : "Set UPSTASH_REDIS_REST_URL and UPSTASH_REDIS_REST_TOKEN to use it.";
  return { tier: "redis", off };
}
