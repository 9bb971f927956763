// Pieces: what one read of a provider's stream brought, gathered so that no character is ever split between two of them.
import type { Piece } from "./provider.ts";

const endsInsideCharacter = (text: string): boolean => {
  const last = text.charCodeAt(text.length - 1);
  return last >= 0xd800 && last <= 0xdbff;
};

/**
 * Joins the texts of one read's events. A delta that ends in the first half of a surrogate pair waits for the next one,
 * and the bookmark waits with it, so that text and bookmark never disagree. What comes out is well-formed Unicode: it
 * reads the same after storage as UTF-8.
 */
export class Pieces {
  #ready = "";
  #held = "";
  #responseId: string | null = null;
  #sequence = -1;
  #moved = false;

  /** Text of one event; `sequence` is that event's number, where the provider numbers them. */
  add(text: string, sequence?: number): void {
    const joined = this.#held === "" ? text : this.#held + text;
    if (endsInsideCharacter(joined)) {
      this.#held = joined;
      return;
    }
    this.#held = "";
    this.#ready += joined;
    this.pass(sequence);
  }

  /** An event without text went by. */
  pass(sequence: number | undefined): void {
    if (sequence === undefined || this.#held !== "") return;
    this.#sequence = sequence;
    this.#moved = true;
  }

  /** Whose numbers these are; without it there are no bookmarks. */
  identify(responseId: string): void {
    this.#responseId = responseId;
  }

  /** What came since the last call, or `null` when nothing did. */
  take(): Piece | null {
    const marked = this.#moved && this.#responseId !== null;
    if (this.#ready === "" && !marked) return null;
    const text = this.#ready.toWellFormed();
    const bookmark = marked ? { responseId: this.#responseId as string, sequenceNumber: this.#sequence } : null;
    this.#ready = "";
    this.#moved = false;
    return { text, bookmark };
  }

  /** Nothing more will come: gives up waiting for the other half of a character. */
  close(): void {
    this.#ready += this.#held;
    this.#held = "";
  }
}
