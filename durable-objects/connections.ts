// How a reader is joined to a chat: what it asks to read, from where, in which form, and what it gets when that makes no
// sense. Each connection is one reader of `subscribers.ts`.
import { CompletionFormat } from "../protocol/chat-completions.ts";
import { clientFrameSchema } from "../protocol/frames.ts";
import { parseTarget } from "../protocol/ids.ts";
import { MAX_READERS_PER_CHAT } from "../protocol/limits.ts";
import { parseOffset, type ResumePoint } from "../protocol/offsets.ts";
import { type Failure, fail, ok, type Result } from "../protocol/problems.ts";
import { CLOSE, PING, PONG } from "../protocol/socket.ts";
import type { ChunkLog, RunRow } from "./chunk-log.ts";
import { pollSink, type StreamOwner, sendAway, socketSink, sseSink, textSink } from "./sinks.ts";
import { EXPIRED, type Reader, type Subscribers } from "./subscribers.ts";

/** What a reader asks for; until when it may, Unix ms, null for ever; and by which made token, null for none. */
export interface Reading {
  run: number | undefined;
  from: ResumePoint | undefined;
  until: number | null;
  token: string | null;
}

/** What a response to a reading looks like. Text can't be taken back once it is written: `committed` writes promises only. */
export type StreamForm =
  | { kind: "sse" }
  | { kind: "text"; committed: boolean }
  /** OpenAI's chat completion chunks; `usage` adds a last one with the tokens. */
  | { kind: "completion"; committed: boolean; usage: boolean };

/** Frames in both directions; `mayStop`: the caller may stop runs by them. */
export interface SocketForm {
  kind: "socket";
  mayStop: boolean;
}

/** A reading that was found to make sense. */
interface Span {
  row: RunRow | undefined;
  /** The position after which it reads. */
  position: number;
  /** Its run has ended and it has all of it. */
  complete: boolean;
}

/** What a socket must remember while its object sleeps. */
interface Attachment {
  run: number | null;
  until: number | null;
  token: string | null;
  mayStop: boolean;
  resumed: boolean;
}

const SSE_HEADERS = {
  "content-type": "text/event-stream; charset=utf-8",
  "cache-control": "no-cache, no-transform",
  "x-accel-buffering": "no",
};
const TEXT_HEADERS = {
  "content-type": "text/plain; charset=utf-8",
  "cache-control": "no-cache, no-transform",
  "x-content-type-options": "nosniff",
};

export class Connections {
  readonly #log: ChunkLog;
  readonly #subscribers: Subscribers;
  readonly #durable: () => number;
  readonly #now: () => number;
  readonly #sockets = new Map<WebSocket, Reader>();
  /** Accepted, and not told yet where to resume. They read nothing, but each is held open. */
  readonly #waiting = new Set<WebSocket>();

  constructor(log: ChunkLog, subscribers: Subscribers, durable: () => number, now: () => number) {
    this.#log = log;
    this.#subscribers = subscribers;
    this.#durable = durable;
    this.#now = now;
  }

  /** Where a reading begins, or why it can't. */
  locate({ run, from, until }: Reading): Result<Span> {
    if (this.#isOver(until)) return EXPIRED;
    const row = run === undefined ? undefined : this.#log.run(run);
    if (run !== undefined && !row) return fail("unknown_run", `This chat has no run ${run}.`);
    const durable = this.#durable();
    const asked = from === "now" ? durable : (from ?? 0);
    if (asked > durable) {
      return fail("offset_invalid", "The offset lies beyond the end of this log. Use one you were given, or -1.");
    }
    const position = Math.max(asked, row ? row.first - 1 : 0);
    return ok({ row, position, complete: row?.last != null && asked >= row.last });
  }

  full(): Result<never> | undefined {
    const size = this.#subscribers.size + this.#waiting.size;
    if (size < MAX_READERS_PER_CHAT) return undefined;
    const detail = `This chat has ${size} readers already; the limit is ${MAX_READERS_PER_CHAT}. Close one, or try again.`;
    return fail("too_many_readers", detail, { limit: MAX_READERS_PER_CHAT, value: size, retryAfter: 5 });
  }

  /** A response that gets everything after where the reading begins. */
  stream(reading: Reading, form: StreamForm): Result<Response> {
    const span = this.locate(reading);
    if (!span.ok) return span;
    if (span.value.complete && form.kind === "sse") return ok(new Response(null, { status: 204 }));
    const full = this.full();
    if (full) return full;
    let reader: Reader | undefined;
    const owner = {
      drained: () => reader && !reader.live && this.#subscribers.resume(reader),
      closed: () => reader && this.#subscribers.remove(reader),
    };
    const { body, sink } = sinkOf(form, owner, span.value.row);
    reader = this.#subscribers.add(reading.run, span.value.position, sink, reading);
    return ok(new Response(body, { headers: form.kind === "text" ? TEXT_HEADERS : SSE_HEADERS }));
  }

  /** Resolves at the next promise in the reading's scope, or after `ms`; fails when the reader is sent away. */
  async nextPromise(reading: Reading, ms: number): Promise<Result<null>> {
    let sleeper: ReturnType<typeof setTimeout> | undefined;
    let reader: Reader | undefined;
    const early = await new Promise<Failure | undefined>((end) => {
      const wake = () => end(undefined);
      sleeper = setTimeout(wake, ms);
      reader = this.#subscribers.add(reading.run, this.#durable(), pollSink(wake, end), reading);
    });
    clearTimeout(sleeper);
    if (reader) this.#subscribers.remove(reader);
    return early ? { ok: false, failure: early } : ok(null);
  }

  /** Accepts a hibernating socket. Without an offset it waits for the client's `resume`. */
  accept(state: DurableObjectState, reading: Reading, { mayStop }: SocketForm): Result<Response> {
    const span = this.locate(reading);
    if (!span.ok) return span;
    const full = this.full();
    if (full) return full;
    const { 0: client, 1: server } = new WebSocketPair();
    state.acceptWebSocket(server);
    const { run = null, until, token } = reading;
    const attachment: Attachment = { run, until, token, mayStop, resumed: false };
    server.serializeAttachment(attachment);
    if (reading.from === undefined) this.#waiting.add(server);
    else this.#resume(server, attachment, span.value);
    return ok(new Response(null, { status: 101, webSocket: client }));
  }

  /** Takes back the sockets that outlived the object's sleep: they had everything when it fell asleep. */
  wake(state: DurableObjectState): void {
    state.setWebSocketAutoResponse(new WebSocketRequestResponsePair(PING, PONG));
    for (const socket of state.getWebSockets()) {
      const attachment = socket.deserializeAttachment() as Attachment;
      if (this.#isOver(attachment.until)) sendAway(socket, EXPIRED.failure);
      else if (attachment.resumed) this.#join(socket, attachment, this.#durable());
      else this.#waiting.add(socket);
    }
  }

  /** Handles a frame of a client; returns the number of the run it asks to cancel. */
  received(socket: WebSocket, text: string | ArrayBuffer): number | undefined {
    const attachment = socket.deserializeAttachment() as Attachment;
    if (this.#isOver(attachment.until)) return this.#refuse(socket, CLOSE.unauthenticated, EXPIRED.failure.detail);
    const frame = typeof text === "string" ? parseFrame(text) : undefined;
    if (!frame) {
      const expected = '{"type":"resume","offset":"…"}, {"type":"cancel","run":"…"} or ping';
      return this.#refuse(socket, CLOSE.badRequest, `Send ${expected}.`);
    }
    if (frame.type === "cancel") {
      if (!attachment.mayStop) return this.#refuse(socket, CLOSE.forbidden, "This needs the scope ask.");
      const target = parseTarget(frame.run);
      if (target?.run !== undefined && target.chatId === this.#log.chat?.chatId && this.#log.run(target.run)) {
        return target.run;
      }
      return this.#refuse(socket, CLOSE.unknown, "There is no such run in this chat.");
    }
    const from = parseOffset(frame.offset);
    if (from === undefined) return this.#refuse(socket, CLOSE.badRequest, "The offset is not one of this log.");
    const span = this.locate({ ...attachment, run: attachment.run ?? undefined, from });
    if (!span.ok) return this.#refuse(socket, CLOSE.badRequest, span.failure.detail);
    this.#resume(socket, attachment, span.value);
    return undefined;
  }

  /** Sends everybody away; with `token`, those who came by it. */
  endAll(state: DurableObjectState, why: { failure: Failure }, token?: string): void {
    for (const socket of state.getWebSockets()) {
      if (token !== undefined && (socket.deserializeAttachment() as Attachment).token !== token) continue;
      this.left(socket);
      sendAway(socket, why.failure);
    }
    this.#subscribers.endAll(why, token);
  }

  left(socket: WebSocket): void {
    const reader = this.#sockets.get(socket);
    if (reader) this.#subscribers.remove(reader);
    this.#sockets.delete(socket);
    this.#waiting.delete(socket);
  }

  #resume(socket: WebSocket, attachment: Attachment, { position, complete }: Span): void {
    this.left(socket);
    socket.serializeAttachment({ ...attachment, resumed: true } satisfies Attachment);
    if (complete) socket.close(CLOSE.done, "done");
    else this.#join(socket, attachment, position);
  }

  #join(socket: WebSocket, attachment: Attachment, position: number): void {
    const reader = this.#subscribers.add(attachment.run ?? undefined, position, socketSink(socket), attachment);
    this.#sockets.set(socket, reader);
  }

  #isOver(until: number | null): boolean {
    return until !== null && until <= this.#now();
  }

  #refuse(socket: WebSocket, code: number, reason: string): undefined {
    this.left(socket);
    socket.close(code, reason);
  }
}

function sinkOf(form: StreamForm, owner: StreamOwner, row: RunRow | undefined) {
  if (form.kind === "sse" || !row) return sseSink(owner);
  if (form.kind === "text") return textSink(owner, form.committed);
  return textSink(owner, form.committed, new CompletionFormat(row.started, form.usage));
}

function parseFrame(text: string) {
  try {
    return clientFrameSchema.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}
