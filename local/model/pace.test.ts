import { afterEach, expect, it } from "vitest";
import { type Paced, Pacer } from "./pace.ts";

const pacer = new Pacer();
afterEach(() => pacer.close());

function counter(times: number, every: number, done: () => void): Paced & { ran: number } {
  return {
    ran: 0,
    due: performance.now(),
    run(now) {
      this.ran++;
      this.due = this.ran < times ? now + every : Number.POSITIVE_INFINITY;
      if (this.ran === times) done();
    },
  };
}

it("runs every task as often as it wants, and keeps none that is through", async () => {
  const tasks: (Paced & { ran: number })[] = [];
  await Promise.all(
    Array.from({ length: 200 }, (_, i) => {
      return new Promise<void>((done) => {
        const task = counter(1 + (i % 7), i % 3, done);
        tasks.push(task);
        pacer.add(task);
      });
    }),
  );
  await new Promise((resolve) => setImmediate(resolve));
  expect(tasks.map((task) => task.ran)).toEqual(tasks.map((_, i) => 1 + (i % 7)));
  expect(pacer.size).toBe(0);
});

it("lets a task add another while it runs, and wakes early for one that is due sooner", async () => {
  const order: string[] = [];
  await new Promise<void>((done) => {
    pacer.add({
      due: performance.now() + 60_000,
      run() {
        throw new Error("not yet");
      },
    });
    pacer.add({
      due: performance.now() + 5,
      run() {
        order.push("first");
        this.due = Number.POSITIVE_INFINITY;
        pacer.add({
          due: 0,
          run() {
            order.push("second");
            this.due = Number.POSITIVE_INFINITY;
            done();
          },
        });
      },
    });
  });
  expect(order).toEqual(["first", "second"]);
});
