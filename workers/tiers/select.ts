// Which tier answers: the one asked for, or the deployment's default. The one file that knows all of them.
import type { Tier } from "../../protocol/records.ts";
import { refuse } from "../problem.ts";
import type { Services } from "../services.ts";
import { mvpTier } from "./mvp.ts";
import { redisTier } from "./redis.ts";
import { temporalTier } from "./temporal.ts";
import type { TierState } from "./tier.ts";

export function tierStates(services: Services): TierState[] {
  return [mvpTier(services), redisTier(services), temporalTier(services)];
}

export function selectTier(services: Services, asked: Tier | undefined): Tier {
  const tier = asked ?? services.settings.DEFAULT_TIER;
  const state = tierStates(services).find((each) => each.tier === tier);
  if (state?.off) refuse("tier_unavailable", `${state.off.text} GET /api/tiers tells which tiers are on.`);
  return tier;
}
