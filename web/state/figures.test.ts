import { describe, expect, it } from "vitest";
import type { StatsReply } from "../../protocol/requests.ts";
import { averageOf, decades, figureOf, marks, named, onLogScale } from "./figures.ts";

const nothing = { inputTokens: 0, outputTokens: 0, cost: 0 };
const figures = {
  runs: 10,
  hits: 4,
  misses: 3,
  collapsed: 1,
  unavailable: 1,
  off: 1,
  spent: { inputTokens: 100, outputTokens: 400, cost: 0.3 },
  saved: { inputTokens: 100, outputTokens: 600, cost: 0.4, ms: 9_000 },
  unpriced: 0,
};

describe("figures", () => {
  it("are taken by what is shown", () => {
    expect(figureOf(figures, "answers", "hits")).toBe(4);
    expect(figureOf(figures, "answers", "uncached")).toBe(2);
    expect(figureOf(figures, "tokens", "saved")).toBe(700);
    expect(figureOf(figures, "money", "spent")).toBe(0.3);
  });

  it.each([
    [0, [0, 1]],
    [7, [0, 2, 4, 6, 8]],
    [0.7, [0, 0.2, 0.4, 0.6, 0.8]],
    [318, [0, 100, 200, 300, 400]],
    [1, [0, 0.5, 1]],
  ])("up to %d are marked %j", (max, expected) => {
    expect(marks(max)).toEqual(expected);
  });

  it("stand on a scale of powers of ten", () => {
    expect(decades([11, 7_200])).toEqual([10, 10_000]);
    expect(decades([100])).toEqual([100, 1_000]);
    expect(decades([])).toEqual([1, 10]);
    expect(onLogScale(100, [10, 1_000])).toBe(0.5);
    expect(onLogScale(0, [10, 1_000])).toBe(0);
  });

  it("are named a few times, the first one among them", () => {
    expect(named(4, 6)).toEqual([0, 1, 2, 3]);
    expect(named(48, 6)).toEqual([0, 8, 16, 24, 32, 40]);
  });

  it("make an average answer, or none", () => {
    const latency = [
      {
        cache: "miss" as const,
        firstToken: { runs: 3, p50: 200, p90: 300, p99: 400 },
        total: { runs: 3, p50: 2_200, p90: 3_000, p99: 4_000 },
      },
    ];
    const reply = { totals: { ...figures, hitRate: 0.625 }, latency } as unknown as StatsReply;
    expect(averageOf(reply)).toEqual({ inputTokens: 20, outputTokens: 100, hitRate: 0.625, tokensASecond: 50 });
    const empty = { ...figures, runs: 0, spent: nothing, saved: { ...nothing, ms: 0 }, hitRate: null };
    expect(averageOf({ totals: empty, latency: [] } as unknown as StatsReply)).toBeNull();
  });
});
