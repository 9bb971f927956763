import { beforeEach, describe, expect, test } from "vitest";
import type { Limits } from "../protocol/access.ts";
import { SqliteDisk } from "../tests/sqlite-disk.ts";
import { migrate } from "./migrations.ts";
import { type Demand, QUOTA_STEP, Quota } from "./quota.ts";

const NOON = Date.UTC(2026, 0, 1, 12);
const NONE: Limits = { asksPerMinute: null, answersAtOnce: null, tokensPerDay: null, dollarsPerDay: null };

let quota: Quota;
let asked = 0;

beforeEach(() => {
  const disk = new SqliteDisk();
  migrate(disk, [QUOTA_STEP]);
  quota = new Quota(disk);
});

function take(
  limits: Partial<Limits>,
  { now = NOON, context = 0, ...more }: Partial<Demand> & { now?: number; context?: number } = {},
) {
  const prices = { inputPrice: 0.01, outputPrice: 0.01 };
  const demand: Demand = {
    limits: { ...NONE, ...limits },
    hold: `h${++asked}`,
    input: 60,
    output: 40,
    ...prices,
    ...more,
  };
  const result = quota.take(demand, "chat", context, now);
  return { ...result, hold: demand.hold };
}
const settle = (run: string, hold: string, tokens = 50, dollars = 0.5, now = NOON) =>
  quota.settle([{ run, hold, tokens, dollars }], now);

describe("asks a minute", () => {
  test("are as many as the limit says, and again when the minute is over", () => {
    const limits = { asksPerMinute: 2 };
    expect([take(limits).ok, take(limits, { now: NOON + 59_000 }).ok]).toEqual([true, true]);
    const refused = take(limits, { now: NOON + 59_001 });
    expect(refused).toMatchObject({ ok: false, failure: { code: "rate_limited", limit: 2, value: 2, retryAfter: 1 } });
    expect(take(limits, { now: NOON + 60_000 }).ok).toBe(true);
  });

  test("count those that were refused for another reason as none", () => {
    expect(take({ asksPerMinute: 2, answersAtOnce: 1 }).ok).toBe(true);
    for (let i = 0; i < 5; i++) expect(take({ asksPerMinute: 2, answersAtOnce: 1 }).ok).toBe(false);
    expect(quota.usage(NOON).asksThisMinute).toBe(1);
  });

  test("go on when the clock was put back", () => {
    take({ asksPerMinute: 1 });
    expect(take({ asksPerMinute: 1 }, { now: NOON - 3_600_000 }).ok).toBe(true);
  });
});

describe("answers at once", () => {
  test("are as many as the limit says, until one ends or never began", () => {
    const limits = { answersAtOnce: 2 };
    const [one, two] = [take(limits), take(limits)];
    expect(take(limits)).toMatchObject({ ok: false, failure: { code: "rate_limited", limit: 2, value: 2 } });
    settle("chat.1", one.hold);
    expect(take(limits).ok).toBe(true);
    quota.release(two.hold);
    expect(take(limits).ok).toBe(true);
    expect(take(limits).ok).toBe(false);
  });

  test("what nobody ever settled is given up on", () => {
    take({ answersAtOnce: 1 });
    expect(take({ answersAtOnce: 1 }, { now: NOON + 29 * 3_600_000 }).ok).toBe(false);
    expect(take({ answersAtOnce: 1 }, { now: NOON + 31 * 3_600_000 }).ok).toBe(true);
  });
});

describe("a day's budget", () => {
  test("of tokens is never passed by what is held, with what the chat brings along", () => {
    const limits = { tokensPerDay: 350 };
    expect([take(limits).ok, take(limits, { context: 100 }).ok]).toEqual([true, true]);
    const refused = take(limits);
    expect(refused).toMatchObject({
      ok: false,
      failure: { code: "budget_exceeded", limit: 350, value: 300, retryAfter: 43_200 },
    });
    expect(refused.ok || refused.failure.detail).toContain("50 of today's 350 are left");
    expect(take(limits, { output: 0, input: 50 }).ok).toBe(true);
  });

  test("is settled by the receipt, once however often it comes", () => {
    const limits = { tokensPerDay: 100 };
    const { hold } = take(limits);
    for (let i = 0; i < 3; i++) settle("chat.1", hold, 30);
    expect(quota.usage(NOON)).toMatchObject({ tokensToday: 30, answersNow: 0 });
    expect(take(limits, { input: 30 }).ok).toBe(true);
  });

  test("counts a run that answered in another's place too", () => {
    const { hold } = take({});
    settle("chat.1", hold, 30, 0.3);
    settle("chat.2", hold, 40, 0.4);
    expect(quota.usage(NOON)).toMatchObject({ tokensToday: 70, dollarsToday: 0.7 });
  });

  test("that is too small for the ask says how long an answer may be, and sends nobody away until tomorrow for nothing", () => {
    const said = (limits: Partial<Limits>, more: Parameters<typeof take>[1] = {}) => {
      const refused = take(limits, more);
      return refused.ok ? null : { after: refused.failure.retryAfter, says: refused.failure.detail.split("left. ")[1] };
    };
    const tokens = { tokensPerDay: 2_000 };
    const never = "Ask for less by maxOutputTokens (1940 at most).";
    expect(said(tokens, { output: 4_096 })).toEqual({ after: undefined, says: never });
    expect(take(tokens, { output: 1_940 }).ok).toBe(true);
    // Today has room for nothing any more, tomorrow for as much.
    const later = "Ask tomorrow (UTC) with maxOutputTokens of 1940 at most.";
    expect(said(tokens, { output: 4_096 })).toEqual({ after: undefined, says: later });
    expect(said(tokens, { output: 1_000 })).toEqual({ after: 43_200, says: "Ask tomorrow (UTC)." });
    const long = "What goes in alone is more than a day's budget: shorten the prompt, or begin another chat.";
    expect(said(tokens, { context: 3_000 })).toEqual({ after: undefined, says: long });
    // Of money, by the price.
    quota.forfeit("chat", NOON);
    const dollars = { dollarsPerDay: 2.6 };
    const byPrice = { after: undefined, says: "Ask for less by maxOutputTokens (200 at most)." };
    expect(said(dollars, { output: 4_096, now: NOON + 24 * 3_600_000 })).toEqual(byPrice);
    expect(take(dollars, { output: 200, now: NOON + 24 * 3_600_000 }).ok).toBe(true);
  });

  test("of money is what receipts say, and held by the price", () => {
    const limits = { dollarsPerDay: 2.5 };
    const { hold } = take(limits);
    expect([take(limits).ok, take(limits).ok]).toEqual([true, false]);
    settle("chat.1", hold, 100, 0.25);
    expect(take(limits).ok).toBe(true);
    expect(quota.usage(NOON).dollarsToday).toBeCloseTo(2.25, 12);
  });

  test("begins again at midnight, UTC; what is being written then counts to the day in which it ends", () => {
    const limits = { tokensPerDay: 100 };
    settle("chat.1", take(limits).hold, 100);
    const { hold } = take(limits, { now: NOON + 12 * 3_600_000, input: 10, output: 10 });
    expect(quota.usage(NOON + 12 * 3_600_000).tokensToday).toBe(20);
    settle("chat.2", hold, 25, 0, NOON + 13 * 3_600_000);
    expect([quota.usage(NOON).tokensToday, quota.usage(NOON + 13 * 3_600_000).tokensToday]).toEqual([100, 25]);
  });

  test("is not given back by deleting the chat", () => {
    take({});
    quota.forfeit("chat", NOON);
    expect(quota.usage(NOON)).toMatchObject({ tokensToday: 100, answersNow: 0, dollarsToday: 1 });
  });
});

test("each limit there is tells how it stands", () => {
  const limits = { ...NONE, asksPerMinute: 5, answersAtOnce: 3, dollarsPerDay: 2 };
  take(limits);
  expect(quota.standings(limits, NOON)).toEqual([
    { name: "asks", quota: 5, window: 60, remaining: 4, reset: 60 },
    { name: "answers", quota: 3, window: null, remaining: 2, reset: null },
    { name: "cents", quota: 200, window: 86_400, remaining: 100, reset: 43_200 },
  ]);
  expect(quota.standings(NONE, NOON)).toEqual([]);
});
