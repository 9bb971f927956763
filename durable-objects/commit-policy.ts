// When shown text is promised. A row is the unit of cost and a promise the unit of safety: the first commit comes
// early, because a reader who leaves at once should find something; later ones come each second and a half, which keeps
// a thousand-token answer under two dozen rows and the text a crash can take under one and a half seconds of it.
import { COMMIT_LENGTH, COMMIT_MS, FIRST_COMMIT_MS } from "../protocol/commits.ts";

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

/** When to commit, Unix ms; a time that has passed means now, Infinity not for this. */
export function commitDue(uncommitted: Uncommitted): number {
  if (uncommitted.firstBookmark || uncommitted.length >= COMMIT_LENGTH) return uncommitted.since;
  // A model that thinks sends events without a word: how far they were read goes with the next word, or is read again.
  if (uncommitted.length === 0 && !uncommitted.waited) return Number.POSITIVE_INFINITY;
  return uncommitted.since + (uncommitted.first ? FIRST_COMMIT_MS : COMMIT_MS);
}
