// When shown text is promised. A row is the unit of cost and a promise the unit of safety: the first commit comes
// early, because a reader who leaves at once should find something; later ones come each second and a half, which keeps
// a thousand-token answer under two dozen rows and the text a crash can take under one and a half seconds of it.
import { COMMIT_LENGTH, COMMIT_MS, FIRST_COMMIT_MS } from "../protocol/commits.ts";

/** A model that thinks may send an event each second without a word: only how far one has read moves, and can wait, ms. */
const WORDLESS_MS = 30_000;

export interface Uncommitted {
  /** Code units shown since the last commit. */
  length: number;
  /** When the first of them was shown, Unix ms. */
  since: number;
  /** Whether this run has committed text before. */
  first: boolean;
  /** Somebody waits for the promise. */
  waited: boolean;
  /** A bookmark came and none is on disk yet: losing it would mean paying for the whole answer again. */
  firstBookmark: boolean;
}

/** When to commit, Unix ms; a time that has passed means now. */
export function commitDue(uncommitted: Uncommitted): number {
  if (uncommitted.firstBookmark || uncommitted.length >= COMMIT_LENGTH) return uncommitted.since;
  if (uncommitted.length === 0 && !uncommitted.waited) return uncommitted.since + WORDLESS_MS;
  return uncommitted.since + (uncommitted.first ? FIRST_COMMIT_MS : COMMIT_MS);
}
