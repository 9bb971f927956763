// The temporal tier: a worker produces the answer, in a workflow that survives whatever crashes. Needs a bridge: at an
// address, or in a container of this deployment.
import { unset } from "../../protocol/reasons.ts";
import type { Services } from "../services.ts";
import { mvpTier } from "./mvp.ts";
import type { TierState } from "./tier.ts";

/** What the bridge takes of this deployment's settings. */
export const bridgeSettings = ({ containers }: Services) =>
  containers
    ? (["TEMPORAL_ADDRESS", "EDGE_URL", "TEMPORAL_BRIDGE_TOKEN"] as const)
    : (["TEMPORAL_BRIDGE_URL", "TEMPORAL_BRIDGE_TOKEN"] as const);

export function temporalTier(services: Services): TierState {
  const missing = bridgeSettings(services).filter((name) => !services.settings[name]);
  const off =
    missing.length > 0 ? unset(missing, "The temporal tier needs a bridge to Temporal. ") : mvpTier(services).off;
  return { tier: "temporal", off };
}
