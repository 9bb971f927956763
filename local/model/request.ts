/**
 * What the three protocols have in common: from a request's model, key and turns to a generation, or to the reason for
 * refusing it. Each protocol only says how that looks on its wire.
 */
import { setTimeout as sleep } from "node:timers/promises";
import type { HttpBindings } from "@hono/node-server";
import type { Context } from "hono";
import { type Ask, passageAfter, readConversation, refusalPassage, sourceOf, type Turn } from "./conversation.ts";
import type { Counters } from "./counters.ts";
import { Generation } from "./generation.ts";
import type { Pacer } from "./pace.ts";
import {
  CONNECTION,
  type Fault,
  type FaultLedger,
  parseScript,
  REFUSING,
  type RefusingFault,
  type Script,
} from "./script.ts";

export type Call = Context<{ Bindings: HttpBindings }>;

/** What a running scripted model consists of. */
export interface Machine {
  counters: Counters;
  pacer: Pacer;
  ledger: FaultLedger;
  /** Ids that never repeat in one process: `prefix` and 24 hex digits. */
  newId(prefix: string): string;
  /** The models that are offered by their names. */
  listed: readonly string[];
}

export type Refusal =
  | { kind: "bad_key"; key: string }
  | { kind: "unknown_model"; model: string; word: string }
  | { kind: "invalid"; message: string; param: string | null }
  | { kind: "no_prefill" }
  | { kind: "no_continuation" }
  | { kind: "context"; tokens: number; window: number }
  | { kind: "fault"; fault: Exclude<RefusingFault, "context">; model: string; retryAfter: number };

interface Accepted {
  script: Script;
  ask: Ask;
  /** An ending or a connection fault that this request meets. */
  fault: Fault | null;
}

interface Asked {
  endpoint: string;
  model: string;
  key: string | null;
  turns: Turn[];
}

/** Reads a request down to what it asks, and counts it; a refusal says what a provider would refuse it for. */
export function readRequest(machine: Machine, asked: Asked): Accepted | { refusal: Refusal } {
  const { counters, ledger } = machine;
  counters.model(asked.model);
  if (asked.key === "bad-key") return { refusal: { kind: "bad_key", key: asked.key } };
  const script = parseScript(asked.model);
  if ("unknown" in script) return { refusal: { kind: "unknown_model", model: asked.model, word: script.unknown } };
  const ask = readConversation(asked.turns);
  counters.prompt(ask.prompt).requests++;
  if (ask.how === "prefill" && !script.prefill) return { refusal: { kind: "no_prefill" } };
  if (ask.how === "instruction" && !script.continuation) return { refusal: { kind: "no_continuation" } };
  if (ask.inputTokens > script.window) {
    return { refusal: { kind: "context", tokens: ask.inputTokens, window: script.window } };
  }
  const fault = ledger.take(script, ask.prompt, () => true);
  if (fault === null || !REFUSING.has(fault.kind)) return { script, ask, fault };
  if (fault.kind === "401") return { refusal: { kind: "bad_key", key: asked.key ?? "" } };
  if (fault.kind === "context") {
    return { refusal: { kind: "context", tokens: script.window + ask.inputTokens, window: script.window } };
  }
  const kind = fault.kind as Exclude<RefusingFault, "context">;
  return { refusal: { kind: "fault", fault: kind, model: script.model, retryAfter: script.retryAfter } };
}

interface BeginOptions {
  id: string;
  endpoint: string;
  maxTokens: number | undefined;
  background: boolean;
  /** Whether this protocol says a refusal in words; else it refuses without any. */
  refusalInWords: boolean;
}

/** Starts making the answer. */
export function begin(machine: Machine, { script, ask, fault }: Accepted, options: BeginOptions): Generation {
  const { counters, pacer } = machine;
  const tally = counters.prompt(ask.prompt);
  tally.generations++;
  const refuses = fault?.kind === "refusal";
  const passage = refuses ? refusalPassage() : passageAfter(sourceOf(script, ask.prompt), ask.prefix);
  if (passage.position > 0) tally.continuations++;
  const silent = refuses && !options.refusalInWords;
  return new Generation(
    {
      id: options.id,
      passage,
      limit: Math.min(options.maxTokens ?? Number.POSITIVE_INFINITY, script.limit),
      naturalEnd: refuses ? "refusal" : "stop",
      earlyEnd: silent ? { after: 0, as: "refusal" } : earlyEndOf(fault),
      rate: script.rate,
      ttft: script.ttft,
      stamped: script.stamped,
      background: options.background,
      counters,
      tally,
      reach: counters.reach(script.model, ask.prompt),
      counts: counters.response(options.id, {
        endpoint: options.endpoint,
        model: script.model,
        prompt: ask.prompt.slice(0, 200),
        background: options.background,
        generated: 0,
        sent: 0,
        connections: 0,
        state: "running",
      }),
    },
    pacer,
  );
}

function earlyEndOf(fault: Fault | null): { after: number; as: "error" | "failed" | "filter" } | null {
  if (fault === null) return null;
  const { kind, after } = fault;
  return kind === "error" || kind === "failed" || kind === "filter" ? { after, as: kind } : null;
}

/** The fault as far as it concerns the connection. */
export function connectionFault(fault: Fault | null): Fault | null {
  return fault !== null && CONNECTION.has(fault.kind) ? fault : null;
}

/** Waits `headers-MS`; false when the client left meanwhile. */
export async function beforeHead(call: Call, script: Script): Promise<boolean> {
  if (script.headers > 0) await sleep(script.headers);
  return !call.env.outgoing.destroyed;
}

/** Sends the head of an event stream. */
export function streamHead(call: Call, headers: Record<string, string>): void {
  call.env.outgoing.writeHead(200, {
    "content-type": "text/event-stream; charset=utf-8",
    "cache-control": "no-cache",
    ...headers,
  });
}

/**
 * Waits for a whole answer that is not streamed, and plays the connection's fault on it: `gone` when the connection was
 * cut or never answers, `malformed` when its body must be broken.
 */
export async function awaitWhole(
  call: Call,
  generation: Generation,
  fault: Fault | null,
): Promise<"whole" | "gone" | "malformed"> {
  const { outgoing } = call.env;
  const watcher = {
    behind: () => 0,
    advance: () => {
      if (fault === null || fault.kind === "malformed" || generation.tokens.length < fault.after) return;
      if (fault.kind === "hang") return generation.stall();
      generation.stop("aborted");
      outgoing.socket?.destroy();
    },
  };
  const left = () => {
    if (!generation.background) generation.stop("aborted");
  };
  outgoing.once("close", left);
  generation.watch(watcher);
  watcher.advance();
  const end = await generation.done;
  generation.unwatch(watcher);
  outgoing.off("close", left);
  if (end === "aborted") return "gone";
  for (let i = 0; i < generation.tokens.length; i++) generation.sent();
  return fault?.kind === "malformed" ? "malformed" : "whole";
}

/** A message's content as text: a string, or the text of its parts (`text`, `input_text`, `output_text`, `refusal`). */
export function textOf(content: unknown): string {
  if (typeof content === "string") return content;
  if (!Array.isArray(content)) return "";
  return content
    .map((part: unknown) => {
      if (typeof part === "string") return part;
      if (typeof part !== "object" || part === null) return "";
      const { text, refusal } = part as { text?: unknown; refusal?: unknown };
      return typeof text === "string" ? text : typeof refusal === "string" ? refusal : "";
    })
    .join("");
}

/** The request's JSON object, or null when it is none. */
export async function readBody(call: Call): Promise<Record<string, unknown> | null> {
  const body: unknown = await call.req.json().catch(() => null);
  return typeof body === "object" && body !== null && !Array.isArray(body) ? (body as Record<string, unknown>) : null;
}

/** A positive whole number, or undefined. */
export function countOf(value: unknown): number | undefined {
  return typeof value === "number" && Number.isInteger(value) && value > 0 ? value : undefined;
}
