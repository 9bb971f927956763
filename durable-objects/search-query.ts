// From what a person types to what FTS5 takes: every word must be there, the last may be unfinished.
import { fold, wordsOf } from "../protocol/words.ts";

/** Whether every word of the query is somewhere in a chat's title. */
export function matchesTitle(query: string): (title: string) => boolean {
  const words = wordsOf(fold(query));
  return (title) => words.length > 0 && words.every((word) => fold(title).includes(word));
}

/** The FTS5 expression, or undefined when there is no word to look for. */
export function matchQuery(query: string): string | undefined {
  const words = wordsOf(query);
  if (words.length === 0) return undefined;
  return words
    .map((word) => `"${word}"`)
    .join(" AND ")
    .concat("*");
}
