// What is measured: the bare pass-through, and Keepstream's mvp tier as an SSE stream on the asking call or as a
// WebSocket beside it. Each is the same ask to the same scripted model.
import { Answer, type Window } from "./answer.ts";
import type { Wire } from "./check.ts";
import { open, type Sending } from "./wire.ts";

export type Provider = "compatible" | "openai";
export type Subject = "pass-through" | "sse" | "socket";

export interface Ask {
  provider: Provider;
  model: string;
  prompt: string;
  /** A session's bearer token; the pass-through knows none. */
  token: string;
  /** A chat to go on with; absent for a new one. */
  chatId?: string;
}

/** Where the two Workers listen. */
export interface Addresses {
  passThrough: string;
  keepstream: string;
}

export function wireOf(subject: Subject, provider: Provider): Wire {
  if (subject === "pass-through") return provider === "openai" ? "responses" : "chat-completions";
  return subject === "sse" ? "records" : "record-frames";
}

const JSON_BODY = { "content-type": "application/json" };

function passThroughRequest({ provider, model, prompt }: Ask): Sending {
  const headers = { ...JSON_BODY, authorization: "Bearer none" };
  const options = { model, stream: true };
  if (provider === "openai") {
    const stream_options = { include_obfuscation: false };
    const body = {
      ...options,
      input: [{ role: "user", content: prompt }],
      background: true,
      store: true,
      stream_options,
    };
    return { method: "POST", path: "/v1/responses", headers, body: JSON.stringify(body) };
  }
  const stream_options = { include_usage: true };
  const body = JSON.stringify({ ...options, messages: [{ role: "user", content: prompt }], stream_options });
  return { method: "POST", path: "/v1/chat/completions", headers, body };
}

function generateRequest({ token, ...body }: Ask, accept: string): Sending {
  const headers = { ...JSON_BODY, authorization: `Bearer ${token}`, accept };
  return { method: "POST", path: "/api/chat/generate", headers, body: JSON.stringify(body) };
}

/** Starts a run without reading it; gives its id. */
export async function start(address: string, ask: Ask): Promise<string> {
  const { path, ...request } = generateRequest(ask, "application/json");
  const response = await fetch(address + path, request);
  if (response.status !== 202) throw new Error(`generate: ${response.status} ${await response.text()}`);
  return ((await response.json()) as { id: string }).id;
}

/** Reads a run from its beginning, or from after `offset`. */
export async function watch(
  address: string,
  form: "sse" | "socket",
  run: string,
  token: string,
  answer: Answer,
  offset = "-1",
): Promise<void> {
  const authorization = `Bearer ${token}`;
  const exchange = await open(address, answer);
  if (form === "sse") {
    exchange.send({ method: "GET", path: `/api/chat/stream/${run}?offset=${offset}`, headers: { authorization } });
    return;
  }
  const headers = {
    authorization,
    connection: "Upgrade",
    upgrade: "websocket",
    "sec-websocket-version": "13",
    "sec-websocket-key": Buffer.from(run.slice(0, 16)).toString("base64"),
  };
  exchange.send({ method: "GET", path: `/ws/chat/${run}?offset=${offset}`, headers });
}

export const answerFor = (form: Subject, window: Window) => new Answer(window, form === "socket" ? "\n" : "");

/** Asks, and reads the answer into `answer`. Gives the moment the ask was sent, on a connection that was open before. */
export async function ask(subject: Subject, { passThrough, keepstream }: Addresses, ask: Ask, answer: Answer) {
  if (subject === "socket") {
    const asked = performance.now();
    await watch(keepstream, "socket", await start(keepstream, ask), ask.token, answer);
    return asked;
  }
  const exchange = await open(subject === "sse" ? keepstream : passThrough, answer);
  const asked = performance.now();
  exchange.send(subject === "sse" ? generateRequest(ask, "text/event-stream") : passThroughRequest(ask));
  return asked;
}

/** Bearer tokens of new anonymous persons. */
export async function sessions(address: string, count: number): Promise<string[]> {
  const tokens: string[] = [];
  for (let i = 0; i < count; i++) {
    const response = await fetch(`${address}/api/session`, { method: "POST" });
    tokens.push(((await response.json()) as { token: string }).token);
  }
  return tokens;
}
