// When to ask a provider again, and after how long. Only for an ask that has shown nothing yet: once there is text, going
// on is the recovery ladder's, and so it is once there is a bookmark.
import type { RunErrorCode } from "../protocol/records.ts";
import type { ProviderError } from "./provider.ts";

/** Requests made in all, for the errors that pass by themselves. A silent provider has cost minutes: once more. */
const ATTEMPTS: Partial<Record<RunErrorCode, number>> = {
  provider_rate_limited: 4,
  provider_overloaded: 4,
  provider_unreachable: 4,
  provider_stream_cut: 4,
  provider_stalled: 2,
};
const FIRST_DELAY_MS = 500;
const MAX_DELAY_MS = 8_000;
/** Whoever asks us to wait longer than this is told to the person instead. */
const MAX_RETRY_AFTER_SECONDS = 60;

/**
 * Milliseconds to wait before the next request, or `null` when there should be none.
 * `attempt` is the one that failed, from 1; `random` gives a number from 0 up to 1.
 */
export function retryDelay(
  error: Pick<ProviderError, "code" | "retryAfter" | "final">,
  attempt: number,
  random: () => number,
): number | null {
  if (error.final || attempt >= (ATTEMPTS[error.code] ?? 1)) return null;
  const backoff = Math.min(FIRST_DELAY_MS * 2 ** (attempt - 1), MAX_DELAY_MS);
  // At least half the backoff; the rest at random, so that those who failed together do not come back together.
  if (error.retryAfter === null) return Math.round(backoff * (0.5 + random() / 2));
  if (error.retryAfter > MAX_RETRY_AFTER_SECONDS) return null;
  return Math.round(error.retryAfter * 1000 + random() * backoff);
}
