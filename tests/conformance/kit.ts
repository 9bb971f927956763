// What the conformance tests share: people, asks, and the checks every response must pass whatever it is about.
// The Worker and its Durable Objects are the real ones, in this very isolate; the model is the scripted one.
import { env, exports } from "cloudflare:workers";
import { expect, inject } from "vitest";
import type { z } from "zod";
import type { ChatObject } from "../../durable-objects/chat.ts";
import { chatOf } from "../../durable-objects/chat-address.ts";
import type { CountersSnapshot } from "../../local/model/counters.ts";
import { parseTarget } from "../../protocol/ids.ts";
import { type Problem, type ProblemCode, problemSchema } from "../../protocol/problems.ts";
import type { RunEndedRecord, RunStatus } from "../../protocol/records.ts";
import {
  type GenerateReply,
  type GenerateRequest,
  generateReplySchema,
  healthReplySchema,
  type StatusReply,
  sessionReplySchema,
  statusReplySchema,
} from "../../protocol/requests.ts";
import { SseReader } from "./readers.ts";

const ORIGIN = "https://keepstream.test";

export interface Person {
  token: string;
  fetch(path: string, init?: RequestInit): Promise<Response>;
}

/** Fetches as nobody in particular, and checks what is true of every response. */
export async function call(path: string, init: RequestInit = {}): Promise<Response> {
  const response = await exports.default.fetch(`${ORIGIN}${path}`, init);
  if (response.status !== 101) expect(response.headers.get("x-request-id")).toMatch(/^[\w.-]{8,128}$/);
  if (response.status >= 400 && response.headers.get("content-type") !== "application/json") {
    expect(response.headers.get("content-type")).toBe("application/problem+json");
  }
  return response;
}

export function bearer(token: string): Person {
  return {
    token,
    fetch: (path, init = {}) => {
      const headers = new Headers(init.headers);
      headers.set("authorization", `Bearer ${token}`);
      return call(path, { ...init, headers });
    },
  };
}

/** Somebody new. */
export async function person(): Promise<Person> {
  return bearer((await read(await call("/api/session", { method: "POST" }), sessionReplySchema, 201)).token);
}

/** The body of a reply, which must be as its schema says, and nothing more. */
export async function read<Schema extends z.ZodType>(response: Response, schema: Schema, status = 200) {
  expect([response.status, response.headers.get("content-type")]).toEqual([status, "application/json"]);
  return schema.parse(await response.json()) as z.infer<Schema>;
}

/** The problem a response tells of, which must be well formed and carry this code. */
export async function problem(response: Response, code: ProblemCode, status: number): Promise<Problem> {
  const body = problemSchema.parse(await response.json());
  expect({ status: response.status, code: body.code, said: body.status }).toEqual({ status, code, said: status });
  expect(body.requestId).toBe(response.headers.get("x-request-id"));
  expect(body.type).toBe(`/docs/errors#${code}`);
  expect(body.detail).not.toBe("");
  return body;
}

export const post = (body: unknown, headers: Record<string, string> = {}): RequestInit => ({
  method: "POST",
  headers: { "content-type": "application/json", ...headers },
  body: JSON.stringify(body),
});

let prompts = 0;
/** A prompt nobody has asked before, so that the scripted model's counts are this test's own. */
export const fresh = (what: string): string => `${what} é🧠 (${Date.now()}.${++prompts})`;

/** The scripted model of this name's words. */
export const model = (words: string): string => `scripted-${words}`;

/** Asks in the 202 form. */
export async function ask(who: Person, body: GenerateRequest, headers: Record<string, string> = {}) {
  return read(await who.fetch("/api/chat/generate", post(body, headers)), generateReplySchema, 202);
}

export async function statusOf(who: Person, id: string): Promise<StatusReply> {
  return read(await who.fetch(`/api/chat/status/${id}`), statusReplySchema);
}

/** Everything the run ever says, read to its end. */
export async function ended(who: Person, id: string): Promise<RunEndedRecord> {
  const reader = new SseReader(await who.fetch(`/api/chat/stream/${id}`));
  const last = (await reader.rest()).at(-1)?.record;
  if (last?.type !== "run.ended") throw new Error(`The stream of ${id} ended with ${last?.type}.`);
  return last;
}

/** Asks, and waits for the end. */
export async function answer(
  who: Person,
  body: GenerateRequest,
  status: RunStatus = "completed",
): Promise<GenerateReply & { end: RunEndedRecord }> {
  const reply = await ask(who, body);
  const end = await ended(who, reply.id);
  expect({ status: end.status, error: end.error }).toMatchObject({ status });
  return { ...reply, end };
}

/** The object behind a chat's or a run's id. */
export function objectOf(id: string): DurableObjectStub<ChatObject> {
  return chatOf(env.CHAT, parseTarget(id)?.chatId ?? "");
}

export async function counters(): Promise<CountersSnapshot> {
  return (await fetch(`${inject("scriptedModelUrl")}/_counters`)).json();
}

/** Resolves when the cache answers: its store starts when it is first asked. */
export async function cacheIsUp(): Promise<void> {
  for (let tries = 0; tries < 100; tries++) {
    const { parts } = await read(await call("/health"), healthReplySchema);
    if (parts.find(({ name }) => name === "cache")?.status === "ok") return;
  }
  throw new Error("The cache never came up.");
}
