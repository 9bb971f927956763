// What a model costs, from a maintained list. A model that is not on it has no price, never a price of zero.
import { calcPrice } from "@pydantic/genai-prices";
import type { ProviderName } from "../protocol/records.ts";
import type { Usage } from "./provider.ts";

/** US dollars a million tokens. */
export interface ModelPrices {
  input: number;
  output: number;
}

/**
 * US dollars for an answer; `null` when the model's price is not known.
 * `baseUrl` tells whose prices a compatible endpoint has: the same model is free on one's own machine.
 */
export function costOf(provider: ProviderName, model: string, usage: Usage, baseUrl?: string | null): number | null {
  return calculate(provider, model, usage, baseUrl)?.total_price ?? null;
}

/** What a model costs where its price depends on the length of the prompt: the price of a short one. */
export function pricesOf(provider: ProviderName, model: string, baseUrl?: string | null): ModelPrices | null {
  const prices = calculate(provider, model, { inputTokens: 0, cachedInputTokens: 0, outputTokens: 0 }, baseUrl);
  const input = base(prices?.model_price.input_mtok);
  const output = base(prices?.model_price.output_mtok);
  return input === null || output === null ? null : { input, output };
}

const base = (price: number | { base: number } | undefined): number | null =>
  typeof price === "object" ? price.base : (price ?? null);

function calculate(provider: ProviderName, model: string, usage: Usage, baseUrl: string | null | undefined) {
  const cached = Math.min(usage.cachedInputTokens, usage.inputTokens);
  try {
    return calcPrice(
      // The package's `input_tokens` includes the cached ones, as ours does.
      { input_tokens: usage.inputTokens, cache_read_tokens: cached, output_tokens: usage.outputTokens },
      model,
      provider === "compatible" ? { providerApiUrl: baseUrl || "unknown:" } : { providerId: provider },
    );
  } catch {
    // A model whose listed prices do not cover this usage: its price is not known.
    return null;
  }
}
