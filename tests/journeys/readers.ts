// The three ways to read a run or a whole chat, each over one connection: they take what comes into a transcript until
// the connection ends, and tell how it ended. Coming back is the caller's, by `follow`.
import { createParser } from "eventsource-parser";
import type { WireRecord } from "../../protocol/records.ts";
import type { ChunksReply, GenerateRequest } from "../../protocol/requests.ts";
import { parseSse } from "../../protocol/sse.ts";
import type { Client } from "./client.ts";
import { Transcript } from "./transcript.ts";

/** `done`: the server says there is no more. `cut`: the connection broke. `left`: the reader had enough. */
export type Outcome = "done" | "cut" | "left";

export type Way = "sse" | "socket" | "poll";
export const WAYS: readonly Way[] = ["sse", "socket", "poll"];

/** Reads `id` (a run or a chat) from where the transcript ends, until `enough` or the connection's end. */
export type Read = (client: Client, id: string, transcript: Transcript, enough: () => boolean) => Promise<Outcome>;

/** An answer that is no record: the server refused, and coming back would not help. */
class Refused extends Error {}

async function sse(client: Client, id: string, transcript: Transcript, enough: () => boolean): Promise<Outcome> {
  const leave = new AbortController();
  try {
    const headers = { ...client.headers, accept: "text/event-stream", "last-event-id": transcript.offset };
    const response = await fetch(`${client.base}/api/chat/stream/${id}`, { headers, signal: leave.signal });
    if (response.status === 204) return "done";
    if (response.status !== 200) throw new Refused(`${response.status} ${await response.text()}`);
    await readEvents(response, transcript, enough);
    return enough() ? "left" : "done";
  } catch (error) {
    return broken(error);
  } finally {
    leave.abort();
  }
}

/** Takes the events of a response as they come, until `enough` or its end. */
export async function readEvents(response: Response, transcript: Transcript, enough: () => boolean): Promise<void> {
  const records: WireRecord[] = [];
  const parser = createParser({
    onEvent: ({ id, event, data }) => {
      const record = parseSse(event ?? "message", data);
      records.push(id === undefined ? record : { ...record, offset: id });
    },
  });
  const text = new TextDecoder();
  for await (const bytes of response.body ?? []) {
    parser.feed(text.decode(bytes, { stream: true }));
    for (const record of records.splice(0)) {
      taking(() => transcript.take(record));
      if (enough()) return;
    }
  }
}

function socket(client: Client, id: string, transcript: Transcript, enough: () => boolean): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    const url = `${client.base.replace(/^http/, "ws")}/ws/chat/${id}`;
    // Node's own takes headers, which a browser's does not: there the cookie goes with it.
    const connection = new WebSocket(url, { headers: client.headers } as unknown as string[]);
    let left = false;
    connection.onopen = () => connection.send(JSON.stringify({ type: "resume", offset: transcript.offset }));
    connection.onmessage = ({ data }) => {
      if (left) return;
      try {
        taking(() => transcript.take(JSON.parse(data as string) as WireRecord));
        left = enough();
      } catch (error) {
        left = true;
        reject(error as Error);
      }
      if (left) connection.close();
    };
    connection.onclose = ({ code, reason }) => {
      if (code >= 4000) reject(new Refused(`closed with ${code}: ${reason}`));
      else resolve(left ? "left" : code === 1000 ? "done" : "cut");
    };
  });
}

async function poll(client: Client, id: string, transcript: Transcript, enough: () => boolean): Promise<Outcome> {
  try {
    for (;;) {
      const response = await client.get(`/api/chat/chunks/${id}?offset=${transcript.offset}&wait=5`);
      if (response.status !== 200) throw new Refused(`${response.status} ${await response.text()}`);
      const { records, offset, live } = (await response.json()) as ChunksReply & { records: WireRecord[] };
      taking(() => {
        for (const record of records) transcript.take(record);
      });
      // Of a run's records only some have offsets between; the reply says how far it looked.
      if (offset > transcript.offset) transcript.offset = offset;
      if (enough()) return "left";
      if (!live) return "done";
    }
  } catch (error) {
    return broken(error);
  }
}

export const READ: Readonly<Record<Way, Read>> = { sse, socket, poll };

/** A promise that was broken: never a reason to come back and read on. */
export class Violation extends Error {}

function taking(take: () => void): void {
  try {
    take();
  } catch (error) {
    throw new Violation((error as Error).message);
  }
}

function broken(error: unknown): "cut" {
  if (error instanceof Violation || error instanceof Refused) throw error;
  return "cut";
}

/** Reads on until `enough`, coming back by the way that `choose` names after every break. Returns how often it came back. */
export async function follow(
  client: Client,
  id: string,
  transcript: Transcript,
  choose: () => Way,
  enough: () => boolean,
): Promise<number> {
  for (let breaks = 0; ; breaks++) {
    const way = choose();
    const outcome = await READ[way](client, id, transcript, enough);
    if (outcome === "left" || enough()) return breaks;
    if (outcome === "done") throw new Violation(`${way}: the stream of ${id} ended before all of it had come`);
  }
}

/** Reads a run to its end, on from where the transcript ends. */
export async function readToEnd(
  client: Client,
  run: string,
  transcript: Transcript = new Transcript(),
  way: Way = "sse",
): Promise<Transcript> {
  await follow(
    client,
    run,
    transcript,
    () => way,
    () => transcript.ended(run),
  );
  return transcript;
}

/** Asks, and reads the answer to its end. */
export async function answered(client: Client, body: GenerateRequest) {
  const { id, chatId } = await client.ask(body);
  const text = (await readToEnd(client, id)).text(id);
  const { receipt } = await client.status(id);
  if (!receipt) throw new Error(`${id} has ended without a receipt`);
  return { id, chatId, text, receipt };
}
