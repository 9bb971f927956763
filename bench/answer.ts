// One answer as a reader receives it: all its bytes kept for checking afterwards, and the delay of each token measured
// from the stamp the scripted model put into it (`…@` and its clock, ms).
import type { Incoming } from "./wire.ts";

/** The stamp's digits: 13, a dot, 2. */
const STAMP = 16;

/** Milliseconds since 1970 on the clock the scripted model stamps with. */
export const clock = () => performance.timeOrigin + performance.now();

/** What is counted while it is open, over all answers. */
export class Window {
  open = false;
  tokens = 0;
  readonly delays: number[] = [];
}

export class Answer implements Incoming {
  readonly #window: Window;
  readonly #separator: string;
  #bytes = Buffer.allocUnsafe(16_384);
  #length = 0;
  #unfinished = "";
  #lastStamp = 0;
  tokens = 0;
  status = 0;
  firstTokenAt: number | null = null;
  ended: "no" | "complete" | "broken" = "no";
  headers = new Map<string, string>();
  onFirstToken: () => void = () => {};
  onEnd: () => void = () => {};

  /** `separator` goes between what arrives as separate messages. */
  constructor(window: Window, separator = "") {
    this.#window = window;
    this.#separator = separator;
  }

  get body(): string {
    return this.#bytes.toString("utf8", 0, this.#length);
  }

  head({ status, headers }: { status: number; headers: Map<string, string> }): void {
    this.status = status;
    this.headers = headers;
  }

  bytes(bytes: Buffer): void {
    this.#keep(bytes);
    this.#scan(this.#unfinished + bytes.toString("latin1"));
  }

  end(complete: boolean): void {
    this.ended = complete ? "complete" : "broken";
    this.onEnd();
  }

  #keep(bytes: Buffer): void {
    const needed = this.#length + bytes.length + this.#separator.length;
    if (needed > this.#bytes.length) {
      const larger = Buffer.allocUnsafe(Math.max(needed, 2 * this.#bytes.length));
      this.#bytes.copy(larger, 0, 0, this.#length);
      this.#bytes = larger;
    }
    this.#length += bytes.copy(this.#bytes, this.#length);
    if (this.#separator) this.#length += this.#bytes.write(this.#separator, this.#length, "latin1");
  }

  #scan(text: string): void {
    this.#unfinished = "";
    let now = 0;
    for (let at = text.indexOf("@"); at >= 0; at = text.indexOf("@", at + STAMP)) {
      if (at + 1 + STAMP > text.length) {
        this.#unfinished = text.slice(at);
        return;
      }
      const stamp = Number(text.slice(at + 1, at + 1 + STAMP));
      // Text that is sent again after a reader fell behind is no new token.
      if (stamp <= this.#lastStamp) continue;
      this.#lastStamp = stamp;
      now ||= clock();
      this.#token(now, stamp);
    }
  }

  #token(now: number, stamp: number): void {
    this.tokens += 1;
    if (this.firstTokenAt === null) {
      this.firstTokenAt = now;
      this.onFirstToken();
    }
    if (!this.#window.open) return;
    this.#window.tokens += 1;
    this.#window.delays.push(now - stamp);
  }
}
