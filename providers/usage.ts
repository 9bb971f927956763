// What a provider says that an answer took. Its figures go into receipts, sums and tables, where half a token has no place:
// one that can't be a count makes the usage unknown, as if none had been given.
import type { Usage } from "./provider.ts";

/** More than any answer takes, and so few that sums of such figures stay exact. */
const MOST_TOKENS = 1e12;

export const isCount = (value: unknown): value is number =>
  Number.isInteger(value) && (value as number) >= 0 && (value as number) <= MOST_TOKENS;

/** Null where one of the figures is missing or no count. `inputTokens` includes what was read from the provider's cache. */
export function usageFrom(told: Record<keyof Usage, unknown>): Usage | null {
  const { inputTokens, cachedInputTokens, outputTokens } = told;
  if (!isCount(inputTokens) || !isCount(cachedInputTokens) || !isCount(outputTokens)) return null;
  return { inputTokens, cachedInputTokens, outputTokens };
}
