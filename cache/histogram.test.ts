import { describe, expect, test } from "vitest";
import { BOUNDS, bucketOf, type Histogram, merge, percentiles } from "./histogram.ts";

function histogramOf(values: number[]): Histogram {
  return merge(values.map((ms) => new Map([[bucketOf(ms), 1]])));
}

describe("buckets", () => {
  test("each value is in the one whose bounds are around it", () => {
    for (const ms of [0, 0.5, 1, 2, 3, 9, 10, 99, 100, 1_000, 59_999, 600_000]) {
      const bucket = bucketOf(ms);
      expect(ms).toBeGreaterThanOrEqual(BOUNDS[bucket - 1] ?? 0);
      expect(ms).toBeLessThan(BOUNDS[bucket] ?? Number.POSITIVE_INFINITY);
    }
  });

  test("what is longer than a quarter of an hour has a bucket too", () => {
    expect(bucketOf(10_000_000)).toBe(BOUNDS.length);
    expect(percentiles(histogramOf([10_000_000]))?.p50).toBe(BOUNDS.at(-1));
  });
});

describe("percentiles", () => {
  test("of nothing are unknown", () => {
    expect(percentiles(new Map())).toBeNull();
  });

  test("are within a tenth of the exact ones", () => {
    const values = Array.from({ length: 1_000 }, (_, i) => 20 * 1.009 ** i);
    const told = percentiles(histogramOf(values));
    expect(told?.runs).toBe(1_000);
    for (const [name, rank] of [
      ["p50", 499],
      ["p90", 899],
      ["p99", 989],
    ] as const) {
      const exact = values[rank] ?? 0;
      expect(Math.abs((told?.[name] ?? 0) - exact) / exact).toBeLessThan(0.1);
    }
  });

  test("of histograms put together are those of all values", () => {
    const [one, other] = [
      [1, 2, 3, 40],
      [5, 600, 7],
    ];
    expect(percentiles(merge([histogramOf(one ?? []), histogramOf(other ?? [])]))).toEqual(
      percentiles(histogramOf([...(one ?? []), ...(other ?? [])])),
    );
  });
});
