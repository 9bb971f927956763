// Words as Postgres keeps and finds them. Its own parsers split text by the database's locale and know other words than
// the chats' objects do, so the vectors are made here; what finds a message in one place finds it in the other.
import { fold, wordsOf } from "../protocol/words.ts";

/** A longer word can only be asked for by its beginning: no query has as many characters. */
const MAX_WORD_LENGTH = 255;
/** Postgres holds 1 MB in a vector, an object 2 MB in a row; what is beyond this is not found. Three bytes a code unit at most. */
const MAX_VECTOR_BYTES = 600_000;
/** Where a word stands is kept for ranking: as far as Postgres counts, and not each time it occurs. */
const MAX_PLACE = 16_383;
const MAX_PLACES = 8;

/** The words of a text or a query, as every search knows them. */
export const searchWords = (text: string): string[] => wordsOf(fold(text)).map(cut);

/** Never within a character: Postgres takes no half ones. */
const cut = (word: string): string =>
  word.length <= MAX_WORD_LENGTH ? word : word.slice(0, MAX_WORD_LENGTH).replace(/[\ud800-\udbff]$/, "");

const quote = (lexeme: string): string => `'${lexeme.replaceAll("\\", "\\\\").replaceAll("'", "''")}'`;

/** The owner is a word too, which no text has: so the index alone finds what is one's own. */
const ownerWord = (owner: string): string => quote(`@${owner}`);

/** The words by which a message is found, and where in its text they stand. */
export function placesOf(text: string): Map<string, number[]> {
  const places = new Map<string, number[]>();
  let bytes = 0;
  for (const [index, word] of searchWords(text).entries()) {
    let known = places.get(word);
    if (!known) {
      bytes += word.length * 3 + MAX_PLACES * 2;
      if (bytes > MAX_VECTOR_BYTES) break;
      known = [];
      places.set(word, known);
    }
    if (known.length < MAX_PLACES) known.push(Math.min(index + 1, MAX_PLACE));
  }
  return places;
}

/** A message's text as a `tsvector`. */
export function vectorOf(owner: string, text: string): string {
  const words = [...placesOf(text)].map(([word, at]) => `${quote(word)}:${at.join(",")}`);
  return [ownerWord(owner), ...words].join(" ");
}

export interface TextQuery {
  /** As a `tsquery`: what must be found, and whose it must be. */
  words: string;
  owner: string;
  /** Folded; the last may be unfinished. */
  folded: string[];
}

/** Undefined when there is no word to look for. */
export function queryOf(owner: string, query: string): TextQuery | undefined {
  const folded = searchWords(query);
  if (folded.length === 0) return undefined;
  const words = folded.map(quote).join(" & ").concat(":*");
  return { words, owner: ownerWord(owner), folded };
}
