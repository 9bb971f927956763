// How much one read waits for. Entering the isolate is most of what a token costs, so where many streams run in one
// isolate, each waits for several events at a time: never for the first ones, never for those of a slow model, and never
// longer than a person would notice. Where few run, each event is shown as it comes.

/** Events a second in this isolate up to which each is read as it comes; beyond, each read brings more. */
const CALM = 1_500;
const MOST = 6;
/** Events may wait this long for the ones after them, milliseconds: a few frames of a screen. */
const HOLD_MS = 60;
/** Beyond so many a second an isolate can't read them one by one at all, and they wait longer if nobody makes them. */
const FULL = 6_000;
const HOLD_WHEN_FULL_MS = 240;
/** A stream's pace is judged by so many events at a time, and the isolate's by so many milliseconds. */
const JUDGED_EVENTS = 16;
const JUDGED_MS = 250;

/** What all streams of this isolate bring together. */
export class Traffic {
  #count = 0;
  #since = 0;
  /** Events a second. */
  rate = 0;

  /** `now` in milliseconds, of any clock. */
  add(events: number, now: number): void {
    this.#count += events;
    const elapsed = now - this.#since;
    if (elapsed < JUDGED_MS) return;
    this.rate = (this.#count * 1_000) / elapsed;
    this.#count = 0;
    this.#since = now;
  }
}

/** The pace of one stream. */
export class ReadPace {
  readonly #traffic: Traffic;
  #count = 0;
  #bytes = 0;
  #since: number | undefined;
  /** Milliseconds from one event to the next, and the bytes of one; as last judged. */
  #interval = Number.POSITIVE_INFINITY;
  #size = 0;
  /** What rounding has left over: two reads of one and a half events are one of one and one of two. */
  #owed = 0;

  constructor(traffic: Traffic) {
    this.#traffic = traffic;
  }

  /** Takes what a read brought, and gives the bytes the next one should wait for. */
  next(events: number, bytes: number, now: number): number {
    this.#traffic.add(events, now);
    this.#since ??= now;
    this.#count += events;
    this.#bytes += bytes;
    if (this.#count >= JUDGED_EVENTS) this.#judge(now, this.#since);
    const { rate } = this.#traffic;
    const hold = rate > FULL ? HOLD_WHEN_FULL_MS : HOLD_MS;
    const wanted = Math.min(MOST, rate / CALM, 1 + Math.floor(hold / this.#interval));
    if (wanted <= 1) return 1;
    this.#owed += wanted;
    const reads = Math.floor(this.#owed);
    this.#owed -= reads;
    // Half an event short of the sum, because they are not all of one size.
    return reads === 1 ? 1 : Math.floor((reads - 0.5) * this.#size);
  }

  #judge(now: number, since: number): void {
    this.#interval = Math.max((now - since) / this.#count, 1);
    this.#size = this.#bytes / this.#count;
    this.#count = 0;
    this.#bytes = 0;
    this.#since = now;
  }
}
