/**
 * OpenAI chat completions, as `POST /v1/chat/completions`: whole or streamed, with usage on request, ending in `[DONE]`.
 * Any server that calls itself OpenAI-compatible looks like this.
 */
import { RESPONSE_ALREADY_SENT } from "@hono/node-server/utils/response";
import type { ChatCompletion, ChatCompletionChunk } from "openai/resources/chat/completions";
import type { CompletionUsage } from "openai/resources/completions";
import type { Turn } from "./conversation.ts";
import type { End, Generation } from "./generation.ts";
import { openaiFailure } from "./openai-errors.ts";
import {
  awaitWhole,
  beforeHead,
  begin,
  type Call,
  connectionFault,
  countOf,
  type Machine,
  type Refusal,
  readBody,
  readRequest,
  streamHead,
  textOf,
} from "./request.ts";
import { type Frames, Viewer } from "./viewer.ts";

const ENDPOINT = "POST /v1/chat/completions";

export async function chatCompletions(machine: Machine, call: Call): Promise<Response> {
  const body = await readBody(call);
  const messages = body?.messages;
  if (body === null || !Array.isArray(messages) || messages.length === 0) {
    const message = "Invalid 'messages': expected an array with minimum length 1.";
    return refuse(machine, call, { kind: "invalid", message, param: "messages" });
  }
  if (typeof body.model !== "string" || body.model === "") {
    return refuse(machine, call, { kind: "invalid", message: "you must provide a model parameter", param: "model" });
  }
  const model = body.model;
  const accepted = readRequest(machine, { endpoint: ENDPOINT, model, key: bearerOf(call), turns: turnsOf(messages) });
  if ("refusal" in accepted) return refuse(machine, call, accepted.refusal);
  if (!(await beforeHead(call, accepted.script))) return RESPONSE_ALREADY_SENT;

  const id = machine.newId("chatcmpl-");
  const fault = connectionFault(accepted.fault);
  const generation = begin(machine, accepted, {
    id,
    endpoint: ENDPOINT,
    maxTokens: countOf(body.max_completion_tokens) ?? countOf(body.max_tokens),
    background: false,
    refusalInWords: true,
  });
  const refuses = accepted.fault?.kind === "refusal";
  const usage = () => usageOf(accepted.ask.inputTokens, generation.tokens.length);
  machine.counters.request(ENDPOINT, 200);

  if (body.stream === true) {
    const { include_usage: includeUsage } = (body.stream_options ?? {}) as { include_usage?: boolean };
    streamHead(call, { "x-request-id": machine.newId("req_") });
    const frames = chatFrames(generation, model, refuses, includeUsage === true ? usage : null);
    new Viewer(call.env.outgoing, generation, frames, machine.counters, {
      fault,
      misaligned: accepted.script.misaligned,
    });
    return RESPONSE_ALREADY_SENT;
  }

  const outcome = await awaitWhole(call, generation, fault);
  if (outcome === "gone") return RESPONSE_ALREADY_SENT;
  if (generation.end === "error" || generation.end === "failed") {
    const { body: error } = openaiFailure({ kind: "fault", fault: "500", model, retryAfter: 1 }, "chat");
    return call.json(error, 500);
  }
  const text = generation.text;
  const whole: ChatCompletion = {
    id,
    object: "chat.completion",
    created: generation.createdAt,
    model,
    choices: [
      {
        index: 0,
        message: { role: "assistant", content: refuses ? null : text, refusal: refuses ? text : null },
        logprobs: null,
        finish_reason: finishReason(generation.end ?? "stop"),
      },
    ],
    usage: usage(),
  };
  const json = JSON.stringify(whole);
  return call.body(outcome === "malformed" ? json.slice(0, json.length >> 1) : json, 200, {
    "content-type": "application/json",
    "x-request-id": machine.newId("req_"),
  });
}

function chatFrames(
  generation: Generation,
  model: string,
  refuses: boolean,
  usage: (() => CompletionUsage) | null,
): Frames {
  const base = { id: generation.id, object: "chat.completion.chunk" as const, created: generation.createdAt, model };
  const chunk = (choices: ChatCompletionChunk["choices"], counted?: CompletionUsage | null) => {
    const value: ChatCompletionChunk = { ...base, choices, ...(counted === undefined ? {} : { usage: counted }) };
    return `data: ${JSON.stringify(value)}\n\n`;
  };
  // With include_usage every chunk has `usage: null` and one more, without choices, brings the counts.
  const nothing = usage === null ? undefined : null;
  const first = { role: "assistant", content: refuses ? null : "", refusal: refuses ? "" : null } as const;
  const sample = chunk([{ index: 0, delta: { [refuses ? "refusal" : "content"]: "@" }, finish_reason: null }], nothing);
  const [before = "", after = ""] = sample.split('"@"');
  return {
    opening: [chunk([{ index: 0, delta: first, finish_reason: null }], nothing)],
    delta: (_index, token) => `${before}${JSON.stringify(token)}${after}`,
    closing: (end: End) => {
      if (end === "error" || end === "failed") {
        const error = {
          message: "The server had an error while processing your request.",
          type: "server_error",
          param: null,
          code: null,
        };
        return [`data: ${JSON.stringify({ error })}\n\n`];
      }
      const last = chunk([{ index: 0, delta: {}, finish_reason: finishReason(end) }], nothing);
      return [last, ...(usage === null ? [] : [chunk([], usage())]), "data: [DONE]\n\n"];
    },
    malformed: `${before}"broken\n\n`,
  };
}

function finishReason(end: End): "stop" | "length" | "content_filter" {
  return end === "length" ? "length" : end === "filter" ? "content_filter" : "stop";
}

function usageOf(input: number, output: number): CompletionUsage {
  return { prompt_tokens: input, completion_tokens: output, total_tokens: input + output };
}

function turnsOf(messages: unknown[]): Turn[] {
  return messages.map((message) => {
    const { role, content } = (message ?? {}) as { role?: unknown; content?: unknown };
    return { role: role === "assistant" || role === "user" ? role : "system", text: textOf(content) };
  });
}

/** The bearer token, or null. */
export function bearerOf(call: Call): string | null {
  return call.req.header("authorization")?.replace(/^Bearer\s+/i, "") ?? null;
}

function refuse(machine: Machine, call: Call, refusal: Refusal): Response {
  const { status, headers, body } = openaiFailure(refusal, "chat");
  machine.counters.request(ENDPOINT, status);
  return call.json(body, status as 400, { ...headers, "x-request-id": machine.newId("req_") });
}
