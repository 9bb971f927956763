// Receipts of runs whose answer was made for somebody else, before or just now.
import type { KeptAnswer } from "../cache/kept-answer.ts";
import type { Receipt, Recovery, RunStartedRecord, Saved } from "../protocol/records.ts";

interface Times {
  firstTokenMs: number | null;
  totalMs: number;
}

export type Asked = Pick<RunStartedRecord, "tier" | "provider" | "model">;

/** What was spared, `made` being what the answer took when it was made. */
function savedBy(made: Omit<Saved, "ms"> & { totalMs: number }, totalMs: number): Saved {
  const { inputTokens, outputTokens, cost } = made;
  return { ms: Math.max(0, made.totalMs - totalMs), inputTokens, outputTokens, cost };
}

/** A run that asked no provider. */
function unpaid({ tier, provider, model }: Asked, times: Times): Omit<Receipt, "cache" | "recoveries"> {
  return { tier, provider, model, inputTokens: 0, outputTokens: 0, estimated: false, cost: 0, ...times, requests: 0 };
}

export const ageOf = ({ madeAt }: KeptAnswer, now: number): number => Math.max(0, Math.floor((now - madeAt) / 1000));

export function hitReceipt(
  asked: Asked,
  answer: KeptAnswer,
  now: number,
  times: Times,
  recoveries: Recovery[] = [],
): Receipt {
  const { totalMs } = times;
  return {
    ...unpaid(asked, times),
    cache: "hit",
    recoveries,
    saved: savedBy(answer, totalMs),
    age: ageOf(answer, now),
  };
}

/** Of a run that followed an answer to its end: `pays` tells whether what that cost is on this receipt. */
export function sharedReceipt(
  started: RunStartedRecord,
  made: Receipt,
  pays: boolean,
  times: Times,
  recoveries: Recovery[],
): Receipt {
  const { tier, provider, model, cache } = started;
  if (pays) return { ...made, tier, provider, model, cache, ...times, recoveries };
  return {
    ...unpaid(started, times),
    // That the cache could not be asked is told all the same.
    cache: cache === "unavailable" ? cache : "collapsed",
    recoveries,
    saved: savedBy(made, times.totalMs),
  };
}

/** Of a run that was stopped while others wanted its answer still, or of which nobody can say what it took. */
export function leftReceipt(started: RunStartedRecord, times: Times, recoveries: Recovery[]): Receipt {
  return { ...unpaid(started, times), cache: started.cache, recoveries };
}
