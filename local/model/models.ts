/** `GET /v1/models` in OpenAI's shape, or in Anthropic's when the request has an `anthropic-version` header. */
import type { ModelInfo } from "@anthropic-ai/sdk/resources/models";
import type { Model } from "openai/resources/models";
import { anthropicFailure, keyOf } from "./anthropic.ts";
import { openaiFailure } from "./openai-errors.ts";
import type { Call, Machine, Refusal } from "./request.ts";
import { parseScript } from "./script.ts";

const CREATED = 1_767_225_600; // 2026-01-01, in seconds

function openaiModel(id: string): Model {
  return { id, object: "model", created: CREATED, owned_by: "keepstream-scripted" };
}

function anthropicModel(id: string): ModelInfo {
  const kind = id === "scripted" ? "" : `, ${id.replace(/^scripted-/, "")}`;
  return {
    id,
    type: "model",
    display_name: `Scripted model (not an LLM)${kind}`,
    created_at: new Date(CREATED * 1000).toISOString(),
    capabilities: null,
    deprecated_at: null,
    lifecycle: "active",
    line: null,
    max_input_tokens: 200_000,
    max_tokens: 64_000,
    retires_at: null,
  };
}

export function listModels(machine: Machine, call: Call): Response {
  const endpoint = "GET /v1/models";
  if (keyOf(call) === "bad-key") return refuse(machine, call, endpoint, { kind: "bad_key", key: "bad-key" });
  machine.counters.request(endpoint, 200);
  if (!speaksAnthropic(call)) return call.json({ object: "list", data: machine.listed.map(openaiModel) });
  const data = machine.listed.map(anthropicModel);
  return call.json({ data, has_more: false, first_id: data[0]?.id ?? null, last_id: data.at(-1)?.id ?? null });
}

export function retrieveModel(machine: Machine, call: Call, id: string): Response {
  const endpoint = "GET /v1/models/{id}";
  const script = parseScript(id);
  if ("unknown" in script) {
    return refuse(machine, call, endpoint, { kind: "unknown_model", model: id, word: script.unknown });
  }
  machine.counters.request(endpoint, 200);
  return call.json(speaksAnthropic(call) ? anthropicModel(id) : openaiModel(id));
}

function speaksAnthropic(call: Call): boolean {
  return call.req.header("anthropic-version") !== undefined;
}

function refuse(machine: Machine, call: Call, endpoint: string, refusal: Refusal): Response {
  if (speaksAnthropic(call)) {
    const { status, type, message } = anthropicFailure(refusal);
    machine.counters.request(endpoint, status);
    return call.json({ type: "error", error: { type, message } }, status as 400);
  }
  const { status, body } = openaiFailure(refusal, "responses");
  machine.counters.request(endpoint, status);
  return call.json(body, status as 400);
}
