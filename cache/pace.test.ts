import { describe, expect, test } from "vitest";
import { PaceNotes, paced } from "./pace.ts";

function noted(...marks: [length: number, at: number][]): PaceNotes {
  const notes = new PaceNotes();
  for (const [length, at] of marks) notes.note(length, at);
  return notes;
}

describe("a pace", () => {
  test("gives each piece when it came", () => {
    const pace = noted([2, 100], [5, 150]).pace(5);
    expect(pace).toEqual([2, 100, 3, 50]);
    expect(paced("abcde", pace)).toEqual([
      { text: "ab", at: 100 },
      { text: "cde", at: 150 },
    ]);
  });

  test("joins what comes within ten milliseconds, and forgets what was taken back", () => {
    expect(noted([2, 100], [3, 105], [4, 112]).pace(4)).toEqual([3, 100, 1, 12]);
    expect(noted([2, 100], [8, 200], [4, 900]).pace(4)).toEqual([2, 100, 2, 800]);
    expect(noted([2, 100], [0, 200], [4, 900]).pace(4)).toEqual([4, 900]);
  });

  test("of a text that was noted in part gives all of it", () => {
    expect(paced("abcde", noted([2, 100]).pace(5))).toEqual([
      { text: "ab", at: 100 },
      { text: "cde", at: 100 },
    ]);
    expect(paced("abc", [2, 100])).toEqual([
      { text: "ab", at: 100 },
      { text: "c", at: 100 },
    ]);
    expect(paced("ab", [5, 1, 5, 1])).toEqual([{ text: "ab", at: 1 }]);
    expect(paced("", [])).toEqual([]);
  });

  test("of a very long answer is kept in coarser pieces that are still all of it", () => {
    const notes = new PaceNotes();
    for (let n = 1; n <= 10_000; n++) notes.note(n, n * 20);
    const pace = notes.pace(10_000);
    expect(pace.length).toBeLessThanOrEqual(2 * 4_096);
    const pieces = paced("x".repeat(10_000), pace);
    expect(pieces.map(({ text }) => text).join("")).toHaveLength(10_000);
    expect(pieces.at(-1)?.at).toBe(200_000);
  });
});
