// From tallies to the reply of GET /api/stats. A tally is what is known of the answers of one cache status that ended in
// one slot of time; the counters and the archive both give tallies, so their figures can be put together and compared.
import type { Reason } from "../protocol/reasons.ts";
import type { CacheStatus } from "../protocol/records.ts";
import type { StatsFigures, StatsReply } from "../protocol/requests.ts";
import { type Histogram, merge, percentiles } from "./histogram.ts";
import type { Span } from "./stats-span.ts";

export interface Tally {
  /** When the slot begins, Unix ms. */
  time: number;
  cache: CacheStatus;
  runs: number;
  spent: StatsFigures["spent"];
  saved: StatsFigures["saved"];
  unpriced: number;
  /** Milliseconds to the first text and to the end, of those that completed. */
  firstToken: Histogram;
  total: Histogram;
}

const COUNT_OF: Record<CacheStatus, "hits" | "misses" | "collapsed" | "unavailable" | "off"> = {
  hit: "hits",
  miss: "misses",
  collapsed: "collapsed",
  unavailable: "unavailable",
  off: "off",
};

/** The order in which latencies are told. */
const STATUSES = Object.keys(COUNT_OF) as CacheStatus[];

const none = (): StatsFigures => ({
  runs: 0,
  hits: 0,
  misses: 0,
  collapsed: 0,
  unavailable: 0,
  off: 0,
  spent: { inputTokens: 0, outputTokens: 0, cost: 0 },
  saved: { inputTokens: 0, outputTokens: 0, cost: 0, ms: 0 },
  unpriced: 0,
});

function add(figures: StatsFigures, { cache, runs, spent, saved, unpriced }: Tally): void {
  figures.runs += runs;
  figures[COUNT_OF[cache]] += runs;
  figures.unpriced += unpriced;
  figures.saved.ms += saved.ms;
  for (const [sum, more] of [
    [figures.spent, spent],
    [figures.saved, saved],
  ] as const) {
    sum.inputTokens += more.inputTokens;
    sum.outputTokens += more.outputTokens;
    sum.cost += more.cost;
  }
}

export function statsReply(
  span: Span,
  tallies: readonly Tally[],
  source: StatsReply["source"],
  missing: Reason | null,
): StatsReply {
  const { window, from, to, stepMs, steps } = span;
  const totals = none();
  const series = Array.from({ length: steps }, (_, step) => ({ time: from + step * stepMs, ...none() }));
  for (const tally of tallies) {
    const step = series[Math.floor((tally.time - from) / stepMs)];
    if (!step) continue;
    add(step, tally);
    add(totals, tally);
  }
  const latency = STATUSES.flatMap((cache) => {
    const of = tallies.filter((tally) => tally.cache === cache && tally.time >= from);
    if (of.length === 0) return [];
    const firstToken = percentiles(merge(of.map((tally) => tally.firstToken)));
    return [{ cache, firstToken, total: percentiles(merge(of.map((tally) => tally.total))) }];
  });
  const asked = totals.hits + totals.misses + totals.collapsed;
  const hitRate = asked === 0 ? null : (totals.hits + totals.collapsed) / asked;
  const { text: note, why } = missing ?? { text: null, why: null };
  return { window, from, to, stepMs, totals: { ...totals, hitRate }, latency, series, source, note, why };
}
