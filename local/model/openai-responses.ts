/**
 * OpenAI Responses: `POST /v1/responses` whole or streamed, and what makes a background answer outlive its reader:
 * `GET /v1/responses/{id}` (with `stream` and `starting_after`) and `POST /v1/responses/{id}/cancel`.
 */
import { RESPONSE_ALREADY_SENT } from "@hono/node-server/utils/response";
import { bearerOf } from "./chat-completions.ts";
import type { Turn } from "./conversation.ts";
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
import { responseFrames, responseObject, type StoredResponse } from "./response-events.ts";
import { CONNECTION } from "./script.ts";
import { Viewer } from "./viewer.ts";

const CREATE = "POST /v1/responses";
const RETRIEVE = "GET /v1/responses/{id}";
const CANCEL = "POST /v1/responses/{id}/cancel";
const KEPT = 2_000;

/** The answers that can still be asked for by id: the newest 2,000, of which the oldest finished one leaves first. */
export class ResponseStore {
  #stored = new Map<string, StoredResponse>();

  put(stored: StoredResponse): void {
    this.#stored.set(stored.generation.id, stored);
    if (this.#stored.size <= KEPT) return;
    for (const [id, { generation }] of this.#stored) {
      if (generation.end === null) continue;
      this.#stored.delete(id);
      return;
    }
  }

  get(id: string): StoredResponse | undefined {
    return this.#stored.get(id);
  }
}

export async function createResponse(machine: Machine, store: ResponseStore, call: Call): Promise<Response> {
  const body = await readBody(call);
  if (body === null || typeof body.model !== "string" || body.model === "") {
    return refuse(machine, call, CREATE, invalid("Missing required parameter: 'model'.", "model"));
  }
  const model = body.model;
  const turns = turnsOf(body);
  const previous = body.previous_response_id;
  if (typeof previous === "string") {
    const stored = store.get(previous);
    if (stored === undefined) {
      return refuse(
        machine,
        call,
        CREATE,
        invalid(`Previous response with id '${previous}' not found.`, "previous_response_id"),
      );
    }
    turns.unshift(...stored.turns, { role: "assistant", text: stored.generation.text });
  }
  if (!turns.some((turn) => turn.role !== "system")) {
    return refuse(machine, call, CREATE, invalid("Missing required parameter: 'input'.", "input"));
  }
  const accepted = readRequest(machine, { endpoint: CREATE, model, key: bearerOf(call), turns });
  if ("refusal" in accepted) return refuse(machine, call, CREATE, accepted.refusal);
  if (!(await beforeHead(call, accepted.script))) return RESPONSE_ALREADY_SENT;

  const background = body.background === true;
  const streamed = body.stream === true;
  const id = machine.newId("resp_");
  const maxTokens = countOf(body.max_output_tokens);
  const options = { id, endpoint: CREATE, maxTokens, background, refusalInWords: true };
  const generation = begin(machine, accepted, options);
  const stored: StoredResponse = {
    generation,
    turns,
    streamed,
    itemId: machine.newId("msg_"),
    refuses: accepted.fault?.kind === "refusal",
    inputTokens: accepted.ask.inputTokens,
    script: accepted.script,
    prompt: accepted.ask.prompt,
    request: body,
  };
  if (body.store !== false && accepted.script.reattach !== "gone") store.put(stored);
  machine.counters.request(CREATE, 200);

  const headers = { "x-request-id": machine.newId("req_") };
  const fault = connectionFault(accepted.fault);
  if (streamed) {
    streamHead(call, headers);
    const padded =
      (body.stream_options as { include_obfuscation?: boolean } | undefined)?.include_obfuscation !== false;
    const frames = responseFrames(stored, padded);
    new Viewer(call.env.outgoing, generation, frames, machine.counters, {
      fault,
      misaligned: accepted.script.misaligned,
    });
    return RESPONSE_ALREADY_SENT;
  }
  if (background) return call.json(responseObject(stored, "queued"), 200, headers);

  const outcome = await awaitWhole(call, generation, fault);
  if (outcome === "gone") return RESPONSE_ALREADY_SENT;
  if (generation.end === "error") {
    const { body: failure } = openaiFailure({ kind: "fault", fault: "500", model, retryAfter: 1 }, "responses");
    return call.json(failure, 500, headers);
  }
  const json = JSON.stringify(responseObject(stored));
  return call.body(outcome === "malformed" ? json.slice(0, json.length >> 1) : json, 200, {
    ...headers,
    "content-type": "application/json",
  });
}

export function retrieveResponse(machine: Machine, store: ResponseStore, call: Call, id: string): Response {
  const { counters, ledger } = machine;
  const streams = call.req.query("stream") === "true";
  if (streams) counters.reattaches++;
  if (bearerOf(call) === "bad-key") return refuse(machine, call, RETRIEVE, { kind: "bad_key", key: "bad-key" });
  const stored = store.get(id);
  if (stored === undefined) return notFound(machine, call, RETRIEVE, id);
  if (!streams) {
    counters.request(RETRIEVE, 200);
    return call.json(responseObject(stored), 200);
  }
  const { generation, script } = stored;
  if (!generation.background || !stored.streamed) {
    const message = "You can only stream a response that was created with both background=true and stream=true.";
    return refuse(machine, call, RETRIEVE, invalid(message, "stream"));
  }
  if (script.reattach === "expired") {
    const message = "This response can no longer be streamed because it is more than 5 minutes old.";
    return refuse(machine, call, RETRIEVE, invalid(message, null));
  }
  const after = call.req.query("starting_after") ?? "-1";
  if (!/^(?:-1|\d+)$/.test(after)) {
    return refuse(machine, call, RETRIEVE, invalid("Invalid 'starting_after': expected an integer.", "starting_after"));
  }
  counters.request(RETRIEVE, 200);
  const fault = ledger.take(script, stored.prompt, (kind) => CONNECTION.has(kind));
  streamHead(call, { "x-request-id": machine.newId("req_") });
  const frames = responseFrames(stored, call.req.query("include_obfuscation") !== "false");
  const options = { from: Number(after) + 1, fault, misaligned: script.misaligned };
  new Viewer(call.env.outgoing, generation, frames, counters, options);
  return RESPONSE_ALREADY_SENT;
}

/** Cancelling twice, or what has ended, gives the response as it is. */
export function cancelResponse(machine: Machine, store: ResponseStore, call: Call, id: string): Response {
  machine.counters.cancels++;
  const stored = store.get(id);
  if (stored === undefined) return notFound(machine, call, CANCEL, id);
  if (!stored.generation.background) {
    return refuse(machine, call, CANCEL, invalid("Cannot cancel a synchronous response.", null));
  }
  stored.generation.stop("cancelled");
  machine.counters.request(CANCEL, 200);
  return call.json(responseObject(stored), 200);
}

function turnsOf(body: Record<string, unknown>): Turn[] {
  const turns: Turn[] = [];
  if (typeof body.instructions === "string") turns.push({ role: "system", text: body.instructions });
  const input = body.input;
  if (typeof input === "string") turns.push({ role: "user", text: input });
  if (!Array.isArray(input)) return turns;
  for (const item of input as unknown[]) {
    const { role, content } = (item ?? {}) as { role?: unknown; content?: unknown };
    if (role === "user" || role === "assistant") turns.push({ role, text: textOf(content) });
    else if (role === "system" || role === "developer") turns.push({ role: "system", text: textOf(content) });
  }
  return turns;
}

function invalid(message: string, param: string | null): Refusal {
  return { kind: "invalid", message, param };
}

function refuse(machine: Machine, call: Call, endpoint: string, refusal: Refusal): Response {
  const { status, headers, body } = openaiFailure(refusal, "responses");
  machine.counters.request(endpoint, status);
  return call.json(body, status as 400, { ...headers, "x-request-id": machine.newId("req_") });
}

function notFound(machine: Machine, call: Call, endpoint: string, id: string): Response {
  machine.counters.request(endpoint, 404);
  const error = {
    message: `Response with id '${id}' not found.`,
    type: "invalid_request_error",
    param: null,
    code: null,
  };
  return call.json({ error }, 404);
}
