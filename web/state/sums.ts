// A chat's sums, from its receipts.
import type { RunState } from "../../protocol/reduce.ts";

export interface Sums {
  answers: number;
  hits: number;
  /** US dollars of the answers whose cost is known; `null` when none is. */
  cost: number | null;
  /** What cached and shared answers spared: US dollars, and milliseconds of waiting. */
  saved: { cost: number; ms: number };
  unknownCosts: number;
  recoveries: number;
  madeTwice: number;
}

export function sumRuns(runs: readonly RunState[]): Sums {
  const sums: Sums = {
    answers: 0,
    hits: 0,
    cost: null,
    saved: { cost: 0, ms: 0 },
    unknownCosts: 0,
    recoveries: 0,
    madeTwice: 0,
  };
  for (const { receipt } of runs) {
    if (!receipt) continue;
    sums.answers++;
    if (receipt.cache === "hit") sums.hits++;
    if (receipt.cost === null) sums.unknownCosts++;
    else sums.cost = (sums.cost ?? 0) + receipt.cost;
    sums.saved.cost += receipt.saved?.cost ?? 0;
    sums.saved.ms += receipt.saved?.ms ?? 0;
    sums.recoveries += receipt.recoveries.length;
    for (const { madeTwice } of receipt.recoveries) sums.madeTwice += madeTwice;
  }
  return sums;
}
