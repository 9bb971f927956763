import { beforeEach, describe, expect, test } from "vitest";
import { FIRST_COMMIT_MS } from "../protocol/commits.ts";
import type { Failure } from "../protocol/problems.ts";
import { batch, endedWell, opening, openObject, Received, TestDisk, type TestObject } from "../tests/chat-kit.ts";
import { DELETED, EXPIRED, gatherMs, HEARTBEAT_MS, type Sink } from "./subscribers.ts";

let object: TestObject;

beforeEach(async () => {
  object = openObject(new TestDisk());
  await object.writer.start(() => opening(object.log)).onDisk;
});

function join(position: number, run?: number): Received {
  const received = new Received();
  object.subscribers.add(run, position, received);
  return received;
}

describe("a reader that joins", () => {
  test("gets what is promised, then what is shown, then what comes", async () => {
    const { writer, clock } = object;
    writer.append(1, 1, 0, batch(0, "Be"));
    await clock.advance(FIRST_COMMIT_MS);
    writer.append(1, 1, 1, batch(2, "ca"));
    const late = join(0);
    expect(late.told).toEqual(["message#1", "run.started#2", "delta#3 0:Be", "phase waiting", "delta 2:ca"]);
    writer.append(1, 1, 2, batch(4, "use"));
    expect(late.told.at(-1)).toBe("delta 4:use");
  });

  test("after its last offset gets nothing twice, and the tail in place of the one it may have had", async () => {
    const { writer, clock } = object;
    writer.append(1, 1, 0, batch(0, "Be"));
    await clock.advance(FIRST_COMMIT_MS);
    expect(join(3).told).toEqual(["phase waiting", "delta 2:"]);
    expect(join(2).told).toEqual(["delta#3 0:Be", "phase waiting", "delta 2:"]);
  });

  test("is shown rows that are not on disk yet, without an offset", async () => {
    const { writer, clock, disk } = object;
    writer.append(1, 1, 0, batch(0, "Be"));
    disk.hold();
    await clock.advance(FIRST_COMMIT_MS);
    writer.append(1, 1, 1, batch(2, "cause"));
    const late = join(2);
    expect(late.told).toEqual(["phase waiting", "delta 0:Be", "delta 2:cause"]);
    await disk.release();
    expect(late.told.at(-1)).toBe("commit#3 2");
  });

  test("of one run gets that run only, and is done when it ends", async () => {
    const { writer, log } = object;
    await writer.start(() => opening(log)).onDisk;
    const [first, second, all] = [join(1, 1), join(1, 2), join(0)];
    writer.append(1, 1, 0, batch(0, "one"));
    writer.append(2, 1, 0, batch(0, "two"));
    await writer.end(1, 1, endedWell());
    expect(first.told.filter((each) => each.includes(":two"))).toEqual([]);
    expect([first.ended, second.ended, all.ended]).toEqual([true, false, false]);
    expect(join(1, 1).told.at(-1)).toBe("run.ended#6");
    expect(object.subscribers.size).toBe(2);
  });
});

describe("a reader with no room", () => {
  test("is left alone, and once it has room gets what it missed from the log", async () => {
    const { writer, clock, subscribers } = object;
    const slow = new Received();
    const reader = subscribers.add(1, 2, slow);
    slow.frames.length = 0;
    slow.ready = false;
    for (let seq = 0; seq < 5; seq++) {
      writer.append(1, 1, seq, batch(seq, "abcde"[seq] ?? ""));
      await clock.advance(FIRST_COMMIT_MS);
    }
    expect(slow.told).toEqual([]);
    slow.ready = true;
    subscribers.resume(reader);
    expect(slow.told).toEqual(["delta#3 0:a", "phase waiting", "delta 1:bcde"]);
    await writer.end(1, 1, endedWell());
    expect(slow.told.slice(-2)).toEqual(["commit#4 5", "run.ended#5"]);
  });

  test("misses no end either", async () => {
    const { writer, subscribers } = object;
    const slow = new Received();
    const reader = subscribers.add(1, 1, slow);
    slow.ready = false;
    writer.append(1, 1, 0, batch(0, "a"));
    await writer.end(1, 1, endedWell());
    expect(slow.ended).toBe(false);
    slow.ready = true;
    subscribers.resume(reader);
    expect([slow.told.at(-1), slow.ended, subscribers.size]).toEqual(["run.ended#4", true, 0]);
  });
});

test("when the chat is gone, every reader's stream ends", () => {
  const readers = [join(0), join(0, 1)];
  object.subscribers.endAll(DELETED);
  expect([readers.every(({ ended }) => ended), object.subscribers.size]).toEqual([true, 0]);
});

describe("a reader whose time is over", () => {
  /** Told why it was sent away. */
  class Guest extends Received {
    readonly sleeps?: true;
    early: Failure | undefined;
    override end(early?: Failure): void {
      super.end();
      this.early = early;
    }
  }

  test("is sent away at that time, however silent it is, and the others are not", async () => {
    const { clock, subscribers } = object;
    const [soon, late, stays] = [new Guest(), Object.assign(new Guest(), { idle: () => {} }), join(2, 1)];
    subscribers.add(1, 2, soon, { until: clock.now() + 10, token: null });
    subscribers.add(1, 2, late, { until: clock.now() + 10 * HEARTBEAT_MS, token: null });
    await clock.advance(9);
    expect(soon.ended).toBe(false);
    await clock.advance(1);
    expect([soon.early, late.ended]).toEqual([EXPIRED.failure, false]);
    await clock.advance(10 * HEARTBEAT_MS - 11);
    expect(late.ended).toBe(false);
    await clock.advance(1);
    expect([late.early, stays.ended, subscribers.size]).toEqual([EXPIRED.failure, false, 1]);
  });

  test("gets nothing that comes after it, and keeps no object awake that may sleep", async () => {
    const { clock, subscribers, writer } = object;
    const sleeper = Object.assign(new Guest(), { sleeps: true as const });
    subscribers.add(1, 2, sleeper, { until: clock.now() + 10 * HEARTBEAT_MS, token: null });
    sleeper.frames.length = 0;
    await clock.advance(20 * HEARTBEAT_MS);
    expect(sleeper.ended).toBe(false);
    writer.append(1, 1, 0, batch(0, "a"));
    expect([sleeper.told, sleeper.early, subscribers.size]).toEqual([[], EXPIRED.failure, 0]);
  });

  test("is told of nothing when it came too late", async () => {
    const late = new Guest();
    object.subscribers.add(undefined, 0, late, { until: object.clock.now(), token: null });
    await object.clock.advance(0);
    expect([late.told, late.early]).toEqual([[], EXPIRED.failure]);
  });
});

test("a connection that breaks keeps nothing from the others", async () => {
  const { writer, subscribers } = object;
  const broken: Sink = {
    ready: true,
    send: () => {
      throw new Error("broken");
    },
    end: () => {
      throw new Error("broken");
    },
  };
  subscribers.add(1, 2, broken);
  expect(subscribers.size).toBe(0);
  let works = true;
  subscribers.add(1, 1, {
    ready: true,
    send: () => works || broken.send(expect.anything() as never),
    end: broken.end,
  });
  const whole = join(1, 1);
  works = false;
  writer.append(1, 1, 0, batch(0, "a"));
  expect(await writer.end(1, 1, endedWell())).toBe(true);
  expect([whole.told.at(-1), whole.ended, subscribers.size]).toEqual(["run.ended#4", true, 0]);
});

describe("many readers", () => {
  test("share a short wait: few get each piece at once, many get them gathered, and never after their promise", async () => {
    const { writer, clock } = object;
    const readers = Array.from({ length: 40 }, () => join(2, 1));
    const [first] = readers as [Received];
    for (const reader of readers) reader.frames.length = 0;
    "abc".split("").forEach((text, seq) => {
      writer.append(1, 1, seq, batch(seq, text));
    });
    expect(first.told).toEqual([]);
    await clock.advance(gatherMs(40));
    expect(first.told).toEqual(["delta 0:abc"]);
    // All readers are handed the same frame: it is encoded once.
    expect(new Set(readers.map(({ frames }) => frames[0])).size).toBe(1);
    writer.append(1, 1, 3, batch(1, "BCD"));
    await clock.advance(gatherMs(40));
    writer.append(1, 1, 4, batch(4, "E"));
    await writer.end(1, 1, endedWell());
    expect(first.told.slice(1)).toEqual(["delta 1:BCD", "delta 4:E", "commit#3 5", "run.ended#4"]);
  });

  test("the wait grows with their number, up to a limit", () => {
    expect([1, 16, 17, 100, 10_000].map(gatherMs)).toEqual([0, 0, 4.25, 25, 250]);
  });
});

test("a silent connection hears something now and then, a busy one and one without need do not", async () => {
  const { clock, subscribers, writer } = object;
  let beats = 0;
  const idle = () => {
    beats += 1;
  };
  const silent = Object.assign(new Received(), { idle });
  subscribers.add(1, 2, silent);
  await clock.advance(2 * HEARTBEAT_MS);
  expect(beats).toBe(1);
  writer.append(1, 1, 0, batch(0, "a"));
  await clock.advance(HEARTBEAT_MS);
  expect(beats).toBe(1);
  await clock.advance(HEARTBEAT_MS);
  expect(beats).toBe(2);
  await writer.end(1, 1, endedWell());
  await clock.advance(10 * HEARTBEAT_MS);
  expect(beats).toBe(2);
});
