// How fast an answer comes while it is watched: time to its first word and its rate, by what this page saw. The
// receipt has the true figures; these are for the wait until it is there. Pure: times are passed in.

/** The rate is taken over this long, ms. */
const WINDOW = 3_000;
/** No closer than this are two samples worth having, ms. */
const APART = 100;
/** Characters a token, about, in the languages the page speaks. */
const CHARACTERS_A_TOKEN = 4;

export interface Pace {
  /** When it was asked here; `null` when it was asked elsewhere, and the wait is not ours to tell. */
  askedAt: number | null;
  firstAt: number | null;
  /** (time, length of the text) within the window. */
  samples: readonly { at: number; length: number }[];
}

export const startPace = (askedAt: number | null): Pace => ({ askedAt, firstAt: null, samples: [] });

export function notePace(pace: Pace, length: number, now: number): Pace {
  const last = pace.samples.at(-1);
  if (length === 0 || (last && now - last.at < APART)) return pace;
  const samples = [...pace.samples.filter(({ at }) => now - at <= WINDOW), { at: now, length }];
  return { ...pace, firstAt: pace.firstAt ?? now, samples };
}

/** Tokens a second, about; `null` until there is enough to tell. */
export function tokensPerSecond(pace: Pace): number | null {
  const [first] = pace.samples;
  const last = pace.samples.at(-1);
  if (!first || !last || last.at - first.at < 500) return null;
  return ((last.length - first.length) / CHARACTERS_A_TOKEN / (last.at - first.at)) * 1000;
}

/** From the ask to the first text, ms; `null` while or where it cannot be told. */
export function firstWordAfter({ askedAt, firstAt }: Pace): number | null {
  return askedAt === null || firstAt === null ? null : firstAt - askedAt;
}
