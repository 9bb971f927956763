// Offsets: where a record stands in its chat's log. On every wire an offset is an opaque, fixed-width string that
// sorts as text; inside the chat's object it is a position, an integer from 1. Only this file knows both.

const WIDTH = 12;

/** The offset before the first record: a reader that has nothing. */
export const BEGINNING = "-1";
/** The offset of whatever is last at this moment: a reader that wants only what comes next. */
export const NOW = "now";

/** What a reader asks to resume from: after a position (0 is the beginning), or from now on. */
export type ResumePoint = number | typeof NOW;

export function formatOffset(position: number): string {
  return position.toString(16).padStart(WIDTH, "0");
}

/** The resume point a wire token stands for, or `undefined` when the token is not one we could have given. */
export function parseOffset(token: string): ResumePoint | undefined {
  if (token === BEGINNING) return 0;
  if (token === NOW) return NOW;
  return new RegExp(`^[0-9a-f]{${WIDTH}}$`).test(token) ? Number.parseInt(token, 16) : undefined;
}
