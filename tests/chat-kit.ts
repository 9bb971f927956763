// A chat's log, writer and readers for unit tests: on a real SQLite, with a clock that moves when it is told to and a
// disk that can be made to wait or to refuse.
import { ChunkLog } from "../durable-objects/chunk-log.ts";
import { LogWriter, type Opening } from "../durable-objects/log-writer.ts";
import { type Frame, type Sink, Subscribers } from "../durable-objects/subscribers.ts";
import type { Ended } from "../producers/office.ts";
import type { Clock } from "../producers/producer.ts";
import type { LogRecord, RunStartedRecord } from "../protocol/records.ts";
import type { RecoveryPolicy } from "../protocol/requests.ts";
import { SqliteDisk } from "./sqlite-disk.ts";

export const CHAT = "c".repeat(64);

/** Lets everything that is ready to run, run. */
export const rest = () => new Promise<void>((resolve) => setImmediate(resolve));

export class ManualClock implements Clock {
  #now = 1_000_000;
  #timers: { due: number; callback: () => void }[] = [];

  now(): number {
    return this.#now;
  }

  after(ms: number, callback: () => void): void {
    this.#timers.push({ due: this.#now + ms, callback });
  }

  /** Moves on by `ms`, letting each timer fire at its time. */
  async advance(ms: number): Promise<void> {
    await rest();
    const end = this.#now + ms;
    for (;;) {
      const next = this.#timers.filter(({ due }) => due <= end).sort((a, b) => a.due - b.due)[0];
      if (!next) break;
      this.#timers.splice(this.#timers.indexOf(next), 1);
      this.#now = Math.max(this.#now, next.due);
      next.callback();
      await rest();
    }
    this.#now = end;
    await rest();
  }
}

export class TestDisk extends SqliteDisk {
  /** Rows written since the disk began. */
  writes = 0;
  /** The next statement that writes fails. */
  refuseNext = false;
  #held: (() => void)[] | null = null;

  /** From now on `sync` waits for `release`. */
  hold(): void {
    this.#held ??= [];
  }

  async release(): Promise<void> {
    const held = this.#held ?? [];
    this.#held = null;
    for (const resolve of held) resolve();
    await rest();
  }

  override sync(): Promise<void> {
    const held = this.#held;
    return held ? new Promise((resolve) => held.push(resolve)) : Promise.resolve();
  }

  protected override beforeWrite(): void {
    if (this.refuseNext) {
      this.refuseNext = false;
      throw new Error("database or disk is full");
    }
    this.writes += 1;
  }
}

/** A sink that keeps what it was sent, as a client would have it. */
export class Received implements Sink {
  ready = true;
  ended = false;
  readonly frames: Frame[] = [];

  send(frame: Frame): void {
    this.frames.push(frame);
  }

  end(): void {
    this.ended = true;
  }

  /** In short: the type, `#position` when promised, and what the text or its promise is. */
  get told(): string[] {
    return this.frames.map(({ record, offset }) => {
      const at = offset === undefined ? "" : `#${Number.parseInt(offset, 16)}`;
      if (record.type === "delta") return `delta${at} ${record.at}:${record.text}`;
      if (record.type === "commit") return `commit${at} ${record.through}`;
      return record.type === "run.phase" ? `phase ${record.phase}` : `${record.type}${at}`;
    });
  }
}

/** What an object has in memory, on the disk it is given. Made again on the same disk, it is the object after a crash. */
export function openObject(disk: TestDisk, clock: ManualClock = new ManualClock(), chatId = CHAT) {
  const log = new ChunkLog(disk);
  if (!log.chat) log.create(chatId, "me", "open", clock.now());
  const subscribers: Subscribers = new Subscribers(log, clock, () => writer);
  const writer: LogWriter = new LogWriter(log, () => disk.sync(), clock, subscribers);
  return { disk, clock, log, writer, subscribers };
}

export type TestObject = ReturnType<typeof openObject>;

export function startedRecord(run: number, more: Partial<RunStartedRecord> = {}): RunStartedRecord {
  return {
    type: "run.started",
    run: `${CHAT}.${run}`,
    parent: "m1",
    message: `a${run}`,
    tier: "mvp",
    provider: "openai",
    model: "model",
    params: { temperature: null, maxOutputTokens: null, system: null },
    cache: "off",
    time: 1_000_000,
    ...more,
  };
}

export function userMessage(id: string, text: string, parent: string | null = null): LogRecord {
  return { type: "message", id, parent, role: "user", text, time: 1_000_000 };
}

/** A run answering a message of its own. */
export function opening(log: ChunkLog, recovery: RecoveryPolicy = "continue", prompt = "Why?"): Opening {
  const run = log.nextRun();
  const id = `m${log.last + 1}`;
  return {
    run,
    recovery,
    plan: null,
    records: [userMessage(id, prompt)],
    started: startedRecord(run, { run: log.runId(run), parent: id }),
  };
}

export function endedWell(more: Partial<Ended> = {}): Ended {
  return {
    status: "completed",
    finish: "stop",
    error: null,
    receipt: {
      tier: "mvp",
      provider: "openai",
      model: "model",
      cache: "off",
      inputTokens: 1,
      outputTokens: 2,
      estimated: false,
      cost: null,
      firstTokenMs: 3,
      totalMs: 4,
      requests: 1,
      recoveries: [],
    },
    ...more,
  };
}

/** One batch of text. */
export const batch = (at: number, text: string, sequenceNumber?: number) => ({
  deltas: [{ at, text }],
  bookmark: sequenceNumber === undefined ? null : { responseId: "r", sequenceNumber },
});
