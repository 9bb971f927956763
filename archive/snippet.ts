// The part of a text where it matches, with the matches marked: as many of the query's words as can stand together.
import { fold, SNIPPET_CLOSE, SNIPPET_OPEN, WORD } from "../protocol/words.ts";

const WORDS_SHOWN = 16;
/** Words before the first match, where the text has more than is shown. */
const LEAD = 4;

interface Found {
  start: number;
  end: number;
  /** Which of the query's words it is; -1 for none. */
  asked: number;
}

/** `asked` are the query's words, folded; the last may be unfinished. */
export function snippetOf(text: string, asked: readonly string[]): string {
  const last = asked.length - 1;
  const words = [...text.matchAll(WORD)].map(({ 0: word, index: start }): Found => {
    const folded = fold(word);
    const exact = asked.indexOf(folded);
    const begins = exact === -1 && folded.startsWith(asked[last] ?? " ");
    return { start, end: start + word.length, asked: begins ? last : exact };
  });
  const from = bestStart(words);
  const shown = words.slice(from, from + WORDS_SHOWN);
  const first = from === 0 ? 0 : (shown[0]?.start ?? 0);
  const through = from + WORDS_SHOWN < words.length ? (shown.at(-1)?.end ?? 0) : text.length;
  let snippet = from === 0 ? "" : "…";
  let at = first;
  for (const { start, end, asked: word } of shown) {
    if (word === -1) continue;
    snippet += `${text.slice(at, start)}${SNIPPET_OPEN}${text.slice(start, end)}${SNIPPET_CLOSE}`;
    at = end;
  }
  return `${snippet}${text.slice(at, through)}${through < text.length ? "…" : ""}`;
}

/** Where a window begins that shows the most different words of the query; the earliest of the best. */
function bestStart(words: readonly Found[]): number {
  let best = { distinct: 0, start: 0 };
  for (const [index, { asked }] of words.entries()) {
    if (asked === -1) continue;
    const within = words.slice(index, index + WORDS_SHOWN - LEAD);
    const distinct = new Set(within.flatMap((word) => (word.asked === -1 ? [] : [word.asked]))).size;
    if (distinct > best.distinct) best = { distinct, start: Math.max(0, index - LEAD) };
  }
  return words.length <= WORDS_SHOWN ? 0 : Math.min(best.start, words.length - WORDS_SHOWN);
}
