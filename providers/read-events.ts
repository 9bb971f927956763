// The read loop all providers share. What a token costs is entering the isolate, so each read is one turn: parse every
// event in it, hand on one piece, wait for the next. The SDKs' own streams wait several times for each event.
import { createParser, type EventSourceMessage } from "eventsource-parser";
import { type BodyReader, readerOf } from "./body-reader.ts";
import { type Answerer, malformed, stalled, streamCut } from "./errors.ts";
import { Pieces } from "./pieces.ts";
import type { Ending, Piece } from "./provider.ts";
import { ReadPace, Traffic } from "./read-pace.ts";
import { type Patience, StallWatch } from "./stall-watch.ts";

/** Understands one provider's events, for one stream. Throws a `ProviderError` for those that tell of one. */
export interface Decoder {
  /** Puts what the event brought into `pieces`; gives the ending once the event is the last one that matters. */
  decode(event: EventSourceMessage, pieces: Pieces): Ending | null;
  /** The stream is over without its last event: the ending all the same, if what came amounts to one. */
  endOfStream?(): Ending | null;
}

export interface Exchange {
  who: Answerer;
  /** Makes the one request. Rejects with a `ProviderError`, or anything at all once the signal is aborted. */
  request(signal: AbortSignal): Promise<Response>;
  decoder: Decoder;
  onPiece(piece: Piece): void;
  signal: AbortSignal;
  patience: Patience;
}

/** An event longer than this is not one (the last event of a Responses stream holds the whole answer). */
const MAX_EVENT_LENGTH = 16 * 1024 * 1024;
/** What all the streams of this isolate bring. */
const traffic = new Traffic();
/** How long a stream may take to close after its last event before we close it. */
const DRAIN_MS = 2_000;

/** Makes the request and reads its events to the end. Rejects at once when aborted, and calls `onPiece` no more. */
export async function exchange({ who, request, decoder, onPiece, signal, patience }: Exchange): Promise<Ending> {
  signal.throwIfAborted();
  const connection = new AbortController();
  const gone = Promise.withResolvers<never>();
  let reader: BodyReader | undefined;
  let stopped = false;
  const stop = (reason: unknown) => {
    stopped = true;
    gone.reject(reason);
    connection.abort(reason);
    // The SDK's signal may no longer reach a body that is being read by hand.
    reader?.cancel(reason).catch(() => {});
  };
  const onAbort = () => stop(signal.reason);
  signal.addEventListener("abort", onAbort, { once: true });
  const pace = new ReadPace(traffic);
  const watch = new StallWatch(patience, (silentMs) => stop(stalled(who, silentMs)));

  const read = async (): Promise<Ending> => {
    const response = await request(connection.signal);
    const body = bodyOf(response, who);
    if (stopped) {
      await body.cancel();
      return await gone.promise;
    }
    reader = readerOf(body);
    const pieces = new Pieces();
    const text = new TextDecoder();
    const end: { ending: Ending | null } = { ending: null };
    let spoke = false;
    let events = 0;
    let atLeast = 1;
    const parser = createParser({
      onEvent: (event) => {
        events += 1;
        end.ending ??= decoder.decode(event, pieces);
      },
      onError: (error) => {
        if (error.type === "max-buffer-size-exceeded") throw malformed(who, "an endless event", error);
      },
      maxBufferSize: MAX_EVENT_LENGTH,
    });
    const handOn = () => {
      const piece = stopped ? null : pieces.take();
      if (piece === null) return;
      spoke ||= piece.text !== "";
      onPiece(piece);
    };
    for (;;) {
      let bytes: Uint8Array | undefined;
      try {
        bytes = await reader.read(atLeast);
      } catch (cause) {
        throw streamCut(who, cause);
      }
      if (stopped) return await gone.promise;
      try {
        if (bytes) parser.feed(text.decode(bytes, { stream: true }));
        else end.ending = decoder.endOfStream?.() ?? null;
        if (end.ending !== null) pieces.close();
      } finally {
        // What came before an event that is an error is still what the model said.
        handOn();
      }
      if (end.ending !== null) return end.ending;
      if (!bytes) throw streamCut(who);
      const now = watch.heard(spoke);
      atLeast = pace.next(events, bytes.length, now);
      events = 0;
    }
  };

  try {
    const ending = await Promise.race([read(), gone.promise]);
    if (reader) void drain(reader);
    return ending;
  } catch (error) {
    // After an abort or a stall every other failure is only its echo.
    if (!stopped) stop(error);
    return await gone.promise;
  } finally {
    watch.stop();
    pace.over();
    signal.removeEventListener("abort", onAbort);
  }
}

/** Lets the connection end by itself, so that it can be used again. */
async function drain(reader: BodyReader): Promise<void> {
  const timer = setTimeout(() => reader.cancel().catch(() => {}), DRAIN_MS);
  try {
    while (await reader.read(1));
  } catch {
    // Nothing after the last event matters.
  } finally {
    clearTimeout(timer);
  }
}

function bodyOf(response: Response, who: Answerer): ReadableStream<Uint8Array> {
  const type = response.headers.get("content-type") ?? "";
  if (response.body === null) throw malformed(who, "an answer without a body");
  if (/^(text\/html|application\/json)/i.test(type)) {
    void response.body.cancel().catch(() => {});
    throw malformed(who, `${type.split(";")[0]} where a stream of events was asked for`);
  }
  return response.body as ReadableStream<Uint8Array>;
}

/** An event's data as a JSON object. */
export function parseData(data: string, who: Answerer): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(data);
  } catch (cause) {
    throw malformed(who, "an event that is not JSON", cause);
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw malformed(who, "an event that is not an object");
  }
  return value as Record<string, unknown>;
}

/** A delta's text, which every provider sends as a string. */
export function textOf(value: unknown, who: Answerer): string {
  if (typeof value !== "string") throw malformed(who, "a piece of text that is not text");
  return value;
}
