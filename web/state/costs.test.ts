import { describe, expect, it } from "vitest";
import { ASSUMED, costsOf, LIST_PRICES, ROWS, type TierCost, type Usage } from "./costs.ts";

const costs = (usage: Partial<Usage> = {}) => {
  const of = costsOf({ ...ASSUMED, ...usage }, LIST_PRICES);
  return Object.fromEntries(of.map((cost) => [cost.tier, cost])) as Record<TierCost["tier"], TierCost>;
};

describe("what a tier costs", () => {
  it("is the model's tokens and the work around them", () => {
    const { mvp } = costs();
    // 150,000 answers of 600 tokens at $3 and 800 at $15 a million.
    expect(mvp.parts.model).toBeCloseTo(2_070, 5);
    expect(mvp.total).toBeCloseTo(mvp.parts.model + mvp.parts.edge, 9);
    expect(mvp.each).toBeCloseTo(mvp.total / 150_000, 12);
    expect(mvp.parts.cache + mvp.parts.workflow).toBe(0);
  });

  it("falls with the hit rate in the cached tier, and there only", () => {
    const cold = costs({ hitRate: 0 });
    const warm = costs({ hitRate: 0.5 });
    expect(warm.redis.parts.model).toBeCloseTo(cold.redis.parts.model / 2, 6);
    expect(warm.redis.total).toBeLessThan(cold.redis.total);
    expect(warm.mvp).toEqual(cold.mvp);
    expect(warm.temporal).toEqual(cold.temporal);
    // Without a hit the cache is only work besides.
    expect(cold.redis.total).toBeGreaterThan(cold.mvp.total);
    expect(costs({ hitRate: 1 }).redis.parts.model).toBe(0);
  });

  it("never bills one worker for more hours than a month has", () => {
    const { temporal } = costs({ usersADay: 10_000_000 });
    const actions = temporal.parts.workflow - 30 * 24 * LIST_PRICES.container;
    expect(actions).toBeGreaterThan(0);
  });

  it("counts the rows a 1,000-token answer at 50 a second is measured to write, 22 in its chat, and its person's", () => {
    const { mvp } = costs({ outputTokens: 1_000, tokensASecond: 50 });
    expect(Math.round(mvp.work.rows - ROWS.ofPerson)).toBe(22);
  });

  it("makes of a hit and of a miss what each takes, by how often each comes", () => {
    const [none, half, all] = [0, 0.5, 1].map((hitRate) => costs({ hitRate }).redis.work);
    expect(half?.commands).toBeCloseTo(((none?.commands ?? 0) + (all?.commands ?? 0)) / 2, 9);
    expect(all?.rows).toBeLessThan(none?.rows ?? 0);
  });

  it("is nothing where nobody asks", () => {
    for (const cost of Object.values(costs({ usersADay: 0 }))) expect(cost).toMatchObject({ total: 0, each: 0 });
  });
});
