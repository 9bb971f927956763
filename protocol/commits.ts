// When shown text is promised, as PROTOCOL.md states it. What a crash can take is bounded by these.

/** Text shown but not promised may grow to this, UTF-16 code units. */
export const COMMIT_LENGTH = 4096;
/** From a run's first word to its first promise, ms. */
export const FIRST_COMMIT_MS = 250;
/** Between two promises of a run, ms. */
export const COMMIT_MS = 1500;
