import { describe, expect, test } from "vitest";
import { because } from "../protocol/reasons.ts";
import { statsReplySchema } from "../protocol/requests.ts";
import { statsReply, type Tally } from "./stats-reply.ts";
import { HOUR_MS, spanOf } from "./stats-span.ts";

const NOW = Date.UTC(2026, 10, 25, 13, 7, 30);

const tally = (more: Partial<Tally>): Tally => ({
  time: NOW,
  cache: "miss",
  runs: 1,
  spent: { inputTokens: 10, outputTokens: 20, cost: 0.5 },
  saved: { inputTokens: 0, outputTokens: 0, cost: 0, ms: 0 },
  unpriced: 0,
  firstToken: new Map([[10, 1]]),
  total: new Map([[20, 1]]),
  ...more,
});

describe("a window", () => {
  test("ends with the step going on, and its steps begin at whole multiples", () => {
    for (const [window, steps] of [
      ["1h", 12],
      ["24h", 24],
      ["7d", 28],
    ] as const) {
      const { series, from, to, stepMs } = statsReply(spanOf(window, NOW), [], "none", null);
      expect(series).toHaveLength(steps);
      expect(series.every(({ time }, i) => time % stepMs === 0 && time === from + i * stepMs)).toBe(true);
      expect((series.at(-1)?.time ?? 0) + stepMs).toBeGreaterThan(to);
    }
  });
});

describe("the reply", () => {
  test("without an answer is all zeros, and its rate unknown", () => {
    const reply = statsReplySchema.parse(statsReply(spanOf("24h", NOW), [], "none", because("It is.", "figures_down")));
    expect(reply).toMatchObject({
      totals: { runs: 0, hits: 0, hitRate: null },
      latency: [],
      note: "It is.",
      why: { code: "figures_down" },
    });
  });

  test("adds up what its steps say", () => {
    const hit = tally({
      cache: "hit",
      runs: 3,
      spent: { inputTokens: 0, outputTokens: 0, cost: 0 },
      saved: { inputTokens: 30, outputTokens: 60, cost: 1.5, ms: 900 },
    });
    const reply = statsReply(
      spanOf("24h", NOW),
      [tally({}), hit, tally({ cache: "collapsed", time: NOW - 2 * HOUR_MS }), tally({ cache: "off", unpriced: 1 })],
      "counters",
      null,
    );
    expect(statsReplySchema.parse(reply)).toEqual(reply);
    expect(reply.totals).toMatchObject({ runs: 6, hits: 3, misses: 1, collapsed: 1, off: 1, unpriced: 1 });
    expect(reply.totals.saved).toEqual({ inputTokens: 30, outputTokens: 60, cost: 1.5, ms: 900 });
    expect(reply.totals.hitRate).toBe(0.8);
    expect(reply.series.at(-1)).toMatchObject({ runs: 5, hits: 3 });
    expect(reply.series.at(-3)).toMatchObject({ runs: 1, collapsed: 1 });
    expect(reply.latency.map(({ cache }) => cache)).toEqual(["hit", "miss", "collapsed", "off"]);
  });

  test("leaves out what ended before the window", () => {
    const reply = statsReply(spanOf("1h", NOW), [tally({ time: NOW - 2 * HOUR_MS })], "counters", null);
    expect(reply).toMatchObject({ totals: { runs: 0 }, latency: [] });
  });
});
