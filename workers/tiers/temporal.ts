// The temporal tier: a worker produces the answer, in a workflow that survives whatever crashes. Needs a bridge: at an
// address, or in a container of this deployment.
import type { Services } from "../services.ts";
import { mvpTier } from "./mvp.ts";
import type { TierState } from "./tier.ts";

export function temporalTier(services: Services): TierState {
  const { settings, containers } = services;
  const needed = containers
    ? (["TEMPORAL_ADDRESS", "EDGE_URL", "TEMPORAL_BRIDGE_TOKEN"] as const)
    : (["TEMPORAL_BRIDGE_URL", "TEMPORAL_BRIDGE_TOKEN"] as const);
  const missing = needed.filter((name) => !settings[name]).join(" and ");
  const off = missing ? `The temporal tier needs a bridge to Temporal. Set ${missing}.` : mvpTier(services).off;
  return { tier: "temporal", off };
}
