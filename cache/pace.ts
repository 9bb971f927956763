// The pace of an answer: when each piece of it had come. Compact, because it is kept beside the text: a flat list of
// pairs, the piece's length in UTF-16 code units and the milliseconds since the piece before it (the first: since the ask).

export type Pace = number[];

export interface PacedPiece {
  text: string;
  /** Milliseconds since the ask. */
  at: number;
}

/** What comes within one of these is one piece. */
const GRAIN_MS = 10;
/** An answer in more pieces than this is kept in coarser ones. */
const MAX_PIECES = 4_096;

/** Notes how the text of one answer grows. What is taken back is forgotten. */
export class PaceNotes {
  #marks: { length: number; at: number }[] = [];

  /** From `at` ms after the ask on, the text is `length` long. */
  note(length: number, at: number): void {
    const marks = this.#marks;
    for (let last = marks.at(-1); last && last.length >= length; last = marks.at(-1)) marks.pop();
    const last = marks.at(-1);
    if (last && at - last.at < GRAIN_MS) last.length = length;
    else if (length > 0) marks.push({ length, at });
  }

  /** The pace of a text of `length` code units; what was not noted comes with what was noted after it. */
  pace(length: number): Pace {
    const every = Math.ceil(this.#marks.length / MAX_PIECES);
    const pace: Pace = [];
    let before = { length: 0, at: 0 };
    this.#marks.forEach((mark, index) => {
      if (index % every > 0 && index < this.#marks.length - 1) return;
      const upTo = Math.min(mark.length, length);
      pace.push(upTo - before.length, Math.max(0, Math.round(mark.at - before.at)));
      before = { length: upTo, at: mark.at };
    });
    if (before.length < length) pace.push(length - before.length, 0);
    return pace;
  }
}

/** The text in its pieces. A pace that does not fit the text, by whatever accident, still gives all of it. */
export function paced(text: string, pace: Pace): PacedPiece[] {
  const pieces: PacedPiece[] = [];
  let from = 0;
  let at = 0;
  for (let i = 0; i + 1 < pace.length && from < text.length; i += 2) {
    at += pace[i + 1] ?? 0;
    const piece = text.slice(from, from + (pace[i] ?? 0));
    if (piece) pieces.push({ text: piece, at });
    from += piece.length;
  }
  if (from < text.length) pieces.push({ text: text.slice(from), at });
  return pieces;
}
