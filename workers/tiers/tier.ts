// A tier, as the API sees it: who produces an answer, and whether that can be done here.
import type { Reason } from "../../protocol/reasons.ts";
import type { Tier } from "../../protocol/records.ts";

export interface TierState {
  tier: Tier;
  /** Why it can't be used; null when it can. */
  off: Reason | null;
}
