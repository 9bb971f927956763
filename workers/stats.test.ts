// The counters over a real Redis and the archive over a real Postgres, embedded and real: they agree, and stand in for
// one another.
import { beforeAll, describe, expect, inject, it, test } from "vitest";
import { Archive } from "../archive/archive.ts";
import { connector } from "../archive/database.ts";
import { platformClock } from "../cache/budget.ts";
import { CACHE_OUTAGE } from "../cache/outage.ts";
import { connect } from "../cache/response-cache.ts";
import { StatsCounters } from "../cache/stats-counters.ts";
import { HOUR_MS } from "../cache/stats-span.ts";
import { Outage } from "../protocol/outage.ts";
import type { CacheStatus, RunEndedRecord } from "../protocol/records.ts";
import { statsReplySchema } from "../protocol/requests.ts";
import { factsOf } from "../tests/archive-kit.ts";
import { openLine, type TestLine } from "../tests/stores/control.ts";
import { statsOf } from "./stats.ts";

const NOW = Date.UTC(2026, 10, 25, 13, 7, 30);
const NOTHING = { inputTokens: 0, outputTokens: 0, cost: 0 };

let answers = 0;

/** An answer of a tenant that ended at `time`: what the counters and what the archive are told of it. */
function answer(tenant: string, time: number, cache: CacheStatus, more: Partial<RunEndedRecord["receipt"]> = {}) {
  answers += 1;
  const facts = factsOf(`Why ${answers}?`, "Because.", { tenant });
  const [run] = facts.runs;
  if (!run) throw new Error("There is a run.");
  const hit = cache === "hit" || cache === "collapsed";
  run.ended = {
    ...run.ended,
    time,
    receipt: {
      ...run.ended.receipt,
      cache,
      inputTokens: 10,
      outputTokens: 100 + answers,
      cost: 0.000_123,
      firstTokenMs: 20 + (answers % 50) * 7,
      totalMs: 400 + (answers % 70) * 31,
      ...(hit && { ...NOTHING, requests: 0, saved: { ms: 900, inputTokens: 10, outputTokens: 101, cost: 0.5 } }),
      ...more,
    },
  };
  return { facts, ended: run.ended };
}

const stores = inject("stores");

describe.each([
  { kind: "embedded", absent: undefined },
  { kind: "real", absent: stores.withoutReal },
] as const)("with $kind stores", ({ kind, absent }) => {
  if (absent) return it.skip(absent);
  let line: TestLine;
  let archive: Archive;
  let counters: StatsCounters;
  let clock = NOW;
  let redis: ReturnType<typeof connect>;
  const settings = () => {
    const { UPSTASH_REDIS_REST_URL: url, UPSTASH_REDIS_REST_TOKEN: token } = line.settings;
    return { url, token };
  };
  const newCounters = () => {
    return new StatsCounters(settings(), new Outage(CACHE_OUTAGE, () => {}), { ...platformClock, now: () => clock });
  };

  beforeAll(async () => {
    line = await openLine(stores, kind, "cache", "archive");
    archive = new Archive(connector(line.settings.DATABASE_URL, line.settings.NEON_FETCH_ENDPOINT));
    counters = newCounters();
    redis = connect(settings(), 5_000, platformClock);
  }, 120_000);

  /** Answers of every status over the last week, most of them of late, told to both. */
  async function aWeek(tenant: string): Promise<void> {
    clock = NOW - 8 * 24 * HOUR_MS;
    const all = (["hit", "miss", "collapsed", "unavailable", "off"] as const).flatMap((cache, i) =>
      [0, 1, 5, 12, 59, 61, 200, 1_500, 9_000].map((minutes) => answer(tenant, NOW - minutes * 60_000 - i, cache)),
    );
    all.push(answer(tenant, NOW, "miss", { cost: null, firstTokenMs: null, inputTokens: null, outputTokens: null }));
    const failed = answer(tenant, NOW, "miss");
    failed.ended.status = "failed";
    all.push(failed);
    for (const { facts, ended } of all) await Promise.all([counters.count(tenant, [ended]), archive.save(facts)]);
    clock = NOW;
  }

  it("says the same by the counters and, when Redis was flushed, by the archive", async () => {
    const tenant = `week-${kind}`;
    await aWeek(tenant);
    for (const window of ["1h", "24h", "7d"] as const) {
      const counted = statsReplySchema.parse(await statsOf({ counters, archive }, tenant, window, NOW));
      expect(counted).toMatchObject({ source: "counters", note: null });
      expect(counted.totals.runs).toBeGreaterThan(20);
      const { source: _, ...figures } = counted;
      const archived = await statsOf({ counters: null, archive }, tenant, window, NOW);
      expect(closeTo(archived)).toEqual(closeTo({ ...figures, source: "archive" }));
      await line.set("cache", "refuse");
      const without = await statsOf({ counters, archive }, tenant, window, NOW);
      expect(without.note).toContain("can't be reached");
      expect(without.why).toEqual({ code: "counters_down" });
      expect(closeTo({ ...without, note: null, why: null })).toEqual(closeTo(archived));
      await line.set("cache", "pass");
    }
    const before = await statsOf({ counters, archive }, tenant, "7d", NOW);
    await redis((each) => each.flushall());
    const flushed = await statsOf({ counters, archive }, tenant, "7d", NOW);
    expect(closeTo(flushed)).toEqual(closeTo({ ...before, source: "archive" }));
    // What is counted from then on is added to what only the archive knows.
    const later = answer(tenant, NOW + HOUR_MS, "hit");
    clock = NOW + 60_000;
    await counters.count(tenant, [answer(tenant, NOW + 60_000, "hit").ended]);
    await counters.count(tenant, [later.ended]);
    const both = await statsOf({ counters, archive }, tenant, "7d", NOW + HOUR_MS);
    expect(both).toMatchObject({ source: "both", totals: { runs: before.totals.runs + 1 } });
  });

  it("knows nothing of another tenant", async () => {
    await counters.count(`one-${kind}`, [answer(`one-${kind}`, NOW, "miss").ended]);
    const other = await statsOf({ counters, archive }, `two-${kind}`, "1h", NOW);
    expect(other).toMatchObject({ totals: { runs: 0, hitRate: null }, latency: [] });
  });

  /** Long ago for the counters: they know all the window. */
  async function begun(tenant: string): Promise<void> {
    clock = NOW - 2 * 24 * HOUR_MS;
    await counters.count(tenant, [answer(tenant, clock, "miss").ended]);
    clock = NOW;
  }

  it("leaves to the archive what could not be counted, whoever counts next", async () => {
    const [tenant, other] = [`missed-${kind}`, `other-${kind}`];
    await begun(tenant);
    const [first, missed, last] = [30, 20, 0].map((minutes) => answer(tenant, NOW - minutes * 60_000, "miss"));
    if (!first || !missed || !last) throw new Error("There are three.");
    expect(await counters.count(tenant, [first.ended])).toBe(true);
    await line.set("cache", "refuse");
    expect(await counters.count(tenant, [missed.ended])).toBe(false);
    expect(await counters.miss(tenant, [missed.ended.time])).toBe(false);
    await line.set("cache", "pass");
    await expect.poll(() => counters.miss(other, [NOW])).toBe(true);
    // Told again by another isolate, as often as it likes.
    for (let i = 0; i < 3; i++) expect(await newCounters().miss(tenant, [missed.ended.time])).toBe(true);
    expect(await counters.count(other, [answer(other, NOW, "miss").ended])).toBe(true);
    expect(await counters.count(tenant, [last.ended])).toBe(true);
    for (const { facts } of [first, missed, last]) await archive.save(facts);
    for (const window of ["1h", "24h"] as const) {
      const told = await statsOf({ counters, archive }, tenant, window, NOW);
      expect(told).toMatchObject({ totals: { runs: 3 }, note: null });
      // Without the archive it is said that there are more.
      expect(await statsOf({ counters, archive: null }, tenant, window, NOW)).toMatchObject({
        source: "counters",
        totals: { runs: 2 },
        note: "Some answers could not be counted.",
        why: { code: "counted_in_part" },
      });
    }
  });

  it.each([1, 30])(
    "leaves to the archive what Redis gave up, also when it was counted on since (after %s h)",
    async (hours) => {
      const tenant = `evicted-${hours}-${kind}`;
      await begun(tenant);
      const [time, other] = [NOW - hours * HOUR_MS, NOW - 3 * HOUR_MS];
      const [lost, again, kept] = [
        answer(tenant, time, "miss"),
        answer(tenant, time, "hit"),
        answer(tenant, other, "hit"),
      ];
      await counters.count(tenant, [lost.ended, kept.ended]);
      await redis((each) => each.del(`keepstream:stats:${tenant}:h:${Math.floor(time / HOUR_MS)}`));
      const window = hours === 1 ? "24h" : "7d";
      const told = () => statsOf({ counters, archive }, tenant, window, NOW);
      for (const { facts } of [lost, kept]) await archive.save(facts);
      expect(await told()).toMatchObject({ totals: { runs: hours === 1 ? 2 : 3 }, source: "both", note: null });
      await counters.count(tenant, [again.ended]);
      await archive.save(again.facts);
      expect(await told()).toMatchObject({ totals: { runs: hours === 1 ? 3 : 4, hits: 2 }, note: null });
      const alone = await statsOf({ counters, archive: null }, tenant, window, NOW);
      expect(alone).toMatchObject({ why: { code: "counted_in_part" } });
    },
  );

  it("knows nothing without its index, and says so", async () => {
    const tenant = `index-${kind}`;
    await begun(tenant);
    const made = answer(tenant, NOW - 5 * HOUR_MS, "miss");
    await counters.count(tenant, [made.ended]);
    await archive.save(made.facts);
    await redis((each) => each.del(`keepstream:stats:${tenant}:h`));
    expect(await statsOf({ counters, archive }, tenant, "24h", NOW)).toMatchObject({ totals: { runs: 1 } });
    expect(await statsOf({ counters, archive: null }, tenant, "24h", NOW)).toMatchObject({
      note: "Nothing has been counted yet.",
      why: { code: "counted_since" },
    });
    await counters.count(tenant, [answer(tenant, NOW, "miss").ended]);
    expect(await statsOf({ counters, archive: null }, tenant, "24h", NOW)).toMatchObject({
      note: "Counted since 2026-11-25T13:07:30.000Z.",
      why: { code: "counted_since", since: NOW },
    });
  });

  it("keeps an index no longer than its windows, and of no more slots", async () => {
    const tenant = `short-${kind}`;
    const key = (name: string) => `keepstream:stats:${tenant}:${name}`;
    clock = NOW - 30 * 24 * HOUR_MS;
    for (let hours = 0; hours < 20; hours++) {
      await counters.count(tenant, [answer(tenant, clock + hours * HOUR_MS, "miss").ended]);
    }
    await counters.miss(tenant, [clock]);
    clock = NOW;
    await counters.count(tenant, [answer(tenant, NOW, "miss").ended]);
    for (const name of ["m", "h"]) {
      expect(await redis((each) => each.hlen(key(name)))).toBe(2);
      expect(await redis((each) => each.ttl(key(name)))).toBeGreaterThan(7 * 24 * 3_600);
    }
  });
});

test("says what is missing where nothing is set up, or nothing answers", async () => {
  const nothing = await statsOf({ counters: null, archive: null }, "open", "24h", NOW);
  expect(nothing).toMatchObject({
    source: "none",
    totals: { runs: 0 },
    note: expect.stringContaining("DATABASE_URL"),
    why: { code: "no_counters" },
  });
  const away = { read: async () => null };
  const gone = { tallies: () => Promise.reject(new Error("away")) };
  expect(await statsOf({ counters: away, archive: gone }, "open", "24h", NOW)).toMatchObject({
    source: "none",
    note: "Neither the counters nor the archive can be reached.",
    why: { code: "figures_down" },
  });
  for (const [sources, note] of [
    [{ counters: away, archive: null }, "The counters can't be reached."],
    [{ counters: null, archive: gone }, "The archive can't be reached."],
  ] as const) {
    const told = await statsOf(sources, "open", "24h", NOW);
    expect(told).toMatchObject({ source: "none", note, why: { code: "figures_down" } });
  }
});

/** Sums of fractions differ in their last digits by the order in which they are added up. */
function closeTo<T>(value: T): T {
  return JSON.parse(
    JSON.stringify(value, (_, each) => (typeof each === "number" ? Number(each.toPrecision(12)) : each)),
  );
}
