// From what a person types to what FTS5 takes: every word must be there, the last may be unfinished.

/** Around each match in a snippet: characters that isolate text direction and are invisible if left in place. */
export const SNIPPET_OPEN = "\u2068";
export const SNIPPET_CLOSE = "\u2069";

const wordsOf = (text: string): string[] => text.match(/[\p{L}\p{N}\p{M}]+/gu) ?? [];

/** Case and accents are no difference, as in FTS5's `unicode61 remove_diacritics 2`. */
const fold = (text: string): string => text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();

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
