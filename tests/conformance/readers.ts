// Readers as other people would write them: of SSE, of a socket, and the chat that the reducer makes of either.
import { createParser } from "eventsource-parser";
import { expect } from "vitest";
import { type LogRecord, recordSchema, type WireRecord } from "../../protocol/records.ts";
import { type ChatState, emptyChat, reduce } from "../../protocol/reduce.ts";
import type { Person } from "./kit.ts";

/** A record as it came: with an offset it is promised. */
export interface Received {
  record: LogRecord;
  offset: string | undefined;
}

/** Applies records by the reducer and fails at a gap, at a promise that is taken back, and at an offset that goes back. */
export class Replica {
  state: ChatState = emptyChat;
  offset = "-1";
  readonly received: Received[] = [];

  take(received: Received): void {
    const { record, offset } = received;
    recordSchema.parse(record);
    const before = "run" in record ? this.state.runs[record.run] : undefined;
    const next = reduce(this.state, record, offset !== undefined);
    if ("gap" in next) throw new Error(`There is a gap before ${JSON.stringify(record)}: ${JSON.stringify(next.gap)}`);
    if (before) {
      const after = next.runs[before.id];
      expect(after?.text.startsWith(before.text.slice(0, before.committed)), "a promise was taken back").toBe(true);
    }
    if (offset !== undefined) {
      expect(this.offset === "-1" || offset > this.offset, `offset ${offset} after ${this.offset}`).toBe(true);
      this.offset = offset;
    }
    this.state = next;
    this.received.push(received);
  }

  text(run: string): string {
    return this.state.runs[run]?.text ?? "";
  }

  types(): string[] {
    return this.received.map(({ record }) => record.type);
  }
}

/** An SSE response, event by event. */
export class SseReader {
  readonly comments: string[] = [];
  retry: number | undefined;
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  readonly #text = new TextDecoder();
  readonly #events: Received[] = [];
  readonly #parser = createParser({
    onEvent: ({ id, event, data }) => {
      const record = { type: event, ...JSON.parse(data) } as LogRecord;
      this.#events.push({ record, offset: id });
    },
    onRetry: (retry) => {
      this.retry = retry;
    },
    onComment: (comment) => this.comments.push(comment),
  });

  constructor(response: Response) {
    expect([response.status, response.headers.get("content-type")]).toEqual([200, "text/event-stream; charset=utf-8"]);
    if (!response.body) throw new Error("An SSE response has a body.");
    this.#reader = response.body.getReader();
  }

  /** The next event; `undefined` at the end of the stream. */
  async next(): Promise<Received | undefined> {
    while (this.#events.length === 0) {
      if (!(await this.#read())) return undefined;
    }
    return this.#events.shift();
  }

  async #read(): Promise<boolean> {
    const { done, value } = await this.#reader.read();
    if (value) this.#parser.feed(this.#text.decode(value, { stream: true }));
    return !done;
  }

  /** Reads up to and with the first event that `enough` takes. */
  async until(enough: (received: Received, replica: Replica) => boolean, into = new Replica()): Promise<Replica> {
    for (;;) {
      const received = await this.next();
      if (!received) throw new Error(`The stream ended early, after ${into.types().join(", ")}.`);
      into.take(received);
      if (enough(received, into)) return into;
    }
  }

  /** Everything up to the end of the stream. */
  async rest(into = new Replica()): Promise<Received[]> {
    for (let received = await this.next(); received; received = await this.next()) into.take(received);
    return into.received;
  }

  /** Reads on until a comment came. */
  async comment(): Promise<string> {
    while (this.comments.length === 0 && (await this.#read()));
    return this.comments.shift() ?? "";
  }

  async leave(): Promise<void> {
    await this.#reader.cancel();
  }
}

export const isRecord =
  <Type extends LogRecord["type"]>(type: Type) =>
  ({ record }: { record: LogRecord }): boolean =>
    record.type === type;

/** A socket, frame by frame. */
export class Socket {
  readonly closed: Promise<{ code: number; reason: string }>;
  readonly #socket: WebSocket;
  readonly #frames: string[] = [];
  #wake = () => {};
  #over = false;

  constructor(response: Response) {
    expect(response.status).toBe(101);
    if (!response.webSocket) throw new Error("A handshake gives a socket.");
    const socket = response.webSocket;
    this.#socket = socket;
    socket.addEventListener("message", ({ data }) => {
      this.#frames.push(data as string);
      this.#wake();
    });
    this.closed = new Promise((resolve) =>
      socket.addEventListener("close", ({ code, reason }) => {
        this.#over = true;
        this.#wake();
        resolve({ code, reason });
      }),
    );
    socket.accept();
  }

  static async open(who: Person, path: string): Promise<Socket> {
    return new Socket(await who.fetch(path, { headers: { upgrade: "websocket" } }));
  }

  send(frame: unknown): void {
    this.#socket.send(typeof frame === "string" ? frame : JSON.stringify(frame));
  }

  /** The next frame as it came; `undefined` when the socket was closed. */
  async raw(): Promise<string | undefined> {
    while (this.#frames.length === 0 && !this.#over) {
      await new Promise<void>((wake) => {
        this.#wake = wake;
      });
    }
    return this.#frames.shift();
  }

  async next(): Promise<Received | undefined> {
    const raw = await this.raw();
    if (raw === undefined) return undefined;
    const { offset, ...record } = JSON.parse(raw) as WireRecord;
    return { record: record as LogRecord, offset };
  }

  async until(enough: (received: Received, replica: Replica) => boolean, into = new Replica()): Promise<Replica> {
    for (;;) {
      const received = await this.next();
      if (!received) throw new Error(`The socket was closed early, after ${into.types().join(", ")}.`);
      into.take(received);
      if (enough(received, into)) return into;
    }
  }

  async rest(into = new Replica()): Promise<Replica> {
    for (let received = await this.next(); received; received = await this.next()) into.take(received);
    return into;
  }

  leave(): void {
    this.#socket.close(1000, "bye");
  }
}
