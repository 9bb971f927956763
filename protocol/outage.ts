// Tells of an outage of some part: once when it begins, once when it is over, however many meet it in between.

export interface OutageWords {
  began: string;
  over: string;
  /** What went wrong, without anything that was said. */
  reasonOf(error: unknown): string;
}

export class Outage {
  readonly #words: OutageWords;
  readonly #log: (message: string, details: Record<string, unknown>) => void;
  #failures = 0;

  constructor(words: OutageWords, log: (message: string, details: Record<string, unknown>) => void) {
    this.#words = words;
    this.#log = log;
  }

  failed(error: unknown): void {
    if (this.#failures++ === 0) this.#log(this.#words.began, { error: this.#words.reasonOf(error) });
  }

  over(): void {
    if (this.#failures > 0) this.#log(this.#words.over, { failures: this.#failures });
    this.#failures = 0;
  }
}
