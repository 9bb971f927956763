import { expect, test } from "vitest";
import { Watchdog } from "./watchdog.ts";

function open() {
  const clock = { time: 0, now: () => clock.time, after: () => {} };
  /** When the alarm was set to ring, each time it was; null where it was taken away. */
  const set: (number | null)[] = [];
  const storage = {
    getAlarm: async () => null,
    setAlarm: async (time: number | Date) => void set.push(Number(time)),
    deleteAlarm: async () => void set.push(null),
  };
  const watchdog = new Watchdog(storage, clock);
  const rest = { busy: () => false, recover: () => {}, settled: async () => {}, after: async () => null };
  return { clock, set, watchdog, rest };
}

test("what is over when it begins counts on the alarm that rings soon; what is open does not wait for a later one", async () => {
  const { clock, set, watchdog, rest } = open();
  watchdog.watch(false);
  clock.time = 200;
  watchdog.watch(false);
  expect(set).toEqual([500]);
  watchdog.watch();
  watchdog.watch(false);
  expect(set).toEqual([500, 300]);
  await watchdog.alarm(rest);
  watchdog.watch(false);
  expect(set).toEqual([500, 300, 700]);
});

test("an alarm that should have rung, or was taken away, is set again", async () => {
  const { clock, set, watchdog } = open();
  watchdog.watch();
  clock.time = 101;
  watchdog.watch();
  await watchdog.stop();
  watchdog.watch();
  expect(set).toEqual([100, 201, null, 201]);
});

test("what begins in the handler is seen to by the handler, which may come back", async () => {
  const { set, watchdog, rest } = open();
  let busy = true;
  const again = await watchdog.alarm({
    ...rest,
    recover: () => watchdog.watch(),
    busy: () => busy,
    after: async () => 9,
  });
  expect([again, set]).toEqual([0, [0]]);
  busy = false;
  expect(await watchdog.alarm({ ...rest, busy: () => busy, after: async () => 9 })).toBe(9);
  await expect(watchdog.alarm({ ...rest, after: () => Promise.reject(new Error("the disk")) })).rejects.toThrow();
  watchdog.watch(false);
  expect(set.at(-1)).toBe(500);
});
