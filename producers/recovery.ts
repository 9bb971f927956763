// The recovery ladder: what to do with a run whose producer was lost or whose stream broke. Pure.
// The cheapest rung first: take up the stream the provider still has; ask the model to go on; pay for a new answer;
// say honestly that it was interrupted.
import { COMMIT_LENGTH, COMMIT_MS } from "../protocol/commits.ts";
import { MAX_OUTPUT_TOKENS } from "../protocol/limits.ts";
import type { RunErrorCode } from "../protocol/records.ts";
import type { RecoveryPolicy } from "../protocol/requests.ts";
import type { Bookmark } from "../providers/provider.ts";
import type { ProducerState } from "./office.ts";

export type Rung = "reattach" | "continue" | "replace" | "interrupted";

export interface Situation {
  policy: RecoveryPolicy;
  /** The provider can re-attach and there is a bookmark to do it from. */
  bookmark: Bookmark | null;
  /** Rungs that were tried since the text last grew, and failed. */
  failed: ReadonlySet<Rung>;
  /** Recoveries this run has been through. */
  recoveries: number;
}

/** What asking again, or going on, can't mend: the same request would be refused again. */
const FINAL = new Set<RunErrorCode>([
  "provider_auth",
  "provider_unknown_model",
  "provider_context_too_long",
  "provider_refused",
  "provider_bad_request",
]);

export function isFinal(code: RunErrorCode): boolean {
  return FINAL.has(code);
}

/** After so many recoveries of one run something is wrong that another one will not mend. */
export const MAX_RECOVERIES = 8;

export function nextRung({ policy, bookmark, failed, recoveries }: Situation): Rung {
  if (recoveries < MAX_RECOVERIES) {
    if (bookmark && !failed.has("reattach")) return "reattach";
    if (policy !== "free" && !failed.has("continue")) return "continue";
  }
  return policy === "replace" ? "replace" : "interrupted";
}

/** Tokens a second assumed of a model that was lost before its pace was known. */
const ASSUMED_RATE = 100;
/** Commits come late when the disk or the machine is busy, and a model's pace is not even. */
const MARGIN = 2;

/**
 * At most how many tokens a crash made the model make twice, `tokens` being those of the text on disk. Nothing tells how
 * many there were, so it is the run's pace over the time that was lost: the longest there is between two commits with a
 * margin, or, where the provider went on without us, all of it until `wentOnUntil` (Unix ms).
 */
export function lostTokens(
  before: ProducerState | null,
  tokens: number,
  startedAt: number,
  wentOnUntil: number | null,
): number {
  const generatingMs = before?.firstTokenMs == null ? 0 : before.time - startedAt - before.firstTokenMs;
  const rate = tokens > 0 && generatingMs > 0 ? (tokens / generatingMs) * 1000 : ASSUMED_RATE;
  // A token is a character at least.
  const uncommitted = Math.min(COMMIT_LENGTH, Math.ceil((rate * MARGIN * COMMIT_MS) / 1000));
  if (wentOnUntil === null) return uncommitted;
  const wentOn = Math.ceil((rate * (wentOnUntil - (before?.time ?? startedAt))) / 1000);
  return Math.min(MAX_OUTPUT_TOKENS, Math.max(uncommitted, wentOn));
}
