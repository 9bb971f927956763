// The redis tier: an answer is made once for all who ask the same, and kept. Needs a cache, and who makes answers.
import { unset } from "../../protocol/reasons.ts";
import type { Services } from "../services.ts";
import { mvpTier } from "./mvp.ts";
import type { TierState } from "./tier.ts";

export const CACHE_SETTINGS = ["UPSTASH_REDIS_REST_URL", "UPSTASH_REDIS_REST_TOKEN"];

export function redisTier(services: Services): TierState {
  const { redis } = services.settings.cache;
  const off = redis ? mvpTier(services).off : unset(CACHE_SETTINGS);
  return { tier: "redis", off };
}
