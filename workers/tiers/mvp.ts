// The mvp tier: the chat's own object produces the answer. Needs nothing but a provider.
import type { Services } from "../services.ts";
import type { TierState } from "./tier.ts";

export function mvpTier({ providers }: Services): TierState {
  const on = providers.standings.some(({ available }) => available);
  return {
    tier: "mvp",
    off: on ? null : "No provider is set up. Set OPENAI_API_KEY, ANTHROPIC_API_KEY or COMPATIBLE_BASE_URL.",
  };
}
