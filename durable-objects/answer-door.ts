// The way from a chat to a shared answer over the platform. `answer.ts` is at the other end.
import { createParser } from "eventsource-parser";
import type { LogRecord } from "../protocol/records.ts";
import type { AnswerObject } from "./answer.ts";
import { type AnswerDoor, type Asking, FAREWELL, type Farewell, type Followed } from "./asking.ts";
import { HEARTBEAT_MS } from "./subscribers.ts";

/** An answer sends a sign of life before this; without one for longer it is taken to be lost, ms. */
const SILENCE_MS = 4 * HEARTBEAT_MS;

export function answerDoor(namespace: DurableObjectNamespace<AnswerObject>, name: string): AnswerDoor {
  const open = () => namespace.get(namespace.idFromName(name));
  // Calls by one stub arrive in order, so a leave does not overtake the ask it takes back. A stub that failed stays broken.
  let stub = open();
  return {
    async follow(asking, take, signal) {
      try {
        return await read(() => stub.fetch("https://answer/", toRequest(asking)), take, signal);
      } catch (error) {
        // One who was told to stop leaves by the same stub.
        if (!signal.aborted) stub = open();
        throw error;
      }
    },
    async leave(run) {
      try {
        return await stub.leave(run);
      } catch (error) {
        stub = open();
        throw error;
      }
    },
  };
}

const toRequest = (asking: Asking): RequestInit => ({ method: "POST", body: JSON.stringify(asking) });

async function read(
  request: () => Promise<Response>,
  take: (record: LogRecord, promised: boolean) => void,
  signal: AbortSignal,
): Promise<Followed> {
  let reader: ReadableStreamDefaultReader<Uint8Array> | undefined;
  let farewell: Farewell | undefined;
  const parser = createParser({
    onEvent: ({ id, event, data }) => {
      if (event === FAREWELL) farewell = JSON.parse(data) as Farewell;
      else take({ type: event, ...JSON.parse(data) } as LogRecord, id !== undefined);
    },
  });
  const text = new TextDecoder();
  const broken = Promise.withResolvers<never>();
  const stop = () => broken.reject(signal.reason);
  let silent = false;
  let heard = true;
  const watch = setInterval(() => {
    silent = !heard;
    heard = false;
    if (silent) broken.reject(new Error("The shared answer fell silent."));
  }, SILENCE_MS);
  signal.addEventListener("abort", stop, { once: true });
  try {
    signal.throwIfAborted();
    const coming = request();
    const response = await Promise.race([coming, broken.promise]).catch((error) => {
      // It may come yet, and must not be left unread: whoever sends it would wait.
      coming.then((late) => late.body?.cancel()).catch(() => {});
      throw error;
    });
    if (response.status === 404) return { kind: "none" };
    if (!response.ok || !response.body) throw new Error(`The shared answer replied ${response.status}.`);
    reader = response.body.getReader();
    for (;;) {
      const { done, value } = await Promise.race([reader.read(), broken.promise]);
      heard = true;
      if (value) parser.feed(text.decode(value, { stream: true }));
      if (farewell) return { kind: "ended", pays: farewell.pays };
      if (done) throw new Error("The shared answer's stream ended before the answer did.");
    }
  } finally {
    clearInterval(watch);
    signal.removeEventListener("abort", stop);
    broken.promise.catch(() => {});
    reader?.cancel().catch(() => {});
  }
}
