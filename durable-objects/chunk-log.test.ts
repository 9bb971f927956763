import { describe, expect, test } from "vitest";
import type { ProducerState } from "../producers/office.ts";
import type { RunEndedRecord } from "../protocol/records.ts";
import { CHAT, endedWell, opening, openObject, startedRecord, TestDisk, userMessage } from "../tests/chat-kit.ts";
import { ChunkLog } from "./chunk-log.ts";

const endedRecord = (run: number): RunEndedRecord => ({
  type: "run.ended",
  run: `${CHAT}.${run}`,
  ...endedWell(),
  replacedBy: null,
  time: 2_000_000,
});
const delta = (run: number, at: number, text: string) => ({ type: "delta", run: `${CHAT}.${run}`, at, text }) as const;
const state = (seq: number): ProducerState => ({ epoch: 1, seq, bookmark: null, time: 5, firstTokenMs: 1 });

function makeLog() {
  const { disk, log } = openObject(new TestDisk());
  log.append(userMessage("m1", "Why?"), null);
  log.startRun(1, startedRecord(1), "continue");
  return { disk, log };
}

describe("the log on disk", () => {
  test("a storage that never held a chat has none, and is not written to", () => {
    const disk = new TestDisk();
    const log = new ChunkLog(disk);
    expect([log.chat, log.last, disk.writes]).toEqual([undefined, 0, 0]);
  });

  test("positions count on from 1, also after it is opened again", () => {
    const { disk, log } = makeLog();
    expect(log.append(delta(1, 0, "a"), 1, state(0))).toBe(3);
    const again = new ChunkLog(disk);
    expect(again.last).toBe(3);
    expect(again.append(delta(1, 1, "b"), 1, state(1))).toBe(4);
  });

  test("a record travels as it was written, with its offset", () => {
    const { log } = makeLog();
    log.append(delta(1, 0, "“é漢👩‍💻\u0000\u2028”\n"), 1, state(0));
    expect(log.read(0, log.last, 1e6).records).toEqual([
      { offset: "000000000001", ...userMessage("m1", "Why?") },
      { offset: "000000000002", ...startedRecord(1) },
      { offset: "000000000003", ...delta(1, 0, "“é漢👩‍💻\u0000\u2028”\n") },
    ]);
  });

  test("a transaction that fails leaves no row, no title and no position taken", () => {
    const { log } = makeLog();
    const broken = () => {
      log.append(delta(1, 0, "a"), 1, state(0));
      log.append({ type: "title", title: "Causes" }, null);
      throw new Error("no");
    };
    expect(() => log.transaction(broken)).toThrow("no");
    expect([log.last, log.chat?.title, log.read(2, 9, 1e6).records]).toEqual([2, null, []]);
    expect(log.append(delta(1, 0, "b"), 1, state(0))).toBe(3);
  });

  test("a title is the chat's from its record on", () => {
    const { disk, log } = makeLog();
    log.append({ type: "title", title: "Causes" }, null);
    expect(log.chat?.title).toBe("Causes");
    expect(new ChunkLog(disk).chat).toMatchObject({ title: "Causes", chatId: CHAT, owner: "me" });
  });
});

describe("reading", () => {
  test("gives what is after a position, up to another, of one run or of all", () => {
    const { log } = makeLog();
    log.startRun(2, startedRecord(2), "free");
    log.append(delta(2, 0, "two"), 2, state(0));
    log.append(delta(1, 0, "one"), 1, state(0));
    const types = (after: number, through: number, run?: number) =>
      log.read(after, through, 1e6, run).records.map(({ offset }) => Number.parseInt(offset ?? "", 16));
    expect(types(0, 5)).toEqual([1, 2, 3, 4, 5]);
    expect(types(2, 4)).toEqual([3, 4]);
    expect(types(0, 5, 1)).toEqual([2, 5]);
    expect(log.read(2, 4, 1e6, 1)).toEqual({ records: [], next: 4 });
  });

  test("comes in pages of some size that miss nothing, however many rows there are", () => {
    const { log } = makeLog();
    const rows = 700;
    for (let at = 0; at < rows; at++) log.append(delta(1, at, "x"), 1, state(at));
    for (const maxBytes of [1, 300, 1e6]) {
      const seen: string[] = [];
      let after = 0;
      while (after < log.last) {
        const { records, next } = log.read(after, log.last, maxBytes);
        expect(next).toBeGreaterThan(after);
        seen.push(...records.map(({ offset }) => offset ?? ""));
        after = next;
      }
      expect(new Set(seen).size).toBe(rows + 2);
      expect(seen).toEqual([...seen].sort());
    }
  });

  test("a row larger than a page is a page of its own", () => {
    const { log } = makeLog();
    log.append(delta(1, 0, "x".repeat(1000)), 1, state(0));
    const { records, next } = log.read(2, 3, 10);
    expect([records.length, next]).toEqual([1, 3]);
  });
});

describe("a run", () => {
  test("knows how far it came and what its producer knew then", () => {
    const { log } = makeLog();
    const run = () => log.run(1) ?? expect.unreachable();
    expect(log.progress(run())).toEqual({ length: 0, chunks: 0, producer: null, position: 2 });
    log.append(delta(1, 0, "Be"), 1, state(0));
    log.append(delta(1, 2, "cause"), 1, state(4));
    expect(log.progress(run())).toEqual({ length: 7, chunks: 2, producer: state(4), position: 4 });
    expect(log.text(run())).toEqual({ text: "Because", chunks: 2 });
  });

  test("is open until it has ended, and its text is its own", () => {
    const { log } = makeLog();
    log.startRun(2, startedRecord(2), "free");
    log.append(delta(2, 0, "two"), 2, state(0));
    log.append(delta(1, 0, "one"), 1, state(0));
    log.endRun(1, endedRecord(1));
    expect(log.openRuns().map(({ run }) => run)).toEqual([2]);
    const first = log.run(1) ?? expect.unreachable();
    expect([first.last, first.ended?.status, log.text(first).text]).toEqual([6, "completed", "one"]);
    expect(log.nextRun()).toBe(3);
  });

  test("keeps its recoveries in order", () => {
    const { log } = makeLog();
    const recoveries = [
      { mode: "reattach", at: 0, madeTwice: 0 },
      { mode: "continue", at: 0, madeTwice: 9 },
    ] as const;
    for (const recovery of recoveries) log.append({ type: "run.recovered", run: `${CHAT}.1`, ...recovery }, 1);
    expect(log.recoveries(log.run(1) ?? expect.unreachable())).toEqual(recoveries);
  });

  test("is found again by the key it was asked with", () => {
    const { log } = makeLog();
    const { run } = opening(log);
    log.remember("key", "print", run);
    expect(log.idempotent("key")).toEqual({ run, fingerprint: "print" });
    expect(log.idempotent("other")).toBeUndefined();
    expect(() => log.remember("key", "print", run + 1)).toThrow("UNIQUE");
  });
});
