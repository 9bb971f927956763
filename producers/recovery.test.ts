import { describe, expect, test } from "vitest";
import { COMMIT_LENGTH, COMMIT_MS } from "../protocol/commits.ts";
import { MAX_OUTPUT_TOKENS } from "../protocol/limits.ts";
import type { RecoveryPolicy } from "../protocol/requests.ts";
import type { ProducerState } from "./office.ts";
import { isFinal, lostTokens, MAX_RECOVERIES, nextRung, type Rung } from "./recovery.ts";

const bookmark = { responseId: "r", sequenceNumber: 1 };

describe("the ladder", () => {
  /** The rungs in the order in which they are tried when each of them fails. */
  const climb = (policy: RecoveryPolicy, kept: boolean): Rung[] => {
    const failed = new Set<Rung>();
    const rungs: Rung[] = [];
    for (;;) {
      const rung = nextRung({ policy, bookmark: kept ? bookmark : null, failed, recoveries: 0 });
      rungs.push(rung);
      if (rung === "replace" || rung === "interrupted") return rungs;
      failed.add(rung);
    }
  };

  test.each<[RecoveryPolicy, boolean, Rung[]]>([
    ["free", true, ["reattach", "interrupted"]],
    ["free", false, ["interrupted"]],
    ["continue", true, ["reattach", "continue", "interrupted"]],
    ["continue", false, ["continue", "interrupted"]],
    ["replace", true, ["reattach", "continue", "replace"]],
    ["replace", false, ["continue", "replace"]],
  ])("policy %s, stream kept %s: %j", (policy, kept, rungs) => {
    expect(climb(policy, kept)).toEqual(rungs);
  });

  test("is not climbed for ever", () => {
    const situation = { policy: "continue", bookmark, failed: new Set<Rung>(), recoveries: MAX_RECOVERIES } as const;
    expect(nextRung(situation)).toBe("interrupted");
    expect(nextRung({ ...situation, policy: "replace" })).toBe("replace");
  });
});

test("what would be refused again is final, what passes is not", () => {
  expect(isFinal("provider_auth")).toBe(true);
  expect(isFinal("provider_context_too_long")).toBe(true);
  expect(isFinal("provider_overloaded")).toBe(false);
  expect(isFinal("provider_stream_cut")).toBe(false);
});

describe("tokens made twice, at most", () => {
  const began = 1_000;
  const state = (time: number): ProducerState => ({ epoch: 1, seq: 9, bookmark: null, time, firstTokenMs: 500 });

  test("follow the run's own pace, over no less than the time between two commits", () => {
    const slow = lostTokens(state(began + 10_500), 100, began, null);
    const fast = lostTokens(state(began + 10_500), 1_000, began, null);
    expect(slow).toBeGreaterThanOrEqual((10 * COMMIT_MS) / 1_000);
    expect(fast).toBe(10 * slow);
  });

  test("are a guess where no pace is known, and never more than fits between two commits", () => {
    expect(lostTokens(null, 0, began, null)).toBeGreaterThan(0);
    expect(lostTokens(state(began + 600), 100_000, began, null)).toBe(COMMIT_LENGTH);
  });

  test("where the provider went on alone count the whole time, up to what an answer can have", () => {
    expect(lostTokens(state(began + 10_500), 100, began, began + 70_500)).toBe(600);
    expect(lostTokens(state(began + 10_500), 100, began, began + 1e12)).toBe(MAX_OUTPUT_TOKENS);
    // Another machine's clock may be behind.
    expect(lostTokens(state(began + 10_500), 100, began, began)).toBeGreaterThan(0);
  });
});
