// What becomes of an answer's count when the counters, or the chat's object, are away for a while.
import { describe, expect, it } from "vitest";
import type { RunEndedRecord } from "../protocol/records.ts";
import { batch, endedWell, ManualClock, opening, openObject, TestDisk } from "../tests/chat-kit.ts";
import { Counting } from "./counting.ts";
import { Deliveries } from "./deliveries.ts";

/** Counters that take what they are told, or do not. */
class Counters {
  away = false;
  counted: number[] = [];
  missed: number[] = [];

  count = async (_: string, answers: readonly RunEndedRecord[]) => {
    if (!this.away) this.counted.push(...answers.map(({ time }) => time));
    return !this.away;
  };
  miss = async (_: string, times: readonly number[]) => {
    if (!this.away) this.missed.push(...times);
    return !this.away;
  };
}

/** A chat as it is after it woke; what it wakes to is on `disk`. */
function wake(counters: Counters, disk = new TestDisk(), clock = new ManualClock()) {
  const object = openObject(disk, clock);
  const { log, writer } = object;
  const counting = new Counting({ log, counters });
  const told: number[] = [];
  const deliveries = new Deliveries({
    log,
    writer,
    clock,
    counting,
    random: () => 0.5,
    archive: null,
    tellList: async (_, { through }) => void told.push(through),
    state: () => "idle",
    warn: () => {},
    outage: { failed: () => {}, over: () => {} },
  });
  const end = async (cache: "miss" | "hit" = "miss") => {
    await clock.advance(1_000);
    const start = opening(log);
    await writer.start(() => start).onDisk;
    writer.append(start.run, 1, 0, batch(0, "Because."));
    const ended = endedWell();
    await writer.end(start.run, 1, { ...ended, receipt: { ...ended.receipt, cache } });
    const record = log.run(start.run)?.ended;
    if (!record) throw new Error("It has ended.");
    return record;
  };
  return { ...object, counting, deliveries, told, end };
}

describe("an answer", () => {
  it("is counted at its end, a kept one with others by the alarm, and no row tells of it", async () => {
    const counters = new Counters();
    const chat = wake(counters);
    const [made, kept] = [await chat.end(), await chat.end("hit")];
    for (const record of [made, kept]) chat.counting.ended(record);
    expect(counters.counted).toEqual([made.time]);
    const written = chat.disk.writes;
    expect(await chat.deliveries.deliver()).toBeNull();
    expect(counters).toMatchObject({ counted: [made.time, kept.time], missed: [] });
    expect(chat.disk.writes - written).toBe(1);
  });

  it("that could not be counted is marked when it can be, once, and never counted after all", async () => {
    const counters = new Counters();
    const chat = wake(counters);
    counters.away = true;
    const made = await chat.end();
    chat.counting.ended(made);
    expect(await chat.deliveries.deliver()).toBeGreaterThan(0);
    expect(await chat.deliveries.deliver()).toBeGreaterThan(0);
    counters.away = false;
    expect(await chat.deliveries.deliver()).toBeNull();
    expect(await chat.deliveries.deliver()).toBeNull();
    expect(counters).toMatchObject({ counted: [], missed: [made.time] });
    // Its list waited for none of it.
    expect(chat.told).toEqual([chat.log.last]);
  });

  it.each([true, false])(
    "of an object that ended before it was told what came of it is marked (away: %s)",
    async (away) => {
      const counters = new Counters();
      const before = wake(counters);
      counters.away = away;
      const made = await before.end();
      before.counting.ended(made);
      if (away) await before.deliveries.deliver();
      counters.away = false;
      const after = wake(counters, before.disk, before.clock);
      expect(await after.deliveries.deliver()).toBeNull();
      expect(counters.missed).toEqual([made.time]);
      // And the next object has nothing to tell.
      expect(await wake(counters, before.disk, before.clock).deliveries.deliver()).toBeNull();
      expect(counters.missed).toHaveLength(1);
    },
  );
});
