import { expect, it } from "vitest";
import type { Receipt } from "../../protocol/records.ts";
import type { RunState } from "../../protocol/reduce.ts";
import { sumRuns } from "./sums.ts";

const run = (receipt: Partial<Receipt> | null) => ({ receipt: receipt && { recoveries: [], ...receipt } }) as RunState;

it("adds what is known and says how much is not", () => {
  expect(sumRuns([run(null)])).toMatchObject({ answers: 0, cost: null });
  expect(sumRuns([run({ cost: null })])).toMatchObject({ answers: 1, cost: null, unknownCosts: 1 });
  const recoveries = [
    { mode: "reattach", at: 3, madeTwice: 0 },
    { mode: "continue", at: 9, madeTwice: 4 },
  ] as const;
  const saved = { ms: 900, inputTokens: 1, outputTokens: 2, cost: 0.2 };
  expect(sumRuns([run({ cost: 0.5, cache: "hit", saved }), run({ cost: null, recoveries: [...recoveries] })])).toEqual({
    answers: 2,
    hits: 1,
    cost: 0.5,
    saved: { cost: 0.2, ms: 900 },
    unknownCosts: 1,
    recoveries: 2,
    madeTwice: 4,
  });
});
