// Who is reading, and how each gets every record after its offset and then what is live.
// A reader is a cursor: while it keeps up it is handed the frames all others get; when it has no room it is left alone
// and, once it has room again, catches up from the log. So a slow reader costs no memory and slows nobody.
import type { Clock } from "../producers/producer.ts";
import { formatOffset } from "../protocol/offsets.ts";
import { type Failure, fail } from "../protocol/problems.ts";
import type { DeltaRecord, LogRecord } from "../protocol/records.ts";
import { formatSse } from "../protocol/sse.ts";
import type { ChunkLog } from "./chunk-log.ts";
import type { Audience } from "./log-writer.ts";
import type { OpenRun } from "./open-run.ts";

const encoder = new TextEncoder();

/** One record on its way to readers, encoded at most once a form however many read it. */
export class Frame {
  readonly record: LogRecord;
  readonly offset: string | undefined;
  #sse: Uint8Array | undefined;
  #json: string | undefined;

  constructor(record: LogRecord, offset?: string) {
    this.record = record;
    this.offset = offset;
  }

  get sse(): Uint8Array {
    this.#sse ??= encoder.encode(formatSse(this.record, this.offset));
    return this.#sse;
  }

  get json(): string {
    this.#json ??= JSON.stringify(this.offset === undefined ? this.record : { offset: this.offset, ...this.record });
    return this.#json;
  }
}

/** Where a reader's frames go. */
export interface Sink {
  /** Whether it has room for more now. When it has again, its owner calls `Subscribers.resume`. */
  readonly ready: boolean;
  send(frame: Frame): void;
  /** Called through silence, to keep a connection open; absent where that is not needed. */
  readonly idle?: () => void;
  /** Its connection outlives the object's sleep, so nothing of it may keep the object awake. */
  readonly sleeps?: true;
  /** The run it reads has ended and it has everything; or it is sent away before that (`early`). */
  end(early?: Failure): void;
}

/** Why a reader is sent away. */
export const EXPIRED = fail("unauthenticated", "What let you in has expired.");
export const REVOKED = fail("unauthenticated", "The token was revoked.");
export const DELETED = fail("unknown_chat", "The chat was deleted.");

/** What lets a reader in: until when, Unix ms, null for ever; and by which made token, null for none. */
interface Pass {
  until: number | null;
  token: string | null;
}

const FOR_EVER: Pass = { until: null, token: null };

export interface Reader {
  /** The run it reads; undefined for the whole chat. */
  readonly run: number | undefined;
  readonly sink: Sink;
  /** When it may read no longer, Unix ms. */
  readonly until: number;
  /** The made token that let it in; null for none. */
  readonly token: string | null;
  /** The position of the last promise it was sent. */
  position: number;
  /** It has everything up to this moment, so it takes frames as they come. */
  live: boolean;
  /** Something was sent since the last heartbeat. */
  heard: boolean;
}

/** What readers may know of the writer. */
export interface Source {
  readonly durable: number;
  openRun(run: number): Readonly<OpenRun> | undefined;
  openRuns(): Iterable<Readonly<OpenRun>>;
}

/** A silent connection is looked at this often, and is never silent for longer than twice that. */
export const HEARTBEAT_MS = 7_500;
const CATCH_UP_BYTES = 65_536;
/** Up to this many readers each token goes out as it comes; beyond, tokens are gathered. */
const READERS_UNGATHERED = 16;
const GATHER_MS_A_READER = 0.25;
const MAX_GATHER_MS = 250;

/** How long text is gathered before it is sent, ms: what each reader costs a frame, many readers pay with a short wait. */
export function gatherMs(readers: number): number {
  return readers <= READERS_UNGATHERED ? 0 : Math.min(MAX_GATHER_MS, readers * GATHER_MS_A_READER);
}

export class Subscribers implements Audience {
  readonly #log: ChunkLog;
  readonly #clock: Clock;
  readonly #readers = new Set<Reader>();
  /** Text shown that readers have yet to be sent, by run. */
  readonly #gathered = new Map<number, DeltaRecord>();
  readonly #source: () => Source;
  #gathering = false;
  #beating = false;

  constructor(log: ChunkLog, clock: Clock, source: () => Source) {
    this.#log = log;
    this.#clock = clock;
    this.#source = source;
  }

  get size(): number {
    return this.#readers.size;
  }

  /** Adds a reader that has everything up to `position`, and begins to bring it up to date. It is sent away when its pass ends. */
  add(run: number | undefined, position: number, sink: Sink, pass: Pass = FOR_EVER): Reader {
    const { until, token } = pass;
    const ends = until ?? Number.POSITIVE_INFINITY;
    const reader: Reader = { run, sink, until: ends, token, position, live: false, heard: true };
    this.#readers.add(reader);
    this.#expireSoon(reader);
    this.#beat();
    this.resume(reader);
    return reader;
  }

  remove(reader: Reader): void {
    this.#readers.delete(reader);
  }

  /** Sends every reader away; with `token`, those whom it let in. */
  endAll({ failure }: { failure: Failure }, token?: string): void {
    for (const reader of this.#readers) if (token === undefined || reader.token === token) this.#end(reader, failure);
  }

  shown(open: OpenRun, record: LogRecord): void {
    const wait = gatherMs(this.#readers.size);
    if (record.type === "delta" && wait > 0) {
      this.#gather(open.run, record, wait);
    } else {
      this.#flush(open.run);
      this.#broadcast(open.run, new Frame(record));
    }
  }

  promised(run: number | null, record: LogRecord, position: number): void {
    if (run !== null) this.#flush(run);
    const frame = new Frame(record, formatOffset(position));
    for (const reader of this.#readers) {
      if (!reader.live || (reader.run !== undefined && reader.run !== run)) continue;
      if (!reader.sink.ready) {
        reader.live = false;
        continue;
      }
      // A reader that caught up from the log in the meantime has it already.
      if (position <= reader.position) continue;
      this.#send(reader, frame);
      reader.position = position;
      if (record.type === "run.ended" && reader.run !== undefined) this.#end(reader);
    }
  }

  /** Sends a reader what it has missed, as far as it has room; once it has all, it is live. */
  resume(reader: Reader): void {
    while (!reader.live && this.#readers.has(reader) && reader.sink.ready) {
      const { durable } = this.#source();
      if (reader.position < durable) {
        this.#replay(reader, durable);
      } else {
        for (const open of this.#inScope(reader)) this.#sendTail(reader, open);
        reader.live = true;
      }
    }
  }

  #replay(reader: Reader, durable: number): void {
    const { records, next } = this.#log.read(reader.position, durable, CATCH_UP_BYTES, reader.run);
    for (const { offset, ...record } of records) {
      this.#send(reader, new Frame(record as LogRecord, offset));
      if (record.type === "run.ended" && reader.run !== undefined) {
        this.#end(reader);
        return;
      }
    }
    reader.position = next;
  }

  /** What an open run has shown and not promised. Sent even when empty: it drops what a crash took from the reader. */
  #sendTail(reader: Reader, open: Readonly<OpenRun>): void {
    const { id: run, phase, attempt, detail } = open;
    if (open.first > this.#source().durable) return;
    this.#send(reader, new Frame({ type: "run.phase", run, phase, attempt, detail }));
    // Rows that are written but may not be on disk yet are shown like the tail; their promise follows.
    const { records } = this.#log.read(this.#source().durable, this.#log.last, Number.POSITIVE_INFINITY, open.run);
    for (const { offset: _, ...record } of records) {
      if (record.type === "delta") this.#send(reader, new Frame(record as LogRecord));
    }
    this.#send(reader, new Frame({ type: "delta", run, at: open.committed, text: open.tail }));
  }

  #inScope(reader: Reader): Iterable<Readonly<OpenRun>> {
    if (reader.run === undefined) return this.#source().openRuns();
    const open = this.#source().openRun(reader.run);
    return open ? [open] : [];
  }

  #broadcast(run: number, frame: Frame): void {
    for (const reader of this.#readers) {
      if (!reader.live || (reader.run !== undefined && reader.run !== run)) continue;
      if (reader.sink.ready) this.#send(reader, frame);
      else reader.live = false;
    }
  }

  #send(reader: Reader, frame: Frame): void {
    if (reader.until <= this.#clock.now()) {
      this.#end(reader, EXPIRED.failure);
      return;
    }
    reader.heard = true;
    this.#reach(reader, () => reader.sink.send(frame));
  }

  #end(reader: Reader, early?: Failure): void {
    if (this.#readers.delete(reader)) this.#reach(reader, () => reader.sink.end(early));
  }

  /** One whose time is over before the next look gets a timer of its own: a longer one would outlive its reader. */
  #expireSoon(reader: Reader): void {
    const left = reader.until - this.#clock.now();
    if (left <= HEARTBEAT_MS) this.#clock.after(Math.max(left, 0), () => this.#end(reader, EXPIRED.failure));
  }

  /** A connection that broke between two frames must not keep them from the others; its reader comes back. */
  #reach(reader: Reader, act: () => void): void {
    try {
      act();
    } catch {
      this.#readers.delete(reader);
    }
  }

  #gather(run: number, { run: id, at, text }: DeltaRecord, wait: number): void {
    const before = this.#gathered.get(run);
    const from = Math.min(before?.at ?? at, at);
    const kept = before ? before.text.slice(0, at - from) : "";
    this.#gathered.set(run, { type: "delta", run: id, at: from, text: kept + text });
    if (this.#gathering) return;
    this.#gathering = true;
    this.#clock.after(wait, () => {
      this.#gathering = false;
      for (const each of [...this.#gathered.keys()]) this.#flush(each);
    });
  }

  #flush(run: number): void {
    const record = this.#gathered.get(run);
    if (!record) return;
    this.#gathered.delete(run);
    this.#broadcast(run, new Frame(record));
  }

  /** One timer for all who need it; it stops by itself, because a timer would keep an object with sockets awake. */
  #beat(): void {
    if (this.#beating || ![...this.#readers].some(isLookedAt)) return;
    this.#beating = true;
    this.#clock.after(HEARTBEAT_MS, () => {
      this.#beating = false;
      for (const reader of this.#readers) {
        if (!reader.heard && reader.live) this.#reach(reader, () => reader.sink.idle?.());
        reader.heard = false;
        this.#expireSoon(reader);
      }
      this.#beat();
    });
  }
}

/** A socket's end is looked for when something is sent to it, or while others keep the object awake. */
const isLookedAt = ({ sink, until }: Reader): boolean =>
  sink.idle !== undefined || (Number.isFinite(until) && !sink.sleeps);
