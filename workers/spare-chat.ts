// A spare: an object that is awake before its chat begins, one an isolate. Waking one for the first time takes longer than
// all else that a first word waits for, so it is done beside an ask, not within one. It holds nothing: unused, it costs
// no storage.

/** Until then the ask beside which it is done has its first word. */
const WAKE_AFTER_MS = 300;
/** A request that is cancelled takes what it has begun with it, and tells nobody. */
const WAKE_WITHIN_MS = 5_000;

export interface SpareChat {
  /** The id of a chat that is about to begin. */
  take(): string;
  /** Sees to it that there is a spare again. Best effort: without one, a chat begins a little later. */
  refill(): Promise<void>;
}

export interface SpareChatOptions {
  newId(): string;
  wake(id: string): Promise<void>;
  now(): number;
  wait(ms: number): Promise<void>;
}

export function createSpareChat({ newId, wake, now, wait }: SpareChatOptions): SpareChat {
  let spare: string | undefined;
  let wakingUntil = 0;
  return {
    take() {
      const id = spare ?? newId();
      spare = undefined;
      return id;
    },
    async refill() {
      if (spare !== undefined || now() < wakingUntil) return;
      wakingUntil = now() + WAKE_WITHIN_MS;
      try {
        await wait(WAKE_AFTER_MS);
        const id = newId();
        await wake(id);
        spare = id;
      } catch {
        // Nothing was promised.
      }
      wakingUntil = 0;
    },
  };
}
