/**
 * One open stream of one answer: turns tokens into events, one HTTP chunk each, keeps to the reader's speed, and plays the
 * connection's fault (cut, torn event, early end, hang, malformed event) at exactly the token it was asked for.
 */
import type { ServerResponse } from "node:http";
import type { Counters } from "./counters.ts";
import type { End, Generation, Watcher } from "./generation.ts";
import type { ConnectionFault, Fault } from "./script.ts";

/** A protocol's events around and for the tokens. An event's place in the stream is its sequence number. */
export interface Frames {
  opening: readonly string[];
  delta(index: number, token: string): string;
  closing(end: End): readonly string[];
  /** An event whose JSON is broken. */
  malformed: string;
}

interface ViewerOptions {
  /** Events to leave out: those before this place in the stream. */
  from?: number;
  fault: Fault | null;
  misaligned: boolean;
}

export class Viewer implements Watcher {
  readonly #out: ServerResponse;
  readonly #generation: Generation;
  readonly #frames: Frames;
  readonly #counters: Counters;
  readonly #misaligned: boolean;
  #fault: Fault | null;
  #closing: readonly string[] | null = null;
  #cursor: number;
  #sent = 0;
  #waiting = false;
  #over = false;
  #held: Buffer = Buffer.alloc(0);

  constructor(out: ServerResponse, generation: Generation, frames: Frames, counters: Counters, options: ViewerOptions) {
    this.#out = out;
    this.#generation = generation;
    this.#frames = frames;
    this.#counters = counters;
    this.#fault = options.fault;
    this.#misaligned = options.misaligned;
    this.#cursor = options.from ?? 0;
    counters.opened();
    out.once("close", () => this.#left());
    // A reader that goes away in the middle of a write is an ordinary end, told by "close".
    out.on("error", () => {});
    generation.watch(this);
    this.advance();
  }

  behind(): number {
    return this.#frames.opening.length + this.#generation.tokens.length - this.#cursor;
  }

  advance(): void {
    while (!this.#waiting && !this.#over) {
      if (this.#strikes()) continue;
      const frame = this.#next();
      if (frame === undefined) break;
      this.#cursor++;
      this.#write(frame);
    }
    if (!this.#over && !this.#waiting && this.#closing !== null) this.#finish();
  }

  /** The event at the cursor, if there is one yet. */
  #next(): string | undefined {
    const { opening } = this.#frames;
    const { tokens, end } = this.#generation;
    if (this.#cursor < opening.length) return opening[this.#cursor];
    const index = this.#cursor - opening.length;
    const token = tokens[index];
    if (token !== undefined) {
      this.#sent++;
      this.#generation.sent();
      return this.#frames.delta(index, token);
    }
    if (end === null) return undefined;
    this.#closing ??= this.#frames.closing(end);
    return this.#closing[index - tokens.length];
  }

  /** Plays the fault when its token has come; true when something changed. */
  #strikes(): boolean {
    const fault = this.#fault;
    if (fault === null || this.#cursor < this.#frames.opening.length || this.#sent < fault.after) return false;
    const kind = fault.kind as ConnectionFault;
    if (kind === "torn") {
      const index = this.#cursor - this.#frames.opening.length;
      const { tokens, end } = this.#generation;
      const token = tokens[index];
      const frame =
        token !== undefined
          ? this.#frames.delta(index, token)
          : end !== null
            ? this.#frames.closing(end)[0]
            : undefined;
      if (frame === undefined) return false;
      this.#write(frame.slice(0, Math.floor(frame.length / 2)));
    }
    this.#fault = null;
    if (kind === "malformed") {
      this.#write(this.#frames.malformed);
      return true;
    }
    this.#flushHeld();
    this.#over = true;
    if (kind === "hang") {
      if (!this.#generation.background) this.#generation.stall();
      return true;
    }
    if (!this.#generation.background) this.#generation.stop("aborted");
    if (kind === "end") this.#out.end();
    // Only after the bytes have gone: a reader must get every event before the cut.
    else this.#out.write("", () => this.#out.socket?.destroy());
    return true;
  }

  #finish(): void {
    this.#over = true;
    this.#flushHeld();
    this.#out.end();
  }

  #write(frame: string): void {
    let flowing: boolean;
    if (this.#misaligned) {
      const bytes = Buffer.from(frame);
      const inside = bytes.findIndex((byte) => byte >= 0x80);
      const at = inside === -1 ? bytes.length >> 1 : inside + 1;
      flowing = this.#out.write(Buffer.concat([this.#held, bytes.subarray(0, at)]));
      this.#held = bytes.subarray(at);
    } else {
      flowing = this.#out.write(frame);
    }
    if (flowing) return;
    this.#waiting = true;
    this.#out.once("drain", () => {
      this.#waiting = false;
      this.advance();
    });
  }

  #flushHeld(): void {
    if (this.#held.length > 0) this.#out.write(this.#held);
    this.#held = Buffer.alloc(0);
  }

  /** The connection is gone, after its end or before. */
  #left(): void {
    this.#over = true;
    this.#counters.openStreams--;
    this.#generation.unwatch(this);
    if (!this.#generation.background) this.#generation.stop("aborted");
  }
}
