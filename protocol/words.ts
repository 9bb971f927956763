// How text is taken apart for search, and how a match is shown. Every search takes the same words: a run of letters and
// digits is one, and neither case nor accents are a difference.

/** Around each match in a snippet: characters that isolate text direction and are invisible if left in place. */
export const SNIPPET_OPEN = "\u2068";
export const SNIPPET_CLOSE = "\u2069";

export const WORD = /[\p{L}\p{N}\p{M}]+/gu;

export const wordsOf = (text: string): string[] => text.match(WORD) ?? [];

/** Marks go, but for those that make another letter of a kana. */
const MARKS = /(?![\u3099\u309a])\p{M}/gu;

export function fold(text: string): string {
  const bare = text.normalize("NFD").replace(MARKS, "").normalize("NFC");
  return bare.toLowerCase().replaceAll("ς", "σ");
}
