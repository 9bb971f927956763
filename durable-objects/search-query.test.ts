import { DatabaseSync } from "node:sqlite";
import { describe, expect, test } from "vitest";
import { placesOf, searchWords } from "../archive/search-words.ts";
import { matchOf } from "./search-query.ts";

const texts = [
  "Le café est fermé",
  "why is the sky blue",
  "C++ and C#",
  'quotes "inside" AND OR NOT',
  "日本語 テキスト",
];
const database = new DatabaseSync(":memory:");
database.exec("CREATE VIRTUAL TABLE texts USING fts5 (words, text UNINDEXED, tokenize = 'ascii')");
const insert = database.prepare("INSERT INTO texts VALUES (?, ?)");
for (const text of texts) insert.run([...placesOf(text).keys()].join(" "), text);

function search(query: string): unknown[] {
  return database
    .prepare("SELECT text FROM texts WHERE texts MATCH ?")
    .all(matchOf(searchWords(query)))
    .map(({ text }) => text);
}

describe("search", () => {
  test.each([
    ["every word must be there, in any order", "blue sky", [texts[1]]],
    ["the last word may be unfinished", "why is the sk", [texts[1]]],
    ["earlier words may not", "wh sky", []],
    ["accents and case do not matter", "CAFE ferme", [texts[0]]],
    ["what FTS5 has words for is searched as text", "NOT or and", [texts[3]]],
    ["marks of its language are nothing", '"sky" * - ^ ( : {', [texts[1]]],
    ["a quote does not end the query", 'quotes" OR "sky', []],
    ["other scripts", "日本", [texts[4]]],
  ])("%s", (_, query, found) => {
    expect(search(query)).toEqual(found);
  });

  test.each(["", "  ", "+-*/", '""'])("nothing to look for in %o", (query) => {
    expect(searchWords(query)).toEqual([]);
  });
});
