// From what a person types to what finds it here: every word must be there, the last may be unfinished.
import { fold, wordsOf } from "../protocol/words.ts";

/** Whether every word of the query is somewhere in a chat's title. */
export function matchesTitle(query: string): (title: string) => boolean {
  const words = wordsOf(fold(query));
  return (title) => words.length > 0 && words.every((word) => fold(title).includes(word));
}

/** The FTS5 expression for words of `searchWords`, of which there is one at least. */
export function matchOf(words: readonly string[]): string {
  return words
    .map((word) => `"${word}"`)
    .join(" AND ")
    .concat("*");
}
