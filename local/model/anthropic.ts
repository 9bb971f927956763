/** Anthropic Messages: `POST /v1/messages`, whole or streamed, with prefill, pings, refusals and its own error shape. */
import type { Message, RawMessageStreamEvent, StopReason, Usage } from "@anthropic-ai/sdk/resources/messages/messages";
import { RESPONSE_ALREADY_SENT } from "@hono/node-server/utils/response";
import type { Turn } from "./conversation.ts";
import type { End, Generation } from "./generation.ts";
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

const ENDPOINT = "POST /v1/messages";

export async function messages(machine: Machine, call: Call): Promise<Response> {
  const body = await readBody(call);
  const complaint = complaintAbout(call, body);
  if (body === null || complaint !== null) return refuse(machine, call, complaint ?? invalid("Invalid JSON"));
  const model = String(body.model);
  const turns = turnsOf(body);
  const accepted = readRequest(machine, { endpoint: ENDPOINT, model, key: keyOf(call), turns });
  if ("refusal" in accepted) return refuse(machine, call, accepted.refusal);
  if (/\s$/.test(accepted.ask.how === "prefill" ? (turns.at(-1)?.text ?? "") : "")) {
    return refuse(machine, call, invalid("messages: final assistant content cannot end with trailing whitespace"));
  }
  if (!(await beforeHead(call, accepted.script))) return RESPONSE_ALREADY_SENT;

  const id = machine.newId("msg_");
  const maxTokens = countOf(body.max_tokens);
  const options = { id, endpoint: ENDPOINT, maxTokens, background: false, refusalInWords: false };
  const generation = begin(machine, accepted, options);
  const fault = connectionFault(accepted.fault);
  const headers = { "request-id": machine.newId("req_") };
  machine.counters.request(ENDPOINT, 200);

  if (body.stream === true) {
    streamHead(call, headers);
    const frames = messageFrames(generation, model, accepted.ask.inputTokens);
    new Viewer(call.env.outgoing, generation, frames, machine.counters, {
      fault,
      misaligned: accepted.script.misaligned,
    });
    return RESPONSE_ALREADY_SENT;
  }

  const outcome = await awaitWhole(call, generation, fault);
  if (outcome === "gone") return RESPONSE_ALREADY_SENT;
  if (generation.end === "error" || generation.end === "failed") {
    return call.json(errorBody("api_error", "Internal server error", headers["request-id"]), 500, headers);
  }
  const json = JSON.stringify(messageOf(generation, model, accepted.ask.inputTokens, generation.end));
  return call.body(outcome === "malformed" ? json.slice(0, json.length >> 1) : json, 200, {
    ...headers,
    "content-type": "application/json",
  });
}

function messageOf(generation: Generation, model: string, input: number, end: End | null): Message {
  const text = end === null ? "" : generation.text;
  return {
    id: generation.id,
    type: "message",
    role: "assistant",
    model,
    content: text === "" ? [] : [{ type: "text", text, citations: null }],
    container: null,
    diagnostics: null,
    stop_reason: end === null ? null : stopReason(end),
    stop_sequence: null,
    stop_details: stopDetails(end),
    // A stream's first usage counts the output begun so far, as Anthropic's does.
    usage: usageOf(input, end === null ? 1 : generation.tokens.length),
  };
}

function messageFrames(generation: Generation, model: string, input: number): Frames {
  const head = `event: content_block_delta\ndata: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":`;
  const message = messageOf(generation, model, input, null);
  return {
    opening: [
      frame({ type: "message_start", message }),
      frame({ type: "content_block_start", index: 0, content_block: { type: "text", text: "", citations: null } }),
      frame({ type: "ping" }),
    ],
    delta: (_index, token) => `${head}${JSON.stringify(token)}}}\n\n`,
    closing: (end) => {
      if (end === "error" || end === "failed") {
        const error = { type: "overloaded_error", message: "Overloaded" };
        return [frame({ type: "error", error })];
      }
      const delta = {
        stop_reason: stopReason(end),
        stop_sequence: null,
        stop_details: stopDetails(end),
        container: null,
      };
      const { input_tokens, output_tokens } = usageOf(input, generation.tokens.length);
      const usage = {
        input_tokens,
        output_tokens,
        cache_creation_input_tokens: 0,
        cache_read_input_tokens: 0,
        output_tokens_details: null,
        server_tool_use: null,
      };
      return [
        frame({ type: "content_block_stop", index: 0 }),
        frame({ type: "message_delta", delta, usage }),
        frame({ type: "message_stop" }),
      ];
    },
    malformed: `${head}"broken\n\n`,
  };
}

/** `ping` and `error` are on the wire, though not in the SDK's union. */
function frame(event: RawMessageStreamEvent | { type: "ping" } | { type: "error"; error: object }): string {
  return `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`;
}

function usageOf(input: number, output: number): Usage {
  return {
    input_tokens: input,
    output_tokens: output,
    cache_creation: null,
    cache_creation_input_tokens: 0,
    cache_read_input_tokens: 0,
    inference_geo: null,
    output_tokens_details: null,
    server_tool_use: null,
    service_tier: "standard",
    speed: null,
  };
}

function stopReason(end: End): StopReason {
  if (end === "length") return "max_tokens";
  return end === "filter" || end === "refusal" ? "refusal" : "end_turn";
}

function stopDetails(end: End | null): Message["stop_details"] {
  if (end !== "filter" && end !== "refusal") return null;
  return { type: "refusal", category: null, explanation: "Scripted refusal." };
}

function complaintAbout(call: Call, body: Record<string, unknown> | null): Refusal | null {
  if (call.req.header("anthropic-version") === undefined) return invalid("anthropic-version: header is required");
  if (body === null) return invalid("The request body is not valid JSON.");
  if (typeof body.model !== "string" || body.model === "") return invalid("model: Field required");
  if (countOf(body.max_tokens) === undefined) return invalid("max_tokens: Field required");
  const list = body.messages;
  if (!Array.isArray(list) || list.length === 0) return invalid("messages: at least one message is required");
  return null;
}

function turnsOf(body: Record<string, unknown>): Turn[] {
  const system: Turn = { role: "system", text: textOf(body.system) };
  const turns = (body.messages as unknown[]).map((message): Turn => {
    const { role, content } = (message ?? {}) as { role?: unknown; content?: unknown };
    return { role: role === "assistant" ? "assistant" : "user", text: textOf(content) };
  });
  return [system, ...turns];
}

/** The key as either SDK option sends it, or null. */
export function keyOf(call: Call): string | null {
  return call.req.header("x-api-key") ?? call.req.header("authorization")?.replace(/^Bearer\s+/i, "") ?? null;
}

function invalid(message: string): Refusal {
  return { kind: "invalid", message, param: null };
}

function errorBody(type: string, message: string, requestId: string) {
  return { type: "error", error: { type, message }, request_id: requestId };
}

function refuse(machine: Machine, call: Call, refusal: Refusal): Response {
  const { status, type, message, headers } = anthropicFailure(refusal);
  machine.counters.request(ENDPOINT, status);
  const requestId = machine.newId("req_");
  return call.json(errorBody(type, message, requestId), status as 400, { ...headers, "request-id": requestId });
}

interface AnthropicFailure {
  status: number;
  type: string;
  message: string;
  headers?: Record<string, string>;
}

/** Refusals in Anthropic's words and status codes. */
export function anthropicFailure(refusal: Refusal): AnthropicFailure {
  const bad = (message: string): AnthropicFailure => ({ status: 400, type: "invalid_request_error", message });
  switch (refusal.kind) {
    case "bad_key":
      return { status: 401, type: "authentication_error", message: "invalid x-api-key" };
    case "unknown_model":
      return { status: 404, type: "not_found_error", message: `model: ${refusal.model}` };
    case "invalid":
      return bad(refusal.message);
    case "no_prefill":
      return bad(
        "This model does not support assistant message prefill. The conversation must end with a user message.",
      );
    case "no_continuation":
      return bad("This model does not continue answers.");
    case "context":
      return bad(`prompt is too long: ${refusal.tokens} tokens > ${refusal.window} maximum`);
    case "fault": {
      const headers = { "retry-after": String(refusal.retryAfter) };
      switch (refusal.fault) {
        case "401":
          return { status: 401, type: "authentication_error", message: "invalid x-api-key" };
        case "403":
          return { status: 403, type: "permission_error", message: "Your API key may not use this model." };
        case "429": {
          const message = "This request would exceed your organization's rate limit of 50 requests per minute.";
          return { status: 429, type: "rate_limit_error", message, headers };
        }
        case "500":
          return { status: 500, type: "api_error", message: "Internal server error" };
        case "503":
          return { status: 503, type: "api_error", message: "Service unavailable", headers };
        case "529":
        case "overloaded":
          return { status: 529, type: "overloaded_error", message: "Overloaded", headers };
      }
    }
  }
}
