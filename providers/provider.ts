// What every provider is: something that streams the answer to a conversation, tells what it used, and can be stopped.
// A provider knows nothing of logs, chats or recovery; those who call it know nothing of a provider's wire.
import type { Finish, ProviderName, RunErrorCode } from "../protocol/records.ts";

export interface Turn {
  role: "user" | "assistant";
  text: string;
}

/** What is asked of a model. `turns` ends with the person's turn. */
export interface Ask {
  model: string;
  system: string | null;
  turns: readonly Turn[];
  temperature: number | null;
  maxOutputTokens: number | null;
  /** What the request is part of, as W3C Trace Context has it in its `traceparent` header. */
  trace?: string;
}

/** Where a provider's own stream can be taken up again after a crash. */
export interface Bookmark {
  responseId: string;
  sequenceNumber: number;
}

export interface Usage {
  /** Includes what was read from the provider's cache. */
  inputTokens: number;
  cachedInputTokens: number;
  outputTokens: number;
}

/** What came in one turn of reading: its text (may be empty) and the bookmark that goes with having it. */
export interface Piece {
  text: string;
  bookmark: Bookmark | null;
}

/** How an answer ended well. */
export interface Ending {
  finish: Finish;
  /** `null` when the provider gave none. */
  usage: Usage | null;
}

/** How an ask begins. */
export type Beginning =
  | { kind: "fresh" }
  /** Goes on with an answer the provider still has, from just after the bookmark; `text` is what came until there. */
  | { kind: "reattach"; bookmark: Bookmark; text: string }
  /** Asks the model to go on from this text, exactly where it ends. */
  | { kind: "continue"; prefix: string };

export interface ListedModel {
  id: string;
  name: string;
}

/** The headers by which a provider that traces requests joins ours to its own. */
export const traceHeaders = ({ trace }: Ask): Record<string, string> => (trace ? { traceparent: trace } : {});

export interface Provider {
  readonly name: ProviderName;
  /** The provider keeps a stream for a while after a disconnect, so bookmarks are worth keeping. */
  readonly reattaches: boolean;
  /**
   * Streams the answer: `onPiece` is called in the turn of the event loop in which the bytes came, at most once a read.
   * Resolves when the answer ended well; rejects with a `ProviderError` otherwise, or with the signal's reason when
   * aborted. Makes exactly one request: retrying is the caller's.
   *
   * An abort closes the connection, which stops the answer, except at a provider that goes on without us
   * (`reattaches`): there it only lets go, so that another producer can take the stream up, and `cancel` with the last
   * bookmark stops it. Aborted before there was a bookmark, such an answer is stopped by the provider itself: nobody
   * else could.
   */
  stream(ask: Ask, beginning: Beginning, onPiece: (piece: Piece) => void, signal: AbortSignal): Promise<Ending>;
  /** Stops an answer the provider goes on making without us. Does nothing where there is no such thing. */
  cancel(bookmark: Bookmark): Promise<void>;
  /** The provider's own list, or the configured one. Rejects with a `ProviderError`. */
  models(signal: AbortSignal): Promise<ListedModel[]>;
}

/** Everything that can go wrong with a provider, told by a code. */
export class ProviderError extends Error {
  readonly code: RunErrorCode;
  /** Seconds the provider asked us to wait. */
  readonly retryAfter: number | null;
  /** The provider's HTTP status, where there was one. */
  readonly status: number | null;
  /** Waiting will not help, whatever the code says: a quota that is used up, a provider that said so. */
  readonly final: boolean;

  constructor(
    code: RunErrorCode,
    message: string,
    options: { retryAfter?: number | null; status?: number | null; final?: boolean; cause?: unknown } = {},
  ) {
    super(message, { cause: options.cause });
    this.name = "ProviderError";
    this.code = code;
    this.retryAfter = options.retryAfter ?? null;
    this.status = options.status ?? null;
    this.final = options.final ?? false;
  }
}
