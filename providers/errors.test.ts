import { APIError as AnthropicAPIError, APIConnectionError as AnthropicConnectionError } from "@anthropic-ai/sdk";
import { APIConnectionError, APIError } from "openai";
import { describe, expect, it } from "vitest";
import { type Answerer, codeOf, refusalError, refusalOf, retryAfterOf } from "./errors.ts";
import { fromSdk } from "./sdk-error.ts";

const who: Answerer = {
  label: "OpenAI",
  keySetting: "OPENAI_API_KEY",
  urlSetting: "OPENAI_BASE_URL",
  model: "gpt-x",
  secret: "s3cret-key-of-ours",
};
const openai = (status: number, error: object, headers: Record<string, string> = {}) =>
  fromSdk(APIError.generate(status, { error }, undefined, new Headers(headers)), who);
const anthropic = (status: number, type: string, message: string) =>
  fromSdk(
    AnthropicAPIError.generate(status, { type: "error", error: { type, message } }, undefined, new Headers()),
    who,
  );

describe("codes", () => {
  it.each([
    [401, { code: "invalid_api_key", message: "Incorrect API key" }, "provider_auth"],
    [403, { message: "Country, region, or territory not supported" }, "provider_auth"],
    [404, { code: "model_not_found", message: "no such model" }, "provider_unknown_model"],
    [400, { code: "model_not_found", message: "The requested model 'x' does not exist." }, "provider_unknown_model"],
    [429, { code: "rate_limit_exceeded", message: "slow" }, "provider_rate_limited"],
    [429, { code: "insufficient_quota", message: "You exceeded your current quota" }, "provider_rate_limited"],
    [402, { message: "Insufficient credits" }, "provider_rate_limited"],
    [400, { code: "context_length_exceeded", message: "too long" }, "provider_context_too_long"],
    [400, { type: "exceed_context_size_error", message: "the request exceeds" }, "provider_context_too_long"],
    [400, { message: "This model's maximum context length is 8192 tokens." }, "provider_context_too_long"],
    [413, { message: "Request Entity Too Large" }, "provider_context_too_long"],
    [400, { code: "invalid_prompt", message: "flagged" }, "provider_refused"],
    [400, { code: "content_filter", message: "filtered" }, "provider_refused"],
    [400, { message: "Unsupported parameter", param: "temperature" }, "provider_bad_request"],
    [422, { message: "no" }, "provider_bad_request"],
    [500, { type: "server_error", message: "oops" }, "provider_overloaded"],
    [503, { code: "server_is_overloaded", message: "oops" }, "provider_overloaded"],
    [504, {}, "provider_overloaded"],
  ])("OpenAI and compatible servers: %i %j is %s", (status, error, code) => {
    expect(openai(status, error)).toMatchObject({ code, status });
  });

  it.each([
    [401, "authentication_error", "invalid x-api-key", "provider_auth"],
    [403, "permission_error", "not allowed", "provider_auth"],
    [404, "not_found_error", "model: claude-0", "provider_unknown_model"],
    [429, "rate_limit_error", "slow", "provider_rate_limited"],
    [400, "invalid_request_error", "Your credit balance is too low", "provider_rate_limited"],
    [400, "invalid_request_error", "prompt is too long: 210000 tokens > 200000 maximum", "provider_context_too_long"],
    [400, "invalid_request_error", "input length and `max_tokens` exceed context limit", "provider_context_too_long"],
    [400, "invalid_request_error", "temperature: range: -1..1", "provider_bad_request"],
    [413, "request_too_large", "Request exceeds", "provider_context_too_long"],
    [500, "api_error", "Internal server error", "provider_overloaded"],
    [529, "overloaded_error", "Overloaded", "provider_overloaded"],
  ])("Anthropic: %i %s (%s) is %s", (status, type, message, code) => {
    expect(anthropic(status, type, message)).toMatchObject({ code, status });
  });

  it("knows errors that came inside a stream, without a status", () => {
    expect(codeOf(refusalOf({ code: "rate_limit_exceeded", message: "" }))).toBe("provider_rate_limited");
    expect(codeOf(refusalOf({ type: "overloaded_error", message: "" }))).toBe("provider_overloaded");
    expect(codeOf(refusalOf({ code: 429, message: "slow" }))).toBe("provider_rate_limited");
    expect(codeOf(refusalOf("context length exceeded"))).toBe("provider_context_too_long");
    expect(codeOf(refusalOf(null))).toBe("provider_overloaded");
  });

  it("knows that there was no response", () => {
    for (const error of [new APIConnectionError({ message: "x" }), new AnthropicConnectionError({ message: "x" })]) {
      expect(fromSdk(error, who)).toMatchObject({ code: "provider_unreachable", status: null });
    }
    expect(fromSdk(new SyntaxError("Unexpected token"), who).code).toBe("provider_malformed");
    expect(fromSdk(new Error("bug"), who).code).toBe("internal");
  });
});

describe("waiting", () => {
  const now = Date.UTC(2026, 0, 1);
  it.each([
    [{ "retry-after": "7" }, 7],
    [{ "retry-after": "0" }, 0],
    [{ "retry-after": "1.5" }, 1.5],
    [{ "retry-after-ms": "1500", "retry-after": "2" }, 1.5],
    [{ "retry-after": "Thu, 01 Jan 2026 00:00:30 GMT" }, 30],
    [{ "retry-after": "Wed, 31 Dec 2025 23:00:00 GMT" }, 0],
    [{ "retry-after": "soon" }, null],
    [{}, null],
  ])("%j is %j s", (headers, seconds) => {
    expect(retryAfterOf(new Headers(headers as Record<string, string>), now)).toBe(seconds);
  });

  it("is told to the person", () => {
    const error = openai(429, { code: "rate_limit_exceeded", message: "" }, { "retry-after": "7" });
    expect(error).toMatchObject({ retryAfter: 7, final: false });
    expect(error.message).toBe("OpenAI is limiting requests. Try again in 7 s.");
  });

  it("does not help when the quota is used up, or the provider says so", () => {
    const spent = openai(429, { code: "insufficient_quota", message: "You exceeded your current quota." });
    expect(spent).toMatchObject({ code: "provider_rate_limited", final: true });
    expect(spent.message).toContain("used up its quota or credit; waiting does not help");
    expect(openai(500, {}, { "x-should-retry": "false" }).final).toBe(true);
    expect(openai(500, {}).final).toBe(false);
  });
});

describe("messages", () => {
  it("never hold a key", () => {
    const said = `Incorrect API key provided: sk-abc***wxyz or s3cret-key-of-ours of org-AbCdEfGh1234.`;
    for (const status of [400, 401, 403, 404, 429, 500]) {
      const { message } = openai(status, { message: said });
      expect(message).not.toMatch(/sk-abc|s3cret-key-of-ours|AbCdEfGh/);
    }
    expect(openai(401, { message: said }).message).toBe("OpenAI refused the key. Check OPENAI_API_KEY.");
  });

  it("say what to do about a temperature", () => {
    const message = "Unsupported parameter: 'temperature' is not supported with this model.";
    expect(openai(400, { message, param: "temperature" }).message).toMatch(/^“gpt-x” does not take this temperature\./);
  });

  it("quote what was said on one bounded line", () => {
    const { message } = refusalError(who, refusalOf({ message: `a\n  b ${"🧠".repeat(400)}` }, 400));
    expect(message).toMatch(/^OpenAI did not accept the request\. It said: “a b 🧠/);
    expect(message).toHaveLength("OpenAI did not accept the request. It said: “”".length + 301);
    expect(message.isWellFormed()).toBe(true);
  });

  it("make do with a body that is not JSON", () => {
    const error = APIError.generate(502, undefined, "<html>Bad gateway</html>", new Headers());
    const failure = fromSdk(error, who);
    expect(failure).toMatchObject({ code: "provider_overloaded", status: 502 });
    expect(failure.message).toBe("OpenAI is overloaded or failing (HTTP 502). Try again in a moment.");
    const text = APIError.generate(400, undefined, "no such thing", new Headers());
    expect(fromSdk(text, who).message).toBe("OpenAI did not accept the request. It said: “no such thing”");
  });
});
