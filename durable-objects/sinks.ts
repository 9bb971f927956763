// Where a reader's frames end up: an SSE stream, bare text, a socket, or a single wake-up for a long-poll.

import type { Failure } from "../protocol/problems.ts";
import type { RunEndedRecord } from "../protocol/records.ts";
import { applyDelta } from "../protocol/reduce.ts";
import { CLOSE } from "../protocol/socket.ts";
import { HEARTBEAT_FRAME, RETRY_FRAME } from "../protocol/sse.ts";
import type { Frame, Sink } from "./subscribers.ts";

const encoder = new TextEncoder();
/** What a reader may leave unread before it is left alone to catch up, bytes. */
const BACKLOG_BYTES = 262_144;

/** A response body that a sink writes to. */
export interface StreamOwner {
  /** It has room again. */
  drained(): void;
  /** The reader left. */
  closed(): void;
}

interface ByteStream {
  body: ReadableStream<Uint8Array>;
  controller: ReadableStreamDefaultController<Uint8Array>;
}

function byteStream(owner: StreamOwner, backlog: number): ByteStream {
  let controller: ReadableStreamDefaultController<Uint8Array> | undefined;
  const body = new ReadableStream<Uint8Array>(
    {
      start: (started) => {
        controller = started;
      },
      pull: () => owner.drained(),
      cancel: () => owner.closed(),
    },
    { highWaterMark: backlog, size: (bytes) => bytes?.byteLength ?? 0 },
  );
  if (!controller) throw new Error("A ReadableStream calls start before its constructor returns");
  return { body, controller };
}

const hasRoom = (controller: ReadableStreamDefaultController<Uint8Array>) => (controller.desiredSize ?? 0) > 0;

/** `farewell` is what is said after a run's last record. */
export function sseSink(
  owner: StreamOwner,
  backlog = BACKLOG_BYTES,
  farewell?: () => string,
): { body: ReadableStream<Uint8Array>; sink: Sink } {
  const { body, controller } = byteStream(owner, backlog);
  controller.enqueue(encoder.encode(RETRY_FRAME));
  const sink: Sink = {
    get ready() {
      return hasRoom(controller);
    },
    send: (frame) => controller.enqueue(frame.sse),
    idle: () => controller.enqueue(encoder.encode(HEARTBEAT_FRAME)),
    end: () => {
      if (farewell) controller.enqueue(encoder.encode(farewell()));
      controller.close();
    },
  };
  return { body, sink };
}

/** How the text of a run is written out. */
export interface TextFormat {
  /** Before all else. */
  begin?(): string;
  piece(text: string): string;
  /** After all the text of a completed answer. */
  completed?(ended: RunEndedRecord): string;
  /** What any other end is told by; a failure when the reader is sent away before it. Without it the connection is aborted, so that curl exits non-zero. */
  broken?(why: RunEndedRecord | Failure): string;
  /** Keeps the connection open through silence. */
  heartbeat?: string;
}

const BARE: TextFormat = { piece: (text) => text };

/**
 * The text of one run. What was written can't be taken back, so with `committedOnly` nothing is written that is not
 * promised.
 */
export function textSink(
  owner: StreamOwner,
  committedOnly: boolean,
  format: TextFormat = BARE,
  backlog = BACKLOG_BYTES,
): { body: ReadableStream<Uint8Array>; sink: Sink } {
  const drained = () => {
    owner.drained();
    if (over) abortWhenRead();
  };
  const { body, controller } = byteStream({ closed: () => owner.closed(), drained }, backlog);
  let over = false;
  let written = 0;
  /** The run's text from `written` on. */
  let pending = "";
  let failure: string | undefined;
  let ended: RunEndedRecord | null = null;
  const say = (words: string | null | undefined) => words && controller.enqueue(encoder.encode(words));
  say(format.begin?.());
  // An error throws away what is queued, so it waits until the reader has taken everything. The platform logs a response
  // that is aborted as an uncaught exception, whatever aborts it: nothing but an abort tells a reader that text is not whole.
  const abortWhenRead = () => {
    if (failure !== undefined && controller.desiredSize === backlog) controller.error(new Error(failure));
  };
  const write = (length: number) => {
    if (length <= 0) return;
    say(format.piece(pending.slice(0, length)));
    pending = pending.slice(length);
    written += length;
  };
  const sink: Sink = {
    get ready() {
      return hasRoom(controller);
    },
    send: ({ record, offset }: Frame) => {
      if (record.type === "delta") {
        const from = Math.max(record.at, written);
        pending = applyDelta(pending, { at: from - written, text: record.text.slice(from - record.at) }) ?? pending;
        if (!committedOnly || offset !== undefined) write(pending.length);
      } else if (record.type === "commit" && committedOnly) {
        write(record.through - written);
      } else if (record.type === "run.ended") {
        ended = record;
      }
    },
    ...(format.heartbeat !== undefined && { idle: () => say(format.heartbeat) }),
    end: (early) => {
      over = true;
      const completed = ended?.status === "completed" ? ended : null;
      const broken = early ?? ended;
      const last = completed ? format.completed?.(completed) : broken && format.broken?.(broken);
      say(last);
      if (!completed && last == null) {
        failure = early?.detail ?? ended?.error?.message ?? `The answer was ${ended?.status}.`;
      }
      if (failure === undefined) controller.close();
      else abortWhenRead();
    },
  };
  return { body, sink };
}

export function socketSink(socket: WebSocket): Sink {
  return {
    ready: true,
    sleeps: true,
    send: (frame) => socket.send(frame.json),
    end: (early) => sendAway(socket, early),
  };
}

/** Closes a socket that has everything, or is to have no more. */
export function sendAway(socket: WebSocket, early?: Failure): void {
  if (!early) socket.close(CLOSE.done, "done");
  else socket.close(early.code === "unauthenticated" ? CLOSE.unauthenticated : CLOSE.unknown, early.detail);
}

/** Wakes a long-poll at the next promise, or when it is sent away. */
export function pollSink(wake: () => void, end: (early?: Failure) => void = wake): Sink {
  return {
    ready: true,
    send: (frame) => {
      if (frame.offset !== undefined) wake();
    },
    end,
  };
}
