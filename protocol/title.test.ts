import { describe, expect, test } from "vitest";
import { titleFrom } from "./title.ts";

describe("a title from a first message", () => {
  test("is the message when that is short, on one line", () => {
    expect(titleFrom("  What is\n\n a  monad? ")).toBe("What is a monad?");
  });

  test("ends at a word", () => {
    const title = titleFrom("Explain to me in simple words why the sky is blue and the sunset is red");
    expect(title).toBe("Explain to me in simple words why the sky is blue and the…");
  });

  test("ends anywhere where there are no words, but never inside a character", () => {
    expect(titleFrom("漢".repeat(100))).toBe(`${"漢".repeat(60)}…`);
    expect(titleFrom(`a${"😀".repeat(100)}`).isWellFormed()).toBe(true);
  });

  test("of nothing is nothing", () => {
    expect(titleFrom(" \n ")).toBe("");
  });
});
