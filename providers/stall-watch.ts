// The stall watch: notices that nothing has come for too long, with one timer a stream however many tokens come.

export interface Patience {
  /** Silence allowed until the first text, milliseconds: a model may think for a while. */
  firstByteMs: number;
  /** Silence allowed after it, milliseconds. */
  stallMs: number;
}

export const PATIENCE: Patience = { firstByteMs: 120_000, stallMs: 60_000 };

export class StallWatch {
  readonly #patience: Patience;
  readonly #onStall: (silentMs: number) => void;
  #last = Date.now();
  #speaking = false;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** Starts at once. `onStall` is called at most once. */
  constructor(patience: Patience, onStall: (silentMs: number) => void) {
    this.#patience = patience;
    this.#onStall = onStall;
    this.#arm(this.#limit());
  }

  /** Bytes came; `speaking` once the first text is among them. Gives the time, Unix ms. */
  heard(speaking: boolean): number {
    this.#last = Date.now();
    if (!speaking || this.#speaking) return this.#last;
    this.#speaking = true;
    // The one time the timer may stand too far in the future.
    if (this.#patience.stallMs < this.#patience.firstByteMs) this.#arm(this.#limit());
    return this.#last;
  }

  stop(): void {
    clearTimeout(this.#timer);
  }

  #limit(): number {
    const { firstByteMs, stallMs } = this.#patience;
    return this.#speaking ? stallMs : firstByteMs;
  }

  #arm(ms: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#look(), ms);
  }

  #look(): void {
    const silent = Date.now() - this.#last;
    const left = this.#limit() - silent;
    if (left > 0) this.#arm(left);
    else this.#onStall(silent);
  }
}
