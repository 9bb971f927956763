/**
 * One timer for every stream: whoever is due runs, then the timer sleeps until the next is due. Costs one wake-up for all
 * the tokens of two milliseconds, so 500 streams at 50 tokens a second are 500 wake-ups a second, not 25,000.
 */
export interface Paced {
  /** When it wants to run, on the `performance.now()` clock; Infinity = not again. */
  due: number;
  /** Does what is due and moves `due` on. */
  run(now: number): void;
}

const GRAIN_MS = 2;

export class Pacer {
  #tasks: Paced[] = [];
  #timer: NodeJS.Timeout | undefined;
  #immediate: NodeJS.Immediate | undefined;
  #wakesAt = Number.POSITIVE_INFINITY;

  add(task: Paced): void {
    this.#tasks.push(task);
    this.#sleepUntil(task.due);
  }

  /** Tasks that are still waiting for their turn. */
  get size(): number {
    return this.#tasks.length;
  }

  close(): void {
    this.#tasks = [];
    this.#clear();
  }

  #tick = (): void => {
    this.#clear();
    const now = performance.now();
    const tasks = this.#tasks;
    let next = Number.POSITIVE_INFINITY;
    let kept = 0;
    // A task may add others while it runs: they land behind `length` and are looked at below.
    for (let i = 0; i < tasks.length; i++) {
      const task = tasks[i];
      if (task === undefined) continue;
      if (task.due <= now) task.run(now);
      if (task.due === Number.POSITIVE_INFINITY) continue;
      if (task.due < next) next = task.due;
      tasks[kept++] = task;
    }
    tasks.length = kept;
    this.#sleepUntil(next);
  };

  #sleepUntil(due: number): void {
    if (due >= this.#wakesAt) return;
    this.#clear();
    this.#wakesAt = due;
    const wait = due - performance.now();
    if (wait <= 0) this.#immediate = setImmediate(this.#tick);
    else this.#timer = setTimeout(this.#tick, Math.max(GRAIN_MS, Math.ceil(wait)));
  }

  #clear(): void {
    clearTimeout(this.#timer);
    clearImmediate(this.#immediate);
    this.#wakesAt = Number.POSITIVE_INFINITY;
  }
}
