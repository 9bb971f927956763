import { beforeEach, describe, expect, test } from "vitest";
import { COMMIT_LENGTH, COMMIT_MS, FIRST_COMMIT_MS } from "../protocol/commits.ts";
import {
  batch,
  CHAT,
  endedWell,
  ManualClock,
  opening,
  openObject,
  Received,
  rest,
  TestDisk,
  type TestObject,
} from "../tests/chat-kit.ts";
import { ChunkLog } from "./chunk-log.ts";
import { LogWriter } from "./log-writer.ts";

let object: TestObject;
let received: Received;

beforeEach(async () => {
  object = openObject(new TestDisk());
  await object.writer.start(() => opening(object.log)).onDisk;
  received = new Received();
  object.subscribers.add(undefined, object.log.last, received);
  received.frames.length = 0;
});

const text = () => object.log.text(object.log.run(1) ?? expect.unreachable()).text;

describe("a batch", () => {
  test("is shown at once and promised when it is on disk", async () => {
    const { writer, clock, disk } = object;
    expect(writer.append(1, 1, 0, batch(0, "Be"))).toEqual({ kind: "appended" });
    writer.append(1, 1, 1, batch(2, "cause"));
    disk.hold();
    await clock.advance(FIRST_COMMIT_MS);
    expect(received.told).toEqual(["delta 0:Be", "delta 2:cause"]);
    await disk.release();
    expect(received.told.at(-1)).toBe("commit#3 7");
    expect([writer.durable, text()]).toEqual([3, "Because"]);
  });

  test("again changes nothing; one too early, too late or out of office is told so", () => {
    const { writer } = object;
    writer.append(1, 1, 0, batch(0, "Be"));
    expect(writer.append(1, 1, 0, batch(0, "XX"))).toEqual({ kind: "duplicate" });
    expect(writer.append(1, 1, 2, batch(2, "x"))).toEqual({ kind: "gap", expected: 1 });
    expect(writer.append(1, 1, 1, batch(3, "x"))).toEqual({ kind: "hole", length: 2 });
    expect(writer.append(1, 0, 1, batch(2, "x"))).toEqual({ kind: "fenced" });
    expect(writer.append(1, 2, 1, batch(2, "x"))).toEqual({ kind: "fenced" });
    expect(writer.append(9, 1, 0, batch(0, "x"))).toEqual({ kind: "fenced" });
    expect(writer.openRun(1)).toMatchObject({ nextSeq: 1, tail: "Be" });
  });

  test("may replace what is only shown, never what is written", async () => {
    const { writer, clock } = object;
    writer.append(1, 1, 0, batch(0, "Belief"));
    writer.append(1, 1, 1, batch(2, "cause"));
    await clock.advance(FIRST_COMMIT_MS);
    expect(writer.append(1, 1, 2, batch(6, "x"))).toEqual({ kind: "refused", through: 7 });
    expect(text()).toBe("Because");
  });

  test("of several deltas is taken as a whole or not at all", () => {
    const { writer } = object;
    const whole = [
      { at: 0, text: "B" },
      { at: 1, text: "e" },
    ];
    expect(writer.append(1, 1, 0, { deltas: whole, bookmark: null })).toEqual({ kind: "appended" });
    const deltas = [
      { at: 2, text: "cause" },
      { at: 8, text: "x" },
    ];
    expect(writer.append(1, 1, 1, { deltas, bookmark: null })).toEqual({ kind: "hole", length: 7 });
    expect([writer.openRun(1)?.tail, received.told]).toEqual(["Be", ["delta 0:B", "delta 1:e"]]);
  });

  test("with text and no bookmark leaves no bookmark that would bring the text again", () => {
    const { writer } = object;
    writer.append(1, 1, 0, batch(0, "Be", 3));
    writer.append(1, 1, 1, { deltas: [], bookmark: null });
    expect(writer.openRun(1)?.bookmark?.sequenceNumber).toBe(3);
    writer.append(1, 1, 2, batch(2, "cause"));
    expect(writer.openRun(1)?.bookmark).toBeNull();
  });
});

describe("a commit", () => {
  test("is one row for all that came since the one before", async () => {
    const { writer, clock, disk } = object;
    writer.append(1, 1, 0, batch(0, "a"));
    await clock.advance(FIRST_COMMIT_MS);
    const { writes } = disk;
    for (let seq = 1; seq < 60; seq++) {
      writer.append(1, 1, seq, batch(seq, "x"));
      await clock.advance(20);
    }
    await clock.advance(COMMIT_MS);
    expect(disk.writes - writes).toBe(1);
    expect(text()).toHaveLength(60);
    expect(writer.openRun(1)?.chunks).toBe(2);
  });

  test("that came early for much text leaves no second one at the time first arranged", async () => {
    const { writer, clock, disk } = object;
    writer.append(1, 1, 0, batch(0, "a"));
    await clock.advance(FIRST_COMMIT_MS - 50);
    writer.append(1, 1, 1, batch(1, "x".repeat(COMMIT_LENGTH)));
    await clock.advance(0);
    const { writes } = disk;
    writer.append(1, 1, 2, batch(COMMIT_LENGTH + 1, "b"));
    await clock.advance(COMMIT_MS - 1);
    expect(disk.writes - writes).toBe(0);
    await clock.advance(1);
    expect(disk.writes - writes).toBe(1);
  });

  test("comes at once for much text, and for a first bookmark", async () => {
    const { writer, clock } = object;
    writer.append(1, 1, 0, { deltas: [], bookmark: { responseId: "r", sequenceNumber: 0 } });
    await clock.advance(0);
    expect(received.told).toEqual(["commit#3 0"]);
    writer.append(1, 1, 1, batch(0, "x".repeat(COMMIT_LENGTH), 1));
    await clock.advance(0);
    expect(received.told.at(-1)).toBe(`commit#4 ${COMMIT_LENGTH}`);
    writer.append(1, 1, 2, batch(COMMIT_LENGTH, "x", 2));
    await clock.advance(COMMIT_MS - 1);
    expect(received.told.at(-1)).toBe(`delta ${COMMIT_LENGTH}:x`);
  });

  test("tells whoever waits for a promise, with its offset", async () => {
    const { writer, clock, disk } = object;
    writer.append(1, 1, 0, batch(0, "a"));
    const promised: string[] = [];
    void writer.whenPromised(1).then((offset) => promised.push(offset));
    disk.hold();
    await clock.advance(FIRST_COMMIT_MS);
    void writer.whenPromised(1).then((offset) => promised.push(offset));
    await rest();
    expect(promised).toEqual([]);
    await disk.release();
    expect(promised).toEqual(["000000000003", "000000000003"]);
    expect(await writer.whenPromised(1)).toBe("000000000003");
  });

  test("that the disk refuses promises nothing, and is tried again", async () => {
    const { writer, clock, disk } = object;
    writer.append(1, 1, 0, batch(0, "a"));
    disk.refuseNext = true;
    await expect(clock.advance(FIRST_COMMIT_MS)).rejects.toThrow("full");
    expect(writer.openRun(1)).toMatchObject({ committed: 0, tail: "a" });
    expect(received.told).toEqual(["delta 0:a"]);
    await clock.advance(COMMIT_MS);
    expect(received.told.at(-1)).toBe("commit#3 1");
  });
});

describe("a term of office", () => {
  test("promises what the one before showed, goes on from there, and fences it", async () => {
    const { writer } = object;
    writer.append(1, 1, 0, batch(0, "Be", 4));
    const term = await writer.takeOver(1);
    expect(term).toMatchObject({ epoch: 2, length: 2, bookmark: { sequenceNumber: 4 }, before: { epoch: 1, seq: 0 } });
    expect(writer.append(1, 1, 1, batch(2, "lieve"))).toEqual({ kind: "fenced" });
    expect(writer.append(1, 2, 0, batch(2, "cause"))).toEqual({ kind: "appended" });
    expect(await writer.end(1, 1, endedWell())).toBe(false);
    expect(await writer.end(1, 2, endedWell())).toBe(true);
    expect(text()).toBe("Because");
  });

  test("survives a crash, with what it had promised and no more", async () => {
    const { writer, clock, disk } = object;
    await writer.takeOver(1);
    writer.append(1, 2, 0, batch(0, "Be"));
    await clock.advance(FIRST_COMMIT_MS);
    writer.append(1, 2, 1, batch(2, "lieve"));
    const after = openObject(disk, clock).writer;
    expect(after.openRun(1)).toMatchObject({ epoch: 2, nextSeq: 1, committed: 2, tail: "" });
    expect(after.append(1, 1, 0, batch(0, "x"))).toEqual({ kind: "fenced" });
    expect(after.append(1, 2, 0, batch(0, "Be"))).toEqual({ kind: "duplicate" });
    expect(after.append(1, 2, 1, batch(2, "cause"))).toEqual({ kind: "appended" });
  });

  test("there is none in a run that has ended", async () => {
    await object.writer.end(1, 1, endedWell());
    expect(await object.writer.takeOver(1)).toBeUndefined();
    expect(await object.writer.takeOver(9)).toBeUndefined();
  });
});

describe("an end", () => {
  test("comes with all that was shown, and nothing comes after it", async () => {
    const { writer, clock } = object;
    writer.append(1, 1, 0, batch(0, "Because"));
    await writer.end(1, 1, endedWell());
    expect(received.told.slice(-2)).toEqual(["commit#3 7", "run.ended#4"]);
    expect(writer.append(1, 1, 1, batch(7, "!"))).toEqual({ kind: "fenced" });
    writer.phase(1, "generating", 1, null);
    await clock.advance(10 * COMMIT_MS);
    expect([object.log.last, received.told.length]).toEqual([4, 3]);
  });

  test("until it is on disk the run is open to readers and closed to producers", async () => {
    const { writer, disk, subscribers } = object;
    writer.append(1, 1, 0, batch(0, "Because"));
    disk.hold();
    const ending = writer.end(1, 1, endedWell());
    const late = new Received();
    subscribers.add(1, 1, late);
    expect(late.told).toEqual(["run.started#2", "phase waiting", "delta 0:Because", "delta 7:"]);
    expect(writer.openRun(1)?.closed).toBe(true);
    expect(writer.append(1, 1, 1, batch(7, "!"))).toEqual({ kind: "fenced" });
    await disk.release();
    expect([await ending, writer.openRun(1)]).toEqual([true, undefined]);
    expect(late.told.slice(-2)).toEqual(["commit#3 7", "run.ended#4"]);
    expect(late.ended).toBe(true);
  });

  test("can begin the run that replaces it, in one transaction", async () => {
    const { writer, log, disk } = object;
    disk.refuseNext = true;
    const replacement = { ...opening(log), records: [] };
    const ended = endedWell({ status: "interrupted", finish: null });
    await expect(writer.end(1, 1, ended, replacement)).rejects.toThrow("full");
    expect([log.openRuns().length, writer.openRun(1)?.closed]).toEqual([1, false]);
    expect(await writer.end(1, 1, ended, replacement)).toBe(true);
    expect(received.told).toEqual(["run.started#3", "run.ended#4"]);
    expect([...writer.openRuns()].map(({ run }) => run)).toEqual([2]);
  });
});

test("a run that the disk refuses does not exist", async () => {
  const { writer, log, disk } = object;
  disk.refuseNext = true;
  expect(() => writer.start(() => opening(log))).toThrow("full");
  expect([log.last, log.nextRun(), [...writer.openRuns()].length, received.told]).toEqual([2, 2, 1, []]);
});

test("a chat whose first run the disk refuses, at whichever write, leaves nothing", () => {
  class SmallDisk extends TestDisk {
    room = 0;
    protected override beforeWrite(): void {
      if (this.room-- === 0) throw new Error("database or disk is full");
    }
  }
  let begun = false;
  for (let room = 0; !begun; room++) {
    const disk = Object.assign(new SmallDisk(), { room });
    const log = new ChunkLog(disk);
    const writer = new LogWriter(log, () => disk.sync(), new ManualClock(), { shown: () => {}, promised: () => {} });
    try {
      writer.start(() => {
        log.create(CHAT, "me", "open", 0);
        return opening(log);
      });
      begun = true;
    } catch {
      // Full.
    }
    const tables = disk.exec("SELECT name FROM sqlite_master").length;
    expect([log.chat !== undefined, tables > 0, [...writer.openRuns()].length > 0]).toEqual([begun, begun, begun]);
  }
});

test("a recovery is told of where it went on, with all before it promised", async () => {
  const { writer } = object;
  writer.append(1, 1, 0, batch(0, "Be"));
  writer.recovered(1, 1, { mode: "continue", madeTwice: 5 });
  await rest();
  expect(received.told).toEqual(["delta 0:Be", "commit#3 2", "run.recovered#4"]);
  expect(object.log.at(4)).toMatchObject({ mode: "continue", at: 2, madeTwice: 5 });
  expect(await writer.whenPromised(1)).toBe("000000000004");
});

test("what a run is doing is shown, also to who comes later, until it has ended", async () => {
  const { writer, subscribers } = object;
  writer.phase(1, "recovering", 3, "Trying again in 2 s.");
  expect(received.told).toEqual(["phase recovering"]);
  const late = new Received();
  subscribers.add(1, object.log.last, late);
  expect(late.frames[0]?.record).toMatchObject({ phase: "recovering", attempt: 3, detail: "Trying again in 2 s." });
  await writer.end(1, 1, endedWell());
  writer.phase(1, "generating", 4, null);
  expect(received.told.at(-1)).toBe("run.ended#3");
});

test("the first token is timed from the ask, once, whatever the clock of another machine says", async () => {
  const { writer, clock } = object;
  await clock.advance(300);
  writer.append(1, 1, 0, { deltas: [], bookmark: { responseId: "r", sequenceNumber: 0 } });
  await clock.advance(200);
  writer.append(1, 1, 1, batch(0, "a", 1));
  await clock.advance(400);
  writer.append(1, 1, 2, batch(1, "b", 2));
  expect(writer.openRun(1)?.firstTokenMs).toBe(500);
});

describe("text that may be promised only in part", () => {
  const bounded = (at: number, text: string, bound: number) => ({ deltas: [{ at, text }], bookmark: null, bound });
  const raised = (bound: number) => ({ deltas: [], bookmark: null, bound });

  test("is all shown, and promised as far as the bound goes, which needs no text to be raised", async () => {
    const { writer, clock, disk } = object;
    writer.append(1, 1, 0, bounded(0, "Because", 0));
    await clock.advance(10 * COMMIT_MS);
    expect([received.told, text()]).toEqual([["delta 0:Because"], ""]);
    const { writes } = disk;
    writer.append(1, 1, 1, raised(2));
    await clock.advance(COMMIT_MS);
    expect([received.told.at(-1), text()]).toEqual(["commit#3 2", "Be"]);
    writer.append(1, 1, 2, raised(7));
    await clock.advance(COMMIT_MS);
    expect([received.told.at(-1), text()]).toEqual(["commit#4 7", "Because"]);
    // A bound that goes nowhere is worth no row.
    writer.append(1, 1, 3, raised(7));
    await clock.advance(COMMIT_MS);
    expect(disk.writes - writes).toBe(2);
  });

  test("is taken back by whoever goes on from before it", async () => {
    const { writer, clock } = object;
    writer.append(1, 1, 0, bounded(0, "Belief", 2));
    await clock.advance(COMMIT_MS);
    writer.append(1, 1, 1, bounded(2, "", 2));
    expect(received.told.at(-1)).toBe("delta 2:");
    writer.append(1, 1, 2, bounded(2, "cause", 7));
    await clock.advance(COMMIT_MS);
    expect(text()).toBe("Because");
  });

  test("does not outlive a term of office, but is kept where the run ends", async () => {
    const { writer, clock } = object;
    writer.append(1, 1, 0, bounded(0, "Belief", 2));
    await clock.advance(COMMIT_MS);
    expect(await writer.takeOver(1)).toMatchObject({ epoch: 2, length: 2 });
    expect([received.told.at(-1), text()]).toEqual(["delta 2:", "Be"]);
    writer.append(1, 2, 0, bounded(2, "cause", 2));
    await writer.end(1, 2, endedWell());
    expect(text()).toBe("Because");
  });
});

test("a run that is whole when it begins is ask, text and end in one go", async () => {
  const { writer, log, disk } = object;
  const next = opening(log);
  const { writes } = disk;
  disk.hold();
  const whole = writer.start(() => ({ ...next, whole: { text: "Because", ended: endedWell() } })).onDisk;
  await rest();
  expect(received.told).toEqual([]);
  await disk.release();
  await whole;
  expect(received.told).toEqual(["message#3", "run.started#4", "delta#5 0:Because", "run.ended#6"]);
  expect(log.run(2)).toMatchObject({ first: 4, last: 6, ended: { status: "completed" } });
  expect([log.text(log.run(2) ?? expect.unreachable()).text, writer.openRun(2)]).toEqual(["Because", undefined]);
  // Three records and the message, and the run's own row.
  expect(disk.writes - writes).toBe(5);
});
