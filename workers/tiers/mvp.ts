// The mvp tier: the chat's own object produces the answer. Needs nothing but a provider.
import { because } from "../../protocol/reasons.ts";
import type { Services } from "../services.ts";
import type { TierState } from "./tier.ts";

const PROVIDER_SETTINGS = ["OPENAI_API_KEY", "ANTHROPIC_API_KEY", "COMPATIBLE_BASE_URL"];
const NO_PROVIDER = because(
  "No provider is set up. Set OPENAI_API_KEY, ANTHROPIC_API_KEY or COMPATIBLE_BASE_URL.",
  "no_provider",
  { settings: PROVIDER_SETTINGS },
);

export function mvpTier({ providers }: Services): TierState {
  const on = providers.standings.some(({ available }) => available);
  return { tier: "mvp", off: on ? null : NO_PROVIDER };
}
