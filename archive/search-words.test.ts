import { describe, expect, test } from "vitest";
import { queryOf, vectorOf } from "./search-words.ts";

describe("a vector", () => {
  test("has each word once, folded, with its places, and whose it is", () => {
    expect(vectorOf("me", "L’Été, l'été!")).toBe("'@me' 'l':1,3 'ete':2,4");
  });

  test("takes an owner with any characters", () => {
    expect(vectorOf("o'b\\", "")).toBe("'@o''b\\\\'");
  });

  test("cuts words that are longer than any query, and stops before Postgres would refuse it", () => {
    expect(vectorOf("me", "x".repeat(1_000))).toBe(`'@me' '${"x".repeat(255)}':1`);
    const many = Array.from({ length: 200_000 }, (_, i) => `數${i}`).join(" ");
    expect(new TextEncoder().encode(vectorOf("me", many)).length).toBeLessThan(1_000_000);
  });
});

test("a query without a word is none", () => {
  expect(queryOf("me", " + ' \u0301 ")).toBeUndefined();
  expect(queryOf("me", "Été ZO")).toMatchObject({ words: "'ete' & 'zo':*", folded: ["ete", "zo"] });
});
