// How long a reply of the cache is waited for. One timer would count our own waiting too: on a busy thread it fires late, when
// the reply may be there already and there was no turn to read it in. So the wait is taken in slices, the next one begun when
// one is over: however long the thread was busy, that is one slice, and what has come by then is read before the next one
// ends. No clock is asked, which in production stands still between events.

const SLICES = 4;

/** Calls `over` after `ms`, unless what it gives is called before. */
type Timer = (ms: number, over: () => void) => () => void;

export interface CacheClock {
  now(): number;
  timer: Timer;
}

export const platformClock: CacheClock = {
  now: Date.now,
  timer: (ms, over) => {
    const id = setTimeout(over, ms);
    return () => clearTimeout(id);
  },
};

/** Aborts `ask`'s signal when it has waited for `ms` of the thread's own time: on an idle one that is the time itself. */
export async function withinBudget<T>(timer: Timer, ms: number, ask: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const controller = new AbortController();
  let left = SLICES;
  let stop = () => {};
  const wait = () => {
    if (left-- > 0) stop = timer(ms / SLICES, wait);
    else controller.abort(new DOMException(`there was no reply within ${ms} ms`, "TimeoutError"));
  };
  wait();
  try {
    return await ask(controller.signal);
  } finally {
    stop();
  }
}
