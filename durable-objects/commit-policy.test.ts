import { describe, expect, test } from "vitest";
import { COMMIT_LENGTH, COMMIT_MS, FIRST_COMMIT_MS } from "../protocol/commits.ts";
import { commitDue } from "./commit-policy.ts";

const since = 5_000;
const some = { length: 10, since, first: false, waited: false, firstBookmark: false };

describe("when shown text is promised", () => {
  test("the first early, later ones at the usual pace", () => {
    expect(commitDue({ ...some, first: true })).toBe(since + FIRST_COMMIT_MS);
    expect(commitDue(some)).toBe(since + COMMIT_MS);
  });

  test("at once when there is much of it, or when losing it would cost the whole answer", () => {
    expect(commitDue({ ...some, length: COMMIT_LENGTH })).toBe(since);
    expect(commitDue({ ...some, length: COMMIT_LENGTH - 1 })).toBeGreaterThan(since);
    expect(commitDue({ ...some, length: 0, firstBookmark: true })).toBe(since);
  });

  test("with what comes next when there is no word in it, unless somebody waits for it", () => {
    expect(commitDue({ ...some, length: 0 })).toBe(Number.POSITIVE_INFINITY);
    expect(commitDue({ ...some, length: 0, waited: true })).toBe(since + COMMIT_MS);
  });

  test("a thousand tokens at fifty a second stay under two dozen rows", () => {
    const commits = 1 + Math.ceil((20_000 - FIRST_COMMIT_MS) / COMMIT_MS);
    // Besides: the message, the run's first and last record, and its own row, written twice.
    expect(commits + 5).toBeLessThan(24);
  });
});
