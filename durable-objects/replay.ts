// A kept answer at the pace at which it was made: a run like any other, that asks no provider.
import type { KeptAnswer } from "../cache/kept-answer.ts";
import { paced } from "../cache/pace.ts";
import type { Term } from "../producers/office.ts";
import type { Clock } from "../producers/producer.ts";
import { pause } from "../providers/pause.ts";
import { hitReceipt } from "./kept-receipt.ts";
import type { Assignment } from "./tier-producer.ts";

/** Whether what a run has said so far is the beginning of this answer. */
export const beginsWith = (answer: KeptAnswer, text: string): boolean => answer.text.startsWith(text);

/** Says the rest of the answer and ends the run; `text` is what the run has said already. */
export async function replay(
  { started, signal }: Assignment,
  { office, inherited }: Term,
  answer: KeptAnswer,
  text: string,
  clock: Clock,
  pace: "instant" | "original",
): Promise<void> {
  const { text: whole } = answer;
  let at = text.length;
  let heard: number | null = null;
  office.phase("generating", 1, null);
  if (pace === "instant" && at < whole.length) {
    office.append({ deltas: [{ at, text: whole.slice(at) }], bookmark: null });
    at = whole.length;
  }
  let end = 0;
  for (const piece of paced(whole, answer.pace)) {
    end += piece.text.length;
    if (end <= at) {
      heard = piece.at;
      continue;
    }
    // Whoever comes back in the middle goes on at once, and at the pace from there.
    await pause(clock, heard === null ? piece.at : piece.at - heard, signal);
    heard = piece.at;
    if (!office.held) return;
    if (signal.aborted) break;
    office.append({ deltas: [{ at, text: whole.slice(at, end) }], bookmark: null });
    at = end;
  }
  const { held } = office;
  if (!held) return;
  const now = clock.now();
  const times = { firstTokenMs: held.firstTokenMs, totalMs: Math.max(0, now - started.time) };
  const receipt = hitReceipt(started, answer, now, times, inherited?.recoveries);
  if (at < whole.length) await office.end({ status: "cancelled", finish: null, error: null, receipt }, false);
  else await office.end({ status: "completed", finish: answer.finish, error: null, receipt }, false);
}
