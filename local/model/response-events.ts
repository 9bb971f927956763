/**
 * The Responses API's objects and events for one answer. Each event's `sequence_number` is its place in the stream, so any
 * event can be written again at any time: that is what a re-attach replays.
 */
import type {
  Response as ModelResponse,
  ResponseOutputItem,
  ResponseOutputRefusal,
  ResponseOutputText,
  ResponseStreamEvent,
} from "openai/resources/responses/responses";
import type { Turn } from "./conversation.ts";
import type { End, Generation } from "./generation.ts";
import type { Script } from "./script.ts";
import type { Frames } from "./viewer.ts";

export interface StoredResponse {
  generation: Generation;
  turns: Turn[];
  /** Created with `stream: true`; only such a background answer can be streamed again. */
  streamed: boolean;
  itemId: string;
  refuses: boolean;
  inputTokens: number;
  script: Script;
  prompt: string;
  request: Record<string, unknown>;
}

/** `output_text` is the SDK's own addition and not on the wire. */
type WireResponse = Omit<ModelResponse, "output_text">;
/** Some event fields are written by hand (see `delta`), so only the sequence number is left to be added. */
type WithoutNumber<E> = E extends ResponseStreamEvent
  ? Omit<E, "sequence_number" | "response"> & { response?: WireResponse }
  : never;
type Status = NonNullable<ModelResponse["status"]>;

const PADDING = "q7Zr2LkX9vBt4WnS";

function statusOf(end: End | null): Status {
  if (end === null) return "in_progress";
  if (end === "length" || end === "filter") return "incomplete";
  if (end === "failed" || end === "error") return "failed";
  return end === "cancelled" || end === "aborted" ? "cancelled" : "completed";
}

/** The response as it stands now, or with the status and without the text of its beginning. */
export function responseObject(stored: StoredResponse, opening?: "queued" | "in_progress"): WireResponse {
  const { generation, request } = stored;
  const end = opening === undefined ? generation.end : null;
  const status = opening ?? statusOf(end);
  const made = generation.tokens.length;
  const ended = end !== null && status !== "cancelled";
  return {
    id: generation.id,
    object: "response",
    access_programs: null,
    created_at: generation.createdAt,
    completed_at: status === "completed" ? generation.endedAt : null,
    status,
    background: generation.background,
    error: status === "failed" ? { code: "server_error", message: "The model failed to generate a response." } : null,
    incomplete_details:
      end === "length" ? { reason: "max_output_tokens" } : end === "filter" ? { reason: "content_filter" } : null,
    instructions: typeof request.instructions === "string" ? request.instructions : null,
    max_output_tokens: typeof request.max_output_tokens === "number" ? request.max_output_tokens : null,
    metadata: (request.metadata as Record<string, string> | undefined) ?? {},
    model: stored.script.model,
    output: opening !== undefined || made === 0 ? [] : [itemOf(stored, end)],
    parallel_tool_calls: true,
    previous_response_id: (request.previous_response_id as string | undefined) ?? null,
    reasoning: { effort: null, summary: null },
    service_tier: "default",
    temperature: typeof request.temperature === "number" ? request.temperature : 1,
    text: { format: { type: "text" } },
    tool_choice: "auto",
    tools: [],
    top_p: typeof request.top_p === "number" ? request.top_p : 1,
    truncation: "disabled",
    ...(ended ? { usage: usageOf(stored.inputTokens, made) } : {}),
  };
}

function usageOf(input: number, output: number): NonNullable<ModelResponse["usage"]> {
  return {
    input_tokens: input,
    input_tokens_details: { cached_tokens: 0, cache_write_tokens: 0 },
    output_tokens: output,
    output_tokens_details: { reasoning_tokens: 0 },
    total_tokens: input + output,
  };
}

function itemOf(stored: StoredResponse, end: End | null): ResponseOutputItem {
  const status = end === null ? "in_progress" : statusOf(end) === "completed" ? "completed" : "incomplete";
  return {
    id: stored.itemId,
    type: "message",
    role: "assistant",
    status,
    content: [partOf(stored, stored.generation.text)],
  };
}

function partOf(stored: StoredResponse, text: string): ResponseOutputText | ResponseOutputRefusal {
  if (stored.refuses) return { type: "refusal", refusal: text };
  return { type: "output_text", text, annotations: [], logprobs: [] };
}

function frame(sequence: number, event: WithoutNumber<ResponseStreamEvent>): string {
  const { type, ...rest } = event;
  return `event: ${type}\ndata: ${JSON.stringify({ type, sequence_number: sequence, ...rest })}\n\n`;
}

/** The events of a stored response. `padded` adds the `obfuscation` field that OpenAI adds to deltas unless told not to. */
export function responseFrames(stored: StoredResponse, padded: boolean): Frames {
  const { generation, itemId, refuses } = stored;
  const place = { item_id: itemId, output_index: 0, content_index: 0 };
  const events: WithoutNumber<ResponseStreamEvent>[] = [];
  if (generation.background) {
    events.push({ type: "response.created", response: responseObject(stored, "queued") });
    events.push({ type: "response.queued", response: responseObject(stored, "queued") });
  } else {
    events.push({ type: "response.created", response: responseObject(stored, "in_progress") });
  }
  events.push({ type: "response.in_progress", response: responseObject(stored, "in_progress") });
  const item = { id: itemId, type: "message", role: "assistant", status: "in_progress", content: [] } as const;
  events.push({ type: "response.output_item.added", output_index: 0, item: { ...item, content: [] } });
  events.push({ type: "response.content_part.added", ...place, part: partOf(stored, "") });

  const kind = refuses ? "response.refusal.delta" : "response.output_text.delta";
  const head = `event: ${kind}\ndata: {"type":"${kind}","sequence_number":`;
  const middle = `,"item_id":"${itemId}","output_index":0,"content_index":0,"delta":`;
  const tail = refuses ? "" : `,"logprobs":[]`;
  return {
    opening: events.map((event, index) => frame(index, event)),
    // By hand: this line runs for every token of every stream.
    delta: (index, token) => {
      const padding = padded ? `,"obfuscation":"${PADDING.slice(Math.min(token.length, 15))}"` : "";
      return `${head}${events.length + index}${middle}${JSON.stringify(token)}${tail}${padding}}\n\n`;
    },
    closing: (end) =>
      closingEvents(stored, end).map((event, index) => frame(events.length + generation.tokens.length + index, event)),
    malformed: `event: ${kind}\ndata: {"type":"${kind}","delta":"broken\n\n`,
  };
}

function closingEvents(stored: StoredResponse, end: End): WithoutNumber<ResponseStreamEvent>[] {
  const { generation, itemId, refuses } = stored;
  if (end === "cancelled" || end === "aborted") return [];
  if (end === "error") {
    return [{ type: "error", code: "server_error", message: "The model failed to generate a response.", param: null }];
  }
  const response = responseObject(stored);
  if (end === "failed") return [{ type: "response.failed", response }];
  const place = { item_id: itemId, output_index: 0, content_index: 0 };
  const text = generation.text;
  return [
    refuses
      ? { type: "response.refusal.done", ...place, refusal: text }
      : { type: "response.output_text.done", ...place, text, logprobs: [] },
    { type: "response.content_part.done", ...place, part: partOf(stored, text) },
    { type: "response.output_item.done", output_index: 0, item: itemOf(stored, end) },
    { type: statusOf(end) === "incomplete" ? "response.incomplete" : "response.completed", response },
  ];
}
