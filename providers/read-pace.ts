// How much one read waits for. Entering the isolate is most of what a token costs, so where many streams run in one
// isolate, each waits for several events at a time: never for the first ones, nor for those of a slow model. Where few
// run, each event is shown as it comes.

/** Events a second in this isolate up to which each is read as it comes; beyond, each read brings more. */
const CALM = 1_500;
const MOST = 6;
/** Events may wait this long for the ones after them, milliseconds: a few frames of a screen. */
const HOLD_MS = 60;
/** Beyond so many a second an isolate can't read them one by one at all, and they wait longer if nobody makes them. */
const FULL = 6_000;
const HOLD_WHEN_FULL_MS = 240;
/** A stream's pace is judged by so many events at a time: its first ones are read as they come, a short answer's all. */
const JUDGED = 32;

/** How often the isolate's traffic is added up, and how long a silent stream is part of it, milliseconds. */
const ADDED_UP_MS = 250;
const SILENT_MS = 2_000;

/** What all streams of this isolate bring together. */
export class Traffic {
  readonly #streams = new Map<ReadPace, number>();
  #addedUp = Number.NEGATIVE_INFINITY;
  /** Events a second. */
  rate = 0;

  /** A stream is over. */
  left(stream: ReadPace): void {
    if (this.#streams.delete(stream)) this.rate = Math.max(0, this.rate - stream.rate);
  }

  /** A stream brought something. One that was lost with its object is left out soon after its last. */
  heard(stream: ReadPace, now: number): void {
    this.#streams.set(stream, now);
    if (now - this.#addedUp < ADDED_UP_MS) return;
    this.#addedUp = now;
    this.rate = 0;
    for (const [each, last] of this.#streams) {
      if (now - last > SILENT_MS) this.#streams.delete(each);
      else this.rate += each.rate;
    }
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

  /** Events a second; 0 before it was judged. */
  get rate(): number {
    return 1_000 / this.#interval;
  }

  /** The stream is over; the isolate's others wait for its events no more. */
  over(): void {
    this.#traffic.left(this);
  }

  /** Takes what a read brought, at `now` (ms, of any clock), and gives the bytes the next one should wait for. */
  next(events: number, bytes: number, now: number): number {
    this.#traffic.heard(this, now);
    // The first read starts the clock.
    if (this.#since === undefined) {
      this.#since = now;
      return 1;
    }
    this.#count += events;
    this.#bytes += bytes;
    if (this.#count >= JUDGED) this.#judge(now, this.#since);
    const { rate } = this.#traffic;
    const hold = rate > FULL ? HOLD_WHEN_FULL_MS : HOLD_MS;
    const wanted = Math.min(MOST, rate / CALM, 1 + Math.floor(hold / this.#interval));
    if (wanted <= 1) return 1;
    this.#owed += wanted;
    const waitFor = Math.floor(this.#owed);
    this.#owed -= waitFor;
    // Half an event short of the sum, because they are not all of one size.
    return waitFor === 1 ? 1 : Math.floor((waitFor - 0.5) * this.#size);
  }

  #judge(now: number, since: number): void {
    const measured = Math.max((now - since) / this.#count, 1);
    const before = this.#interval;
    // Faster is soon believed, slower only a twentieth at a time: a stream that an overloaded isolate reads late is not a
    // slow model's, and to take it for one would make the overload last.
    if (before === Number.POSITIVE_INFINITY) this.#interval = measured;
    else this.#interval = measured < before ? (before + measured) / 2 : Math.min(measured, before * 1.05);
    this.#size = this.#bytes / this.#count;
    this.#count = 0;
    this.#bytes = 0;
    this.#since = now;
  }
}
