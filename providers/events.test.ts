// What each provider's events come to, on streams as their documentation shows them.
import { describe, expect, it } from "vitest";
import { takesPrefill } from "./anthropic.ts";
import { AnthropicEvents } from "./anthropic-events.ts";
import { CompatibleEvents } from "./compatible-events.ts";
import type { Answerer } from "./errors.ts";
import { OpenAIEvents } from "./openai-events.ts";
import { Pieces } from "./pieces.ts";
import type { Ending } from "./provider.ts";
import type { Decoder } from "./read-events.ts";

const who: Answerer = { label: "X", keySetting: "K", urlSetting: "U", model: "m", secret: null };

function decode(decoder: Decoder, events: (object | string)[]): { text: string; ending: Ending | null } {
  const pieces = new Pieces();
  let ending: Ending | null = null;
  for (const event of events) {
    const data = typeof event === "string" ? event : JSON.stringify(event);
    ending ??= decoder.decode({ data }, pieces);
  }
  return { text: pieces.take()?.text ?? "", ending };
}

describe("Responses API", () => {
  const run = (...events: object[]) => decode(new OpenAIEvents(who), events);
  const response = { id: "r", output: [] };
  const usage = { input_tokens: 9, input_tokens_details: { cached_tokens: 4 }, output_tokens: 5, total_tokens: 14 };
  let sequence_number = 0;
  const event = (type: string, more: object = {}) => ({ type, sequence_number: sequence_number++, ...more });

  it("ends with usage", () => {
    const completed = event("response.completed", { response: { ...response, status: "completed", usage } });
    expect(run(event("response.output_text.delta", { delta: "Hi" }), completed)).toEqual({
      text: "Hi",
      ending: { finish: "stop", usage: { inputTokens: 9, cachedInputTokens: 4, outputTokens: 5 } },
    });
  });

  it.each([
    ["max_output_tokens", "length"],
    ["content_filter", "refusal"],
  ])("incomplete by %s is %s", (reason, finish) => {
    const incomplete = { ...response, status: "incomplete", incomplete_details: { reason } };
    expect(run(event("response.incomplete", { response: incomplete })).ending?.finish).toBe(finish);
  });

  it("knows a refusal by its words, and by the finished answer alone", () => {
    const content = [{ type: "refusal", refusal: "No." }];
    const completed = { ...response, status: "completed", output: [{ type: "message", content }] };
    expect(
      run(event("response.refusal.delta", { delta: "No." }), event("response.completed", { response: completed })),
    ).toEqual({
      text: "No.",
      ending: { finish: "refusal", usage: null },
    });
  });

  it.each([
    [
      event("response.failed", { response: { ...response, error: { code: "server_error", message: "x" } } }),
      "provider_overloaded",
    ],
    [
      event("response.failed", { response: { ...response, error: { code: "rate_limit_exceeded", message: "x" } } }),
      "provider_rate_limited",
    ],
    [
      event("response.failed", { response: { ...response, error: { code: "invalid_prompt", message: "x" } } }),
      "provider_refused",
    ],
    [event("response.failed", { response: { ...response, error: null } }), "provider_overloaded"],
    [event("error", { code: "server_error", message: "x", param: null }), "provider_overloaded"],
    [
      event("error", { error: { type: "invalid_request_error", code: "context_length_exceeded", message: "x" } }),
      "provider_context_too_long",
    ],
  ])("%j is an error", (failed, code) => {
    expect(() => run(failed)).toThrow(expect.objectContaining({ code }));
  });

  it("shows neither reasoning nor tools", () => {
    const hidden = [
      "response.reasoning_text.delta",
      "response.reasoning_summary_text.delta",
      "response.function_call_arguments.delta",
    ];
    expect(run(...hidden.map((type) => event(type, { delta: "secret" }))).text).toBe("");
  });
});

describe("Messages API", () => {
  const run = (...events: object[]) => decode(new AnthropicEvents(who), events);
  const text = (value: string) => ({
    type: "content_block_delta",
    index: 0,
    delta: { type: "text_delta", text: value },
  });
  const start = (usage: object) => ({ type: "message_start", message: { usage } });
  const end = (stop_reason: string | null, usage?: object) => ({
    type: "message_delta",
    delta: { stop_reason },
    usage,
  });
  const stop = { type: "message_stop" };

  it("counts what was read from and written to the cache as input", () => {
    const first = { input_tokens: 3, cache_read_input_tokens: 10, cache_creation_input_tokens: 20, output_tokens: 1 };
    expect(run(start(first), text("Hi"), { type: "ping" }, end("end_turn", { output_tokens: 7 }), stop)).toEqual({
      text: "Hi",
      ending: { finish: "stop", usage: { inputTokens: 33, cachedInputTokens: 10, outputTokens: 7 } },
    });
  });

  it("has no usage where there was none", () => {
    expect(run(end("end_turn"), stop).ending).toEqual({ finish: "stop", usage: null });
  });

  it.each([
    ["max_tokens", "length"],
    ["model_context_window_exceeded", "length"],
    ["refusal", "refusal"],
    ["stop_sequence", "stop"],
    ["something_new", "stop"],
    [null, "stop"],
  ])("%s is %s", (reason, finish) => {
    expect(run(end(reason), stop).ending?.finish).toBe(finish);
  });

  it("shows text only", () => {
    const delta = (delta: object) => ({ type: "content_block_delta", index: 0, delta });
    const block = { type: "content_block_start", index: 0, content_block: { type: "text", text: "A" } };
    expect(
      run(block, delta({ type: "thinking_delta", thinking: "hm" }), text("B"), delta({ type: "new_delta" })).text,
    ).toBe("AB");
  });

  it.each([
    ["overloaded_error", "provider_overloaded"],
    ["rate_limit_error", "provider_rate_limited"],
    ["api_error", "provider_overloaded"],
    ["invalid_request_error", "provider_bad_request"],
  ])("an error event of %s is %s", (type, code) => {
    expect(() => run({ type: "error", error: { type, message: "x" } })).toThrow(expect.objectContaining({ code }));
  });
});

describe("chat completions", () => {
  const run = (...events: (object | string)[]) => decode(new CompatibleEvents(who), events);
  const chunk = (delta: object, finish_reason: string | null = null) => ({
    choices: [{ index: 0, delta, finish_reason }],
  });

  it("ends with the usage that follows the finish", () => {
    const usage = { prompt_tokens: 9, completion_tokens: 5, prompt_tokens_details: { cached_tokens: 4 } };
    expect(
      run(
        chunk({ role: "assistant", content: "" }),
        chunk({ content: "Hi" }),
        chunk({}, "length"),
        { choices: [], usage },
        "[DONE]",
      ),
    ).toEqual({
      text: "Hi",
      ending: { finish: "length", usage: { inputTokens: 9, cachedInputTokens: 4, outputTokens: 5 } },
    });
  });

  it.each([
    ["stop", "stop"],
    ["tool_calls", "stop"],
    ["content_filter", "refusal"],
  ])("%s is %s", (reason, finish) => {
    expect(run(chunk({}, reason), "[DONE]").ending?.finish).toBe(finish);
  });

  it("is no ending without a finish reason", () => {
    expect(run(chunk({ content: "Hi" }), "[DONE]").ending).toBeNull();
  });

  it("shows a refusal's words, and no reasoning", () => {
    expect(
      run(chunk({ reasoning_content: "hm", content: null }), chunk({ refusal: "No." }), chunk({}, "stop"), "[DONE]"),
    ).toEqual({
      text: "No.",
      ending: { finish: "refusal", usage: null },
    });
  });

  it.each([
    [{ error: { message: "slow down", code: 429 } }, "provider_rate_limited"],
    [{ error: "the request exceeds the available context size" }, "provider_context_too_long"],
    [{ error: { message: "x", type: "server_error" } }, "provider_overloaded"],
    [chunk({}, "error"), "provider_overloaded"],
  ])("%j is an error", (failed, code) => {
    expect(() => run(failed)).toThrow(expect.objectContaining({ code }));
  });
});

describe.each([
  ["half a token", 12.5],
  ["less than none", -1],
  ["more than anything takes", 1e15],
  ["words", "12"],
  ["what JSON makes of no number", null],
  ["a list", [12]],
])("a usage of %s is unknown", (_, odd) => {
  const [input, output] = ["input_tokens", "output_tokens"];
  const end = { type: "message_stop" };
  const usageOf = (decoder: Decoder, ...events: (object | string)[]) => {
    const { ending } = decode(decoder, events);
    expect(ending).not.toBeNull();
    return ending?.usage;
  };

  it.each([
    { [input]: odd, [output]: 5 },
    { [input]: 9, [output]: odd },
    ...(odd === null ? [] : [{ [input]: 9, [output]: 5, input_tokens_details: { cached_tokens: odd } }]),
  ])("in the Responses API: %j", (usage) => {
    const response = { id: "r", output: [], status: "completed", usage };
    expect(usageOf(new OpenAIEvents(who), { type: "response.completed", response })).toBeNull();
  });

  it.each([
    { [input]: odd, [output]: 5 },
    { [input]: 9, [output]: odd },
    ...(odd === null ? [] : ["cache_read_input_tokens", "cache_creation_input_tokens"]).map((name) => {
      return { [input]: 9, [output]: 5, [name]: odd };
    }),
  ])("in the Messages API: %j", (usage) => {
    expect(usageOf(new AnthropicEvents(who), { type: "message_start", message: { usage } }, end)).toBeNull();
  });

  it.each([
    { prompt_tokens: odd, completion_tokens: 5 },
    { prompt_tokens: 9, completion_tokens: odd },
    ...(odd === null
      ? []
      : [{ prompt_tokens: 9, completion_tokens: 5, prompt_tokens_details: { cached_tokens: odd } }]),
  ])("in chat completions: %j", (usage) => {
    const chunk = { choices: [{ index: 0, delta: {}, finish_reason: "stop" }], usage };
    expect(usageOf(new CompatibleEvents(who), chunk, "[DONE]")).toBeNull();
  });
});

it("what two odd figures come to is unknown, however it looks", () => {
  const usage = { input_tokens: 0.5, cache_read_input_tokens: 0.5, cache_creation_input_tokens: 0, output_tokens: 5 };
  const events = [{ type: "message_start", message: { usage } }, { type: "message_stop" }];
  expect(decode(new AnthropicEvents(who), events).ending).toEqual({ finish: "stop", usage: null });
});

it.each([
  ["claude-2.1", true],
  ["claude-instant-1.2", true],
  ["claude-3-opus-20240229", true],
  ["claude-3-5-sonnet-20241022", true],
  ["claude-3-5-sonnet-latest", true],
  ["claude-3-7-sonnet-20250219", true],
  ["claude-sonnet-4-20250514", true],
  ["claude-opus-4-1-20250805", true],
  ["claude-haiku-4-5", true],
  ["claude-sonnet-4-5-20250929", true],
  ["claude-opus-4-6", false],
  ["claude-sonnet-4-6", false],
  ["claude-opus-4-8", false],
  ["claude-opus-4-10", false],
  ["claude-sonnet-5", false],
  ["claude-haiku-5-5", false],
  ["claude-fable-5-2", false],
  ["claude-mythos-preview", false],
  ["scripted", false],
])("%s takes prefill: %s", (model, takes) => {
  expect(takesPrefill(model)).toBe(takes);
});
