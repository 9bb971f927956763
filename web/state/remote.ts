// Something the server knows, as the page has it: read at once, kept while it is read again, read again when the
// reader comes back to it after a while, and as often as its user wants while it is looked at.
import { type Accessor, batch, createSignal, onCleanup } from "solid-js";
import { ApiError } from "../api/client.ts";

export interface Remote<Value> {
  /** What was read last; `undefined` before the first reply. */
  data: Accessor<Value | undefined>;
  /** Why the last reading failed; `null` when it did not. */
  error: Accessor<unknown>;
  refresh(): Promise<void>;
  /** Changes what is shown before the server says so. Nothing to change is nothing done. */
  change(edit: (now: Value) => Value): void;
}

export interface RemoteOptions<Value> {
  /** Back in view after this long, it is read again, ms. */
  freshFor?: number;
  /** How long after a reading the next one comes by itself, ms; `null`: it does not. */
  every?: (now: Value | undefined) => number | null;
}

/** What the server refused it will refuse again; a missing answer is worth this many more tries. */
const RETRIES = 2;
const FIRST_RETRY = 1_000;

export function makeRemote<Value extends object>(
  read: (signal: AbortSignal) => Promise<Value>,
  { freshFor = 10_000, every = () => null }: RemoteOptions<Value> = {},
): Remote<Value> {
  const [data, setData] = createSignal<Value>();
  const [error, setError] = createSignal<unknown>(null);
  let asking: AbortController | null = null;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let failures = 0;
  let readAt = 0;
  let due = false;

  function wait(ms: number | null) {
    clearTimeout(timer);
    if (ms === null) return;
    timer = setTimeout(() => {
      // Nobody looks: it is read when somebody does.
      if (document.hidden) due = true;
      else void refresh();
    }, ms);
  }

  async function refresh(): Promise<void> {
    clearTimeout(timer);
    asking?.abort();
    const mine = new AbortController();
    asking = mine;
    due = false;
    try {
      const value = await read(mine.signal);
      if (asking !== mine) return;
      failures = 0;
      readAt = Date.now();
      batch(() => {
        setData(() => value);
        setError(null);
      });
      wait(every(value));
    } catch (failure) {
      if (asking !== mine) return;
      const lost = !(failure instanceof ApiError) || failure.status === 0;
      if (lost && ++failures <= RETRIES) wait(FIRST_RETRY * 2 ** (failures - 1));
      else {
        failures = 0;
        setError(() => failure);
        wait(every(data()));
      }
    }
  }

  const lookAgain = () => {
    if (!document.hidden && (due || Date.now() - readAt > freshFor)) void refresh();
  };
  document.addEventListener("visibilitychange", lookAgain);
  window.addEventListener("online", lookAgain);
  onCleanup(() => {
    asking?.abort();
    asking = null;
    clearTimeout(timer);
    document.removeEventListener("visibilitychange", lookAgain);
    window.removeEventListener("online", lookAgain);
  });
  void refresh();

  return {
    data,
    error,
    refresh,
    change(edit) {
      const now = data();
      if (now === undefined) return;
      const next = edit(now);
      setData(() => next);
      wait(every(next));
    },
  };
}
