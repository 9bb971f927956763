// The simulated time: events happen one at a time, in the order of their times; those of one moment in a seeded order.
// An event that enters the simulated process is a turn: when it is over, everything it set going has come to rest.
import type { Random } from "./random.ts";

/** Something that can die, and everything that was arranged for it with it. */
export interface Life {
  alive: boolean;
}

interface Event {
  time: number;
  order: number;
  /** Absent for what outlives every process: the network, the provider, people. */
  life: Life | undefined;
  run: () => void;
  /** Happens instead when that process is dead. */
  otherwise: (() => void) | undefined;
}

/** The most that a timer of the process is late, ms. */
export const TIMERS_LATE_MS = 8;

let wake = () => {};
const onImmediate = () => wake();

/** Resolves when no promise callback is left to run. */
function atRest(): Promise<void> {
  return new Promise((resolve) => {
    wake = resolve;
    setImmediate(onImmediate);
  });
}

export class Scheduler {
  /** Milliseconds since the world began. */
  now = 0;
  readonly #heap: Event[] = [];
  readonly #random: Random;

  constructor(random: Random) {
    this.#random = random;
  }

  /** Outside the process: calls none of its modules. */
  after(delay: number, run: () => void): void {
    this.#push({ time: this.now + delay, order: this.#random.next(), life: undefined, run, otherwise: undefined });
  }

  /** A turn of the process that has this life; `otherwise`, outside of it, if it is dead by then. */
  turnAfter(delay: number, life: Life, run: () => void, otherwise?: () => void): void {
    this.#push({ time: this.now + delay, order: this.#random.next(), life, run, otherwise });
  }

  /**
   * Lets the next event happen. False when there is none. `turned` is called at the end of a turn, `thrown` with what a
   * module threw at its platform.
   */
  async step(turned: () => void, thrown: (error: unknown) => void): Promise<boolean> {
    const event = this.#pop();
    if (!event) return false;
    this.now = event.time;
    if (event.life?.alive === false) {
      event.otherwise?.();
      return true;
    }
    if (!event.life) {
      event.run();
    } else {
      try {
        event.run();
      } catch (error) {
        thrown(error);
      }
      await atRest();
      turned();
    }
    return true;
  }

  #push(event: Event): void {
    const heap = this.#heap;
    let at = heap.push(event) - 1;
    while (at > 0) {
      const up = (at - 1) >> 1;
      if (!before(event, heap[up] as Event)) break;
      heap[at] = heap[up] as Event;
      at = up;
    }
    heap[at] = event;
  }

  #pop(): Event | undefined {
    const heap = this.#heap;
    const [top] = heap;
    const last = heap.pop();
    if (!top || !last || heap.length === 0) return top;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && before(heap[child + 1] as Event, heap[child] as Event)) child += 1;
      if (!before(heap[child] as Event, last)) break;
      heap[at] = heap[child] as Event;
      at = child;
    }
    heap[at] = last;
    return top;
  }
}

function before(a: Event, b: Event): boolean {
  return a.time < b.time || (a.time === b.time && a.order < b.order);
}
