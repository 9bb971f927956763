// Proves PROTOCOL.md, "Producers": what `append` answers, what a new epoch does, and what an answer costs in rows.
// The real modules on a real object's disk; only the clock is the test's.
import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { ChunkLog } from "../../durable-objects/chunk-log.ts";
import { durableDisk } from "../../durable-objects/durable-disk.ts";
import { LogWriter, type Opening } from "../../durable-objects/log-writer.ts";
import type { Disk } from "../../durable-objects/sql.ts";
import type { Batch, Ended } from "../../producers/office.ts";
import type { Clock } from "../../producers/producer.ts";
import type { Receipt } from "../../protocol/records.ts";
import { Replica } from "./readers.ts";

const BOOKMARK = { responseId: "resp_1", sequenceNumber: 7 };
const batch = (at: number, text: string, bookmark: Batch["bookmark"] = null): Batch => ({
  deltas: [{ at, text }],
  bookmark,
});

const receipt: Receipt = {
  tier: "mvp",
  provider: "compatible",
  model: "m",
  cache: "off",
  inputTokens: null,
  outputTokens: null,
  estimated: false,
  cost: null,
  firstTokenMs: null,
  totalMs: 0,
  requests: 1,
  recoveries: [],
};
const completed: Ended = { status: "completed", finish: "stop", error: null, receipt };

/** A clock that stands still until it is told to go on; whoever waits is called in order. */
class TestClock implements Clock {
  #now = 1_000_000;
  #waiting: { at: number; callback: () => void }[] = [];
  now = () => this.#now;
  after = (ms: number, callback: () => void) => void this.#waiting.push({ at: this.#now + ms, callback });

  async advance(ms: number): Promise<void> {
    const until = this.#now + ms;
    for (;;) {
      this.#waiting.sort((a, b) => a.at - b.at);
      const [next] = this.#waiting;
      if (!next || next.at > until) break;
      this.#waiting.shift();
      this.#now = next.at;
      next.callback();
      await scheduler.wait(0);
    }
    this.#now = until;
  }
}

interface Log {
  writer: LogWriter;
  clock: TestClock;
  replica: Replica;
  /** Rows written so far, as they are billed. */
  rows(): number;
  /** The same disk after a crash: what was not on it is gone. */
  reopened(): LogWriter;
  run: string;
}

/** A chat with one run open, in an object of its own. */
async function withRun(test: (log: Log) => Promise<void>): Promise<void> {
  const id = env.CHAT.newUniqueId();
  await runInDurableObject(env.CHAT.get(id), async (_, { storage }) => {
    let written = 0;
    const disk: Disk = {
      ...durableDisk(storage),
      exec: (query, ...bindings) => {
        const cursor = storage.sql.exec(query, ...bindings);
        const rows = cursor.toArray();
        written += cursor.rowsWritten;
        return rows as never;
      },
    };
    const log = new ChunkLog(disk);
    log.create(id.toString(), "somebody", "open", 0);
    written = 0;
    const clock = new TestClock();
    const replica = new Replica();
    const audience = {
      shown: (_: unknown, record: Parameters<Replica["take"]>[0]["record"]) =>
        replica.take({ record, offset: undefined }),
      promised: (_: unknown, record: Parameters<Replica["take"]>[0]["record"], position: number) =>
        replica.take({ record, offset: position.toString(16).padStart(12, "0") }),
    };
    const writer = new LogWriter(log, () => disk.sync(), clock, audience);
    const run = log.runId(1);
    const params = { temperature: null, maxOutputTokens: null, system: null };
    const started = {
      run,
      parent: "m1",
      message: "a1",
      tier: "mvp",
      provider: "compatible",
      model: "m",
      params,
    } as const;
    const opening: Opening = {
      records: [{ type: "message", id: "m1", parent: null, role: "user", text: "Hi", time: 0 }],
      run: 1,
      started: { type: "run.started", ...started, cache: "off", time: clock.now() },
      recovery: "replace",
      plan: null,
    };
    await writer.start(() => opening).onDisk;
    const reopened = () => new LogWriter(new ChunkLog(disk), () => disk.sync(), clock, audience);
    await test({ writer, clock, replica, rows: () => written, reopened, run });
  });
}

describe("append", () => {
  it("shows a batch at once and promises it at the next commit", () =>
    withRun(async ({ writer, clock, replica, run }) => {
      expect(writer.append(1, 1, 0, batch(0, "Hello"))).toEqual({ kind: "appended" });
      expect(replica.state.runs[run]).toMatchObject({ text: "Hello", committed: 0 });
      const promised = writer.whenPromised(1);
      await clock.advance(249);
      expect(replica.state.runs[run]).toMatchObject({ committed: 0 });
      await clock.advance(1);
      expect(await promised).toBe(replica.offset);
      expect(replica.state.runs[run]).toMatchObject({ text: "Hello", committed: 5 });
    }));

  it("answers a repeated batch with duplicate, a missing one with gap, missing text with hole", () =>
    withRun(async ({ writer, replica, run }) => {
      writer.append(1, 1, 0, batch(0, "ab"));
      expect(writer.append(1, 1, 0, batch(0, "XX"))).toEqual({ kind: "duplicate" });
      expect(writer.append(1, 1, 2, batch(2, "cd"))).toEqual({ kind: "gap", expected: 1 });
      expect(writer.append(1, 1, 1, batch(3, "cd"))).toEqual({ kind: "hole", length: 2 });
      expect(replica.text(run)).toBe("ab");
      // What was refused was not counted: the same number is taken when it is right.
      expect(writer.append(1, 1, 1, batch(2, "cd"))).toEqual({ kind: "appended" });
      expect(replica.text(run)).toBe("abcd");
    }));

  it("may change what is not promised, and never what is", () =>
    withRun(async ({ writer, clock, replica, run }) => {
      writer.append(1, 1, 0, batch(0, "abcd"));
      expect(writer.append(1, 1, 1, batch(2, "XY"))).toEqual({ kind: "appended" });
      expect(replica.text(run)).toBe("abXY");
      await clock.advance(300);
      expect(writer.append(1, 1, 2, batch(3, "!"))).toEqual({ kind: "refused", through: 4 });
      expect(writer.append(1, 1, 2, batch(4, "!"))).toEqual({ kind: "appended" });
    }));

  it("takes nothing for a run that has ended, or that there never was", () =>
    withRun(async ({ writer, replica, run }) => {
      writer.append(1, 1, 0, batch(0, "ab"));
      expect(await writer.end(1, 1, completed)).toBe(true);
      expect(replica.state.runs[run]).toMatchObject({ status: "completed", text: "ab", committed: 2 });
      expect(writer.append(1, 1, 1, batch(2, "cd"))).toEqual({ kind: "fenced" });
      expect(writer.append(2, 1, 0, batch(0, "ab"))).toEqual({ kind: "fenced" });
      expect(await writer.end(1, 1, completed)).toBe(false);
      expect(await writer.takeOver(1)).toBeUndefined();
    }));
});

describe("takeOver", () => {
  it("fences the producer before it, promises what that one showed, and says where to go on", () =>
    withRun(async ({ writer, replica, run }) => {
      writer.append(1, 1, 0, batch(0, "ab", BOOKMARK));
      const term = await writer.takeOver(1);
      expect(term).toMatchObject({ epoch: 2, length: 2, bookmark: BOOKMARK, before: { epoch: 1, seq: 0 } });
      expect(replica.state.runs[run]).toMatchObject({ text: "ab", committed: 2 });
      expect(writer.append(1, 1, 1, batch(2, "old"))).toEqual({ kind: "fenced" });
      expect(await writer.end(1, 1, completed)).toBe(false);
      expect(writer.append(1, 2, 0, batch(2, "new"))).toEqual({ kind: "appended" });
      expect(replica.text(run)).toBe("abnew");
    }));

  it("after a crash knows what was promised, and nothing of what was only shown", () =>
    withRun(async ({ writer, clock, reopened }) => {
      writer.append(1, 1, 0, batch(0, "kept", BOOKMARK));
      await clock.advance(2000);
      writer.append(1, 1, 1, batch(4, " lost", { ...BOOKMARK, sequenceNumber: 9 }));
      const after = reopened();
      expect(after.openRun(1)).toMatchObject({ epoch: 1, nextSeq: 1, committed: 4, tail: "", bookmark: BOOKMARK });
      expect(await after.takeOver(1)).toMatchObject({ epoch: 2, length: 4, bookmark: BOOKMARK });
      // The epoch is on disk too: a producer of the first one is fenced for good.
      expect(reopened().append(1, 1, 1, batch(4, " again"))).toEqual({ kind: "fenced" });
    }));
});

describe("an answer of 1,000 tokens at 50 a second", () => {
  it.each([
    ["with a bookmark", BOOKMARK],
    ["without", null],
  ])("takes at most 24 rows %s", (_, bookmark) =>
    withRun(async ({ writer, clock, rows, replica, run }) => {
      let text = "";
      for (let token = 0; token < 1000; token++) {
        await clock.advance(20);
        const piece = ` ${token}`;
        writer.append(1, 1, token, batch(text.length, piece, bookmark && { ...bookmark, sequenceNumber: token }));
        text += piece;
      }
      await writer.end(1, 1, completed);
      expect(replica.state.runs[run]).toMatchObject({ text, committed: text.length, status: "completed" });
      // Besides these rows of the log there are the alarm's and the outbox cursor's.
      expect(rows() + 2).toBeLessThanOrEqual(24);
      expect(rows()).toBeGreaterThan(10);
    }),
  );
});
