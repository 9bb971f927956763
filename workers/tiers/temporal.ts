// The temporal tier: a worker produces the answer, in a workflow that survives whatever crashes. Needs a bridge.
import type { Services } from "../services.ts";
import { mvpTier } from "./mvp.ts";
import type { TierState } from "./tier.ts";

export function temporalTier(services: Services): TierState {
  const { TEMPORAL_BRIDGE_URL: url, TEMPORAL_BRIDGE_TOKEN: token } = services.settings;
  const missing = [!url && "TEMPORAL_BRIDGE_URL", !token && "TEMPORAL_BRIDGE_TOKEN"].filter(Boolean).join(" and ");
  const off = missing ? `The temporal tier needs a bridge to Temporal. Set ${missing}.` : mvpTier(services).off;
  return { tier: "temporal", off };
}
