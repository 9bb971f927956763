// A provider that plays what it is given: for unit tests of what happens around a provider.
import type { Ask, Beginning, Bookmark, Ending, Piece, Provider } from "../providers/provider.ts";

/** What one request brings: pieces of text (a number is the bookmark from then on), then an ending or an error. */
export interface Play {
  pieces?: (string | number)[];
  end?: Ending | Error;
}

export const STOP: Ending = { finish: "stop", usage: null };

export class PlayedProvider implements Provider {
  readonly name = "openai";
  readonly reattaches: boolean;
  readonly asked: { ask: Ask; beginning: Beginning }[] = [];
  readonly cancelled: Bookmark[] = [];
  readonly #plays: Play[];

  constructor(plays: Play[], reattaches = true) {
    this.#plays = [...plays];
    this.reattaches = reattaches;
  }

  /** Without an end, the request stays open until it is aborted. */
  stream(ask: Ask, beginning: Beginning, onPiece: (piece: Piece) => void, signal: AbortSignal): Promise<Ending> {
    if (signal.aborted) return Promise.reject(signal.reason);
    this.asked.push({ ask, beginning });
    const { pieces = [], end } = this.#plays.shift() ?? {};
    let bookmark: Bookmark | null = null;
    for (const piece of pieces) {
      if (typeof piece === "number") bookmark = { responseId: `r${this.asked.length}`, sequenceNumber: piece };
      onPiece({ text: typeof piece === "number" ? "" : piece, bookmark });
    }
    if (end instanceof Error) return Promise.reject(end);
    if (end) return Promise.resolve(end);
    return new Promise((_, reject) => {
      signal.addEventListener("abort", () => reject(signal.reason));
    });
  }

  async cancel(bookmark: Bookmark): Promise<void> {
    this.cancelled.push(bookmark);
  }

  models(): Promise<[]> {
    return Promise.resolve([]);
  }
}
