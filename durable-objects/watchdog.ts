// What brings an object back to its open runs: its alarm. The handler waits for all of them to end, which keeps the object
// in memory with nobody reading; when the process dies in the middle, the platform calls it again, and every open run
// is taken over.
import type { Clock } from "../producers/producer.ts";

/** The platform gives an alarm's handler fifteen minutes; a longer answer goes on under the next alarm. */
const ALARM_MS = 10 * 60_000;
/** It is the first word's turn first: in the object's memory a run needs no alarm yet. */
const WATCHED_AFTER_MS = 100;
/** What is over when it begins waits for more of its kind before it is told of: each alarm is a row, and a sync. */
const TOLD_AFTER_MS = 500;

interface Watched {
  /** Something is open. */
  busy(): boolean;
  /** Takes over what is open. */
  recover(): void;
  /** Resolves when nothing is open. */
  settled(): Promise<void>;
  /** Does what is left to do after that. Gives in how many ms to come back; null when all is done. */
  after(): Promise<number | null>;
}

type AlarmClock = Pick<DurableObjectStorage, "getAlarm" | "setAlarm" | "deleteAlarm">;

export class Watchdog {
  readonly #storage: AlarmClock;
  readonly #clock: Clock;
  #inAlarm = false;
  /** When the alarm rings, Unix ms; null when none is known to be set. */
  #rings: number | null = null;

  constructor(storage: AlarmClock, clock: Clock) {
    this.#storage = storage;
    this.#clock = clock;
  }

  /**
   * In the same transaction as what was just written: whatever happens next, the platform comes back to see it end, or,
   * where it is over already, to tell of it. An alarm that rings before that will do.
   */
  watch(open = true): void {
    const now = this.#clock.now();
    const rings = now + (open ? WATCHED_AFTER_MS : TOLD_AFTER_MS);
    const set = this.#rings !== null && this.#rings >= now && this.#rings <= rings;
    if (!this.#inAlarm && !set) void this.#set(rings);
  }

  /** Comes back after `ms`. */
  lookIn(ms: number): Promise<void> {
    return this.#set(this.#clock.now() + ms);
  }

  /** There is nothing left to come back for. */
  async stop(): Promise<void> {
    this.#rings = null;
    await this.#storage.deleteAlarm();
  }

  #set(rings: number): Promise<void> {
    this.#rings = rings;
    return this.#storage.setAlarm(rings);
  }

  /** The platform gives up an alarm whose handler failed too often. Whoever comes next gives what is open a new one. */
  async watchAgain(): Promise<void> {
    if ((await this.#storage.getAlarm()) === null) this.watch();
  }

  /** The alarm's handler. Gives when it comes back, ms from now; null when it does not. */
  async alarm(watched: Watched): Promise<number | null> {
    this.#inAlarm = true;
    this.#rings = null;
    let again: number | null;
    try {
      watched.recover();
      // A timer that is left running would keep the object in memory, and billed, long after its last run.
      const settled = new AbortController();
      const timeIsUp = scheduler.wait(ALARM_MS, { signal: settled.signal }).catch(() => {});
      await Promise.race([watched.settled(), timeIsUp]);
      settled.abort();
      again = await watched.after();
    } finally {
      this.#inAlarm = false;
    }
    // What began meanwhile counts on this alarm.
    if (watched.busy()) again = 0;
    if (again !== null) await this.lookIn(again);
    return again;
  }
}
