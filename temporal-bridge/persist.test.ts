import { expect, test } from "vitest";
import { ManualClock } from "../tests/chat-kit.ts";
import { EdgeError } from "./edge.ts";
import { persist } from "./persist.ts";

function setUp(awayMs: number, clock = new ManualClock()) {
  const back = clock.now() + awayMs;
  const stop = new AbortController();
  let asked = 0;
  const ask = async () => {
    asked += 1;
    if (clock.now() < back) throw new EdgeError("away");
    return "here";
  };
  const sleep = (ms: number) => new Promise<void>((resolve) => clock.after(ms, resolve));
  const answer = persist(ask, stop.signal, sleep, () => 0.5);
  answer.catch(() => {});
  return { clock, stop, answer, asked: () => asked };
}

test("an edge that is away for three quarters of an hour is asked until it is back, and not hammered", async () => {
  const { clock, answer, asked } = setUp(45 * 60_000);
  await clock.advance(46 * 60_000);
  expect(await answer).toBe("here");
  expect(asked()).toBeLessThan(1_000);
});

test("nobody asks on when it is of no use any more", async () => {
  const { clock, stop, answer, asked } = setUp(45 * 60_000);
  await clock.advance(10_000);
  stop.abort(new Error("no use"));
  await clock.advance(10_000);
  await expect(answer).rejects.toThrow("no use");
  const before = asked();
  await clock.advance(60_000);
  expect(asked()).toBe(before);
});

test("what will be the same the next time is not asked again", async () => {
  const refused = new EdgeError("no", { final: true });
  const never = async () => {};
  await expect(persist(() => Promise.reject(refused), new AbortController().signal, never, Math.random)).rejects.toBe(
    refused,
  );
});
