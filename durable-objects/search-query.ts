// From what a person types to what FTS5 takes: every word must be there, the last may be unfinished.

/** Around each match in a snippet: characters that isolate text direction and are invisible if left in place. */
export const SNIPPET_OPEN = "\u2068";
export const SNIPPET_CLOSE = "\u2069";

/** The FTS5 expression, or undefined when there is no word to look for. */
export function matchQuery(query: string): string | undefined {
  const words = query.match(/[\p{L}\p{N}\p{M}]+/gu);
  return words
    ?.map((word) => `"${word}"`)
    .join(" AND ")
    .concat("*");
}
