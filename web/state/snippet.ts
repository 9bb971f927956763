// A search hit's snippet: matches stand between U+2068 and U+2069.

export interface SnippetPart {
  text: string;
  match: boolean;
}

/** The marks of a heading, of weight and of code: in one line of text they say nothing. */
const MARKS = /(^|[\s…])#{1,6}\s+|\*\*|`+/g;

export function splitSnippet(snippet: string): SnippetPart[] {
  return snippet
    .replace(MARKS, "$1")
    .split(/(\u2068[^\u2068\u2069]*\u2069)/)
    .filter((part) => part !== "")
    .map((part) => ({ text: part.replace(/[\u2068\u2069]/g, ""), match: part.startsWith("\u2068") }));
}
