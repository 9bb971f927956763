// Latencies as a histogram: how many fell into each bucket. Buckets grow by a fifth, so a percentile read from them is
// within a tenth, and histograms of different hours, and of different sources, can be added up.

/** Upper bounds of the buckets, milliseconds; a value belongs to the first bucket whose bound it is below. */
export const BOUNDS: readonly number[] = bounds();

function bounds(): number[] {
  const all: number[] = [];
  for (let exponent = 0; exponent <= 80; exponent++) {
    const bound = Math.round(2 ** (exponent / 4));
    if (bound !== all.at(-1)) all.push(bound);
  }
  return all;
}

/** Counts by bucket: bucket `i` holds what is at least `BOUNDS[i - 1]` and below `BOUNDS[i]`. */
export type Histogram = ReadonlyMap<number, number>;

export function bucketOf(ms: number): number {
  const index = BOUNDS.findIndex((bound) => ms < bound);
  return index === -1 ? BOUNDS.length : index;
}

export function merge(histograms: readonly Histogram[]): Histogram {
  const sum = new Map<number, number>();
  for (const histogram of histograms) {
    for (const [bucket, count] of histogram) sum.set(bucket, (sum.get(bucket) ?? 0) + count);
  }
  return sum;
}

export interface Percentiles {
  runs: number;
  p50: number;
  p90: number;
  p99: number;
}

/** Null when nothing was counted. */
export function percentiles(histogram: Histogram): Percentiles | null {
  const buckets = [...histogram].sort(([a], [b]) => a - b);
  const runs = buckets.reduce((sum, [, count]) => sum + count, 0);
  if (runs === 0) return null;
  return { runs, p50: at(buckets, runs * 0.5), p90: at(buckets, runs * 0.9), p99: at(buckets, runs * 0.99) };
}

/** The value below which `rank` of the counted ones lie, as if each bucket's were spread evenly over it. */
function at(buckets: [number, number][], rank: number): number {
  let below = 0;
  for (const [bucket, count] of buckets) {
    if (below + count >= rank) {
      const low = BOUNDS[bucket - 1] ?? 0;
      const high = BOUNDS[bucket] ?? low;
      return Math.round((low + ((high - low) * (rank - below)) / count) * 10) / 10;
    }
    below += count;
  }
  return BOUNDS.at(-1) ?? 0;
}
