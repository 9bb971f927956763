// A reply is waited for in turns of our own thread: a clock that is played, and a thread that is busy for as long as it likes.
import { describe, expect, test } from "vitest";
import { withinBudget } from "./budget.ts";

/** A thread with one timer at a time: `busy(ms)` is how long nothing of it runs but what it does now. */
class Thread {
  now = 0;
  #timers: { due: number; over: () => void }[] = [];

  readonly timer = (ms: number, over: () => void) => {
    const timer = { due: this.now + ms, over };
    this.#timers.push(timer);
    return () => {
      this.#timers = this.#timers.filter((each) => each !== timer);
    };
  };

  get waiting(): number {
    return this.#timers.length;
  }

  /** One turn: what is due rings, however late. */
  async turn(ms: number): Promise<void> {
    this.now += ms;
    const due = this.#timers.filter((timer) => timer.due <= this.now);
    this.#timers = this.#timers.filter((timer) => timer.due > this.now);
    for (const { over } of due) over();
    await new Promise(setImmediate);
  }
}

/** Never answers; rejects when it is given up. */
const hanging = (signal: AbortSignal) =>
  new Promise<never>((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));

describe("a budget", () => {
  test("of 200 ms is over after 200 ms on an idle thread", async () => {
    const thread = new Thread();
    let gaveUp: number | null = null;
    const asked = withinBudget(thread.timer, 200, hanging).catch((error: Error) => {
      gaveUp = thread.now;
      return error.name;
    });
    while (gaveUp === null) await thread.turn(1);
    expect(gaveUp).toBe(200);
    expect(await asked).toBe("TimeoutError");
  });

  test("is not used up by a thread that is busy: what has come by then is read first", async () => {
    const thread = new Thread();
    const reply = Promise.withResolvers<string>();
    const asked = withinBudget(thread.timer, 200, (signal) => Promise.race([reply.promise, hanging(signal)]));
    // Its timer rings in the same turn in which the reply is found to be there.
    await thread.turn(3_000);
    reply.resolve("there");
    expect(await asked).toBe("there");
  });

  test("ends all the same on a thread that is always busy", async () => {
    const thread = new Thread();
    let turns = 0;
    let over = false;
    const asked = withinBudget(thread.timer, 200, hanging).catch(() => {
      over = true;
    });
    for (; !over; turns++) await thread.turn(1_000);
    await asked;
    expect(turns).toBe(4);
  });

  test("leaves no timer behind", async () => {
    const thread = new Thread();
    expect(await withinBudget(thread.timer, 200, async () => 1)).toBe(1);
    await expect(withinBudget(thread.timer, 200, () => Promise.reject(new Error("no")))).rejects.toThrow("no");
    expect(thread.waiting).toBe(0);
  });
});
