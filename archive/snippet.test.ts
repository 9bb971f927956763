import { describe, expect, test } from "vitest";
import { snippetOf } from "./snippet.ts";

const long = Array.from({ length: 60 }, (_, i) => `w${i}`).join(" ");

describe("a snippet", () => {
  test.each([
    ["a short text as a whole", "Le café, fermé.", ["cafe"], "Le \u2068café\u2069, fermé."],
    [
      "the last word by its beginning",
      "Why is the sky blue?",
      ["why", "blu"],
      "\u2068Why\u2069 is the sky \u2068blue\u2069?",
    ],
    ["no other word by its beginning", "whys and why", ["why", "x"], "whys and \u2068why\u2069"],
    [
      "what is around the match, and that there is more",
      long,
      ["w30"],
      "…w26 w27 w28 w29 \u2068w30\u2069 w31 w32 w33 w34 w35 w36 w37 w38 w39 w40 w41…",
    ],
    [
      "the end of a text",
      long,
      ["w59"],
      "…w44 w45 w46 w47 w48 w49 w50 w51 w52 w53 w54 w55 w56 w57 w58 \u2068w59\u2069",
    ],
    [
      "the place with the most of the words",
      `${long} w3 w7`,
      ["w3", "w7", "w59"],
      "…w46 w47 w48 w49 w50 w51 w52 w53 w54 w55 w56 w57 w58 \u2068w59\u2069 \u2068w3\u2069 \u2068w7\u2069",
    ],
  ])("shows %s", (_, text, asked, snippet) => {
    expect(snippetOf(text, asked)).toBe(snippet);
  });
});
