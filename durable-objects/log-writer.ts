// The one way to write a chat's log. Promises: text is shown the moment it comes and promised when it is on disk; an
// offset is given only for what would survive a crash; promised text never changes; one producer's words at a time.
import type { AppendOutcome, Batch, Ended, ProducerState } from "../producers/office.ts";
import type { Clock } from "../producers/producer.ts";
import { COMMIT_MS } from "../protocol/commits.ts";
import { formatOffset } from "../protocol/offsets.ts";
import type { LogRecord, Phase, Recovery, RunEndedRecord, RunStartedRecord } from "../protocol/records.ts";
import type { RecoveryPolicy } from "../protocol/requests.ts";
import type { Bookmark } from "../providers/provider.ts";
import type { ChunkLog } from "./chunk-log.ts";
import { commitDue } from "./commit-policy.ts";
import { type OpenRun, promisable, refuse, reopen } from "./open-run.ts";

/** What readers are told, in the order in which it happened. */
export interface Audience {
  /** Shown, not promised. */
  shown(run: OpenRun, record: LogRecord): void;
  /** On disk. `run` is null for what belongs to the chat as a whole. */
  promised(run: number | null, record: LogRecord, position: number): void;
}

/** What a higher epoch begins with. */
export interface Takeover {
  epoch: number;
  /** How far the text goes, UTF-16 code units; all of it is on disk. */
  length: number;
  bookmark: Bookmark | null;
  /** The state its predecessor last committed. */
  before: ProducerState | null;
}

/** A run about to begin, with the records of the chat that lead to it. */
export interface Opening {
  records: LogRecord[];
  run: number;
  started: RunStartedRecord;
  recovery: RecoveryPolicy;
  /** What the run's tier must know of it after a crash too; nothing to anybody else. */
  plan: string | null;
  /** What its owner's limits are held by until it ends. */
  hold?: string | null;
  /** The span that asked for it. */
  trace?: string | null;
  /** The answer, where it is there already: then the run is over when it begins. */
  whole?: WholeAnswer | null;
}

export interface WholeAnswer {
  text: string;
  ended: Ended;
}

/** The key under which the same ask finds its run again. */
export interface Remembered {
  key: string;
  fingerprint: string;
}

interface Unannounced {
  position: number;
  run: number | null;
  record: LogRecord;
  waiters: OpenRun["waiters"];
}

const APPENDED: AppendOutcome = { kind: "appended" };
const DUPLICATE: AppendOutcome = { kind: "duplicate" };
const FENCED: AppendOutcome = { kind: "fenced" };

export class LogWriter {
  readonly #log: ChunkLog;
  readonly #sync: () => Promise<void>;
  readonly #clock: Clock;
  readonly #audience: Audience;
  readonly #open = new Map<number, OpenRun>();
  #durable: number;
  #unannounced: Unannounced[] = [];
  /** When the next commit is arranged for; Infinity when none is. */
  #arranged = Number.POSITIVE_INFINITY;

  constructor(log: ChunkLog, sync: () => Promise<void>, clock: Clock, audience: Audience) {
    this.#log = log;
    this.#sync = sync;
    this.#clock = clock;
    this.#audience = audience;
    this.#durable = log.last;
    // What is there of a log that is on its way back is nobody's yet.
    const isHere = log.chat !== undefined && log.chat.evicted === null;
    for (const row of isHere ? log.openRuns() : []) this.#open.set(row.run, reopen(log, row));
  }

  /** The last position that would survive a crash. Readers never see a row beyond it. */
  get durable(): number {
    return this.#durable;
  }

  openRun(run: number): Readonly<OpenRun> | undefined {
    return this.#open.get(run);
  }

  openRuns(): IterableIterator<Readonly<OpenRun>> {
    return this.#open.values();
  }

  /** Writes records that belong to the chat as a whole; resolves when they are on disk. */
  async write(...records: LogRecord[]): Promise<void> {
    this.#transaction(() => {
      for (const record of records) this.#write(null, record);
    });
    await this.#settle();
  }

  /** Resolves when everything written so far is on disk and readers have been told. */
  async settled(): Promise<void> {
    await this.#settle();
  }

  /**
   * Begins the run that `open` gives, under epoch 1, in one transaction with the records that lead to it and with what
   * `open` itself writes. Throws when the disk does not take it; then nothing has happened. Only when `onDisk` has resolved
   * may its producer append, because readers know nothing of the run before.
   */
  start(open: () => Opening, remember?: Remembered): { opening: Opening; onDisk: Promise<void> } {
    const opening = this.#transaction(() => {
      const opening = open();
      this.#begin(opening);
      if (remember) this.#log.remember(remember.key, remember.fingerprint, opening.run);
      return opening;
    });
    this.#adopt(opening.run);
    return { opening, onDisk: this.#settle() };
  }

  #begin({ records, run, started, recovery, plan, hold, trace, whole }: Opening): void {
    for (const record of records) this.#write(null, record);
    if (!whole) {
      this.#announce(this.#log.startRun(run, started, recovery, plan, hold, trace), run, started);
      return;
    }
    const { run: id, time } = started;
    const ended: RunEndedRecord = { type: "run.ended", run: id, ...whole.ended, replacedBy: null, time };
    for (const [position, record] of this.#log.wholeRun(run, started, recovery, whole.text, ended, hold, trace)) {
      this.#announce(position, run, record);
    }
  }

  #adopt(run: number): void {
    const row = this.#log.run(run);
    if (row?.ended === null) this.#open.set(run, reopen(this.#log, row));
  }

  /**
   * Begins a higher epoch: fences the producer before and promises what it showed, or takes back what it could not
   * promise. Undefined when the run has ended.
   */
  async takeOver(run: number): Promise<Takeover | undefined> {
    const open = this.#open.get(run);
    const row = this.#log.run(run);
    if (!open || open.closed || !row) return undefined;
    let takenBack = false;
    this.#transaction(() => {
      this.#commit(open);
      takenBack = open.tail !== "";
      Object.assign(open, {
        epoch: open.epoch + 1,
        nextSeq: 0,
        tail: "",
        bound: Number.POSITIVE_INFINITY,
        dirtySince: null,
      });
      this.#log.setEpoch(run, open.epoch);
    });
    if (takenBack) this.#audience.shown(open, { type: "delta", run: open.id, at: open.committed, text: "" });
    const { epoch, committed: length, bookmark } = open;
    const before = this.#log.progress(row).producer;
    await this.#settle();
    return { epoch, length, bookmark, before };
  }

  /** Takes one batch of a producer: shows it now, promises it at the next commit. */
  append(run: number, epoch: number, seq: number, batch: Batch): AppendOutcome {
    const open = this.#open.get(run);
    if (!open || open.closed || epoch !== open.epoch) return FENCED;
    if (seq < open.nextSeq) return DUPLICATE;
    if (seq > open.nextSeq) return { kind: "gap", expected: open.nextSeq };
    const refusal = refuse(open, batch);
    if (refusal) return refusal;

    const now = this.#clock.now();
    open.nextSeq += 1;
    open.dirtySince ??= now;
    open.bound = batch.bound ?? Number.POSITIVE_INFINITY;
    // One that does not go with all of the text would bring some of it again.
    if (batch.bookmark || batch.deltas.some(({ text }) => text)) open.bookmark = batch.bookmark;
    for (const { at, text } of batch.deltas) {
      if (open.firstTokenMs === null && text) {
        // Another machine's clock may have been ahead.
        open.firstTokenMs = Math.max(0, now - open.started.time);
        open.dirtySince = now;
      }
      const kept = at - open.committed;
      open.tail = kept === open.tail.length ? open.tail + text : open.tail.slice(0, kept) + text;
      this.#audience.shown(open, { type: "delta", run: open.id, at, text });
    }
    // A bound may have moved only, or all that was shown been taken back: that is worth no row.
    if (batch.bound !== undefined && open.tail === "") open.dirtySince = null;
    this.#arrange(open, now);
    return APPENDED;
  }

  /** Resolves with the offset by which all that the run has shown so far is promised. */
  whenPromised(run: number): Promise<string> {
    const open = this.#open.get(run);
    const position = open?.position ?? this.#log.run(run)?.last ?? 0;
    if (open && open.dirtySince !== null) {
      return new Promise((resolve) => {
        open.waiters.push(resolve);
        this.#arrange(open, this.#clock.now());
      });
    }
    const pending = this.#unannounced.find((entry) => entry.position === position);
    if (!pending) return Promise.resolve(formatOffset(position));
    return new Promise((resolve) => pending.waiters.push(resolve));
  }

  /** Tells readers what the run is doing. Shown, never kept. */
  phase(run: number, phase: Phase, attempt: number, detail: string | null): void {
    const open = this.#open.get(run);
    if (!open || open.closed) return;
    Object.assign(open, { phase, attempt, detail });
    this.#audience.shown(open, { type: "run.phase", run: open.id, phase, attempt, detail });
  }

  /**
   * Records that the run goes on after a break, from what is promised. Throws when the disk does not take it. One that came
   * as a numbered batch is counted in the same transaction, so that it is not recorded again when it comes again.
   */
  recovered(run: number, epoch: number, recovery: Omit<Recovery, "at">, seq?: number): void {
    const open = this.#open.get(run);
    if (!open || open.closed || open.epoch !== epoch) return;
    this.#transaction(() => {
      this.#commit(open);
      const { mode, madeTwice } = recovery;
      const record: LogRecord = { type: "run.recovered", run: open.id, mode, at: open.committed, madeTwice };
      open.position = this.#write(run, record);
      if (seq === undefined) return;
      open.nextSeq = seq + 1;
      open.dirtySince = this.#clock.now();
      this.#commit(open);
    });
    void this.#settle();
  }

  /** Promises what the run has shown so far now, without waiting for its time. Resolves when it is on disk. */
  async flush(run: number): Promise<void> {
    const open = this.#open.get(run);
    if (open && !open.closed && open.dirtySince !== null) this.#transaction(() => this.#commit(open));
    await this.#settle();
  }

  /**
   * Promises all that was shown and closes the run, in one transaction with the start of the run that replaces it, where
   * there is one. False when the caller is fenced.
   */
  async end(run: number, epoch: number, ended: Ended, replacement?: Opening): Promise<boolean> {
    const open = this.#open.get(run);
    if (!open || open.closed || open.epoch !== epoch) return false;
    const replacedBy = replacement?.started.run ?? null;
    const record: RunEndedRecord = { type: "run.ended", run: open.id, ...ended, replacedBy, time: this.#clock.now() };
    this.#transaction(() => {
      // Nothing follows, so nothing can differ from it.
      open.bound = Number.POSITIVE_INFINITY;
      // A bookmark alone is worth no row any more.
      if (open.tail || open.waiters.length > 0) this.#commit(open);
      if (replacement) this.#begin(replacement);
      open.position = this.#log.endRun(run, record);
      this.#announce(open.position, run, record);
      open.dirtySince = null;
      open.closed = true;
    });
    if (replacement) this.#adopt(replacement.run);
    await this.#settle();
    return true;
  }

  /** All of `body` takes effect, on disk and here, or none of it: what the disk refused must never be promised. */
  #transaction<T>(body: () => T): T {
    const announced = this.#unannounced.length;
    const before = [...this.#open.values()].map((open) => ({ open, was: { ...open } }));
    try {
      return this.#log.transaction(body);
    } catch (error) {
      this.#unannounced.length = announced;
      for (const { open, was } of before) Object.assign(open, was);
      throw error;
    }
  }

  #write(run: number | null, record: LogRecord): number {
    const position = this.#log.append(record, run);
    this.#announce(position, run, record);
    return position;
  }

  #announce(position: number, run: number | null, record: LogRecord, waiters: OpenRun["waiters"] = []): void {
    this.#unannounced.push({ position, run, record, waiters });
  }

  /**
   * Writes what came since the last commit, as far as it may be promised, as one row, inside a transaction of the
   * caller's, who then settles.
   */
  #commit(open: OpenRun): void {
    if (open.dirtySince === null) return;
    const { run, id, epoch, bookmark, firstTokenMs, committed: at, waiters } = open;
    const time = this.#clock.now();
    const text = open.tail.slice(0, promisable(open));
    const rest = open.tail.slice(text.length);
    if (rest && !text) return;
    const producer: ProducerState = { epoch, seq: open.nextSeq - 1, bookmark, time, firstTokenMs };
    open.position = this.#log.append({ type: "delta", run: id, at, text }, run, producer);
    open.committed += text.length;
    open.chunks += 1;
    open.tail = rest;
    open.dirtySince = rest ? time : null;
    open.bookmarkWritten = bookmark !== null;
    open.waiters = rest ? waiters : [];
    this.#announce(open.position, run, { type: "commit", run: id, through: open.committed }, rest ? [] : waiters);
  }

  /** Sees to it that `open` is committed when the policy says. One timer at a time serves all runs of the chat. */
  #arrange(open: OpenRun, now: number): void {
    if (open.dirtySince === null) return;
    const length = promisable(open);
    // What holds it back will say when it may.
    if (open.tail && length === 0) return;
    const due = commitDue({
      length,
      since: open.dirtySince,
      first: open.committed === 0,
      waited: open.waiters.length > 0,
      firstBookmark: open.bookmark !== null && !open.bookmarkWritten,
    });
    if (due >= this.#arranged) return;
    this.#arranged = due;
    this.#clock.after(Math.max(0, due - now), () => this.#commitArranged(due));
  }

  #commitArranged(arranged: number): void {
    // An earlier one took this one's place and has done its work.
    if (arranged !== this.#arranged) return;
    this.#arranged = Number.POSITIVE_INFINITY;
    try {
      this.#transaction(() => {
        for (const open of this.#open.values()) this.#commit(open);
      });
    } catch (error) {
      // What is shown stays a tail; the disk is tried again later, even if nothing more comes.
      const again = this.#clock.now() + COMMIT_MS;
      this.#arranged = again;
      this.#clock.after(COMMIT_MS, () => this.#commitArranged(again));
      throw error;
    }
    void this.#settle();
  }

  /** Waits for the disk, then tells readers what has become a promise, in order. */
  async #settle(): Promise<void> {
    const through = this.#log.last;
    await this.#sync();
    this.#durable = Math.max(this.#durable, through);
    for (let next = this.#unannounced[0]; next && next.position <= through; next = this.#unannounced[0]) {
      this.#unannounced.shift();
      if (next.run !== null && next.record.type === "run.ended") this.#open.delete(next.run);
      this.#audience.promised(next.run, next.record, next.position);
      const offset = formatOffset(next.position);
      for (const resolve of next.waiters) resolve(offset);
    }
  }
}
