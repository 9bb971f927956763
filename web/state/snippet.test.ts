import { expect, it } from "vitest";
import { splitSnippet } from "./snippet.ts";

it("tells the matches from the text around them", () => {
  expect(splitSnippet("a \u2068match\u2069 and \u2068more\u2069")).toEqual([
    { text: "a ", match: false },
    { text: "match", match: true },
    { text: " and ", match: false },
    { text: "more", match: true },
  ]);
  expect(splitSnippet("## How \u2068a\u2069 row\u2026 # is **kept** in `C# 12`")).toEqual([
    { text: "How ", match: false },
    { text: "a", match: true },
    { text: " row\u2026 is kept in C# 12", match: false },
  ]);
  expect(splitSnippet("none")).toEqual([{ text: "none", match: false }]);
  expect(splitSnippet("a lone \u2068 mark")).toEqual([{ text: "a lone  mark", match: false }]);
});
