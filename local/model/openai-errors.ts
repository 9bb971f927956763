/** Refusals in OpenAI's shape: `{error: {message, type, param, code}}` with the status and headers OpenAI sends. */
import type { Refusal } from "./request.ts";

interface OpenAIFailure {
  status: number;
  headers: Record<string, string>;
  body: { error: { message: string; type: string; param: string | null; code: string | null } };
}

function failure(
  status: number,
  type: string,
  code: string | null,
  message: string,
  param: string | null = null,
  headers: Record<string, string> = {},
): OpenAIFailure {
  return { status, headers, body: { error: { message, type, param, code } } };
}

/** `api` decides the wording that differs between Responses and chat completions. */
export function openaiFailure(refusal: Refusal, api: "responses" | "chat"): OpenAIFailure {
  const list = api === "responses" ? "input" : "messages";
  switch (refusal.kind) {
    case "bad_key":
      return failure(
        401,
        "invalid_request_error",
        "invalid_api_key",
        `Incorrect API key provided: ${hidden(refusal.key)}.`,
      );
    case "unknown_model": {
      const hint = refusal.word === refusal.model ? "" : ` (The scripted model knows no word "${refusal.word}".)`;
      const message = `The model \`${refusal.model}\` does not exist or you do not have access to it.${hint}`;
      return failure(404, "invalid_request_error", "model_not_found", message);
    }
    case "invalid":
      return failure(400, "invalid_request_error", null, refusal.message, refusal.param);
    case "no_prefill":
      return failure(
        400,
        "invalid_request_error",
        null,
        "Expected last role User or Tool for serving but got assistant.",
        list,
      );
    case "no_continuation":
      return failure(400, "invalid_request_error", null, "This model does not continue answers.", list);
    case "context": {
      const message =
        api === "responses"
          ? "Your input exceeds the context window of this model. Please adjust your input and try again."
          : `This model's maximum context length is ${refusal.window} tokens. However, your messages resulted in ${refusal.tokens} tokens. Please reduce the length of the messages.`;
      return failure(400, "invalid_request_error", "context_length_exceeded", message, list);
    }
    case "fault":
      return faultFailure(refusal.fault, refusal.model, refusal.retryAfter);
  }
}

function faultFailure(
  fault: Extract<Refusal, { kind: "fault" }>["fault"],
  model: string,
  retryAfter: number,
): OpenAIFailure {
  const later = { "retry-after": String(retryAfter), "retry-after-ms": String(retryAfter * 1000) };
  switch (fault) {
    case "401":
      return failure(401, "invalid_request_error", "invalid_api_key", "Incorrect API key provided.");
    case "403":
      return failure(403, "invalid_request_error", "permission_denied", "You do not have access to this model.");
    case "429": {
      const message = `Rate limit reached for ${model} on requests per min (RPM): Limit 3, Used 3, Requested 1. Please try again in ${retryAfter}s.`;
      const limits = { "x-ratelimit-limit-requests": "3", "x-ratelimit-remaining-requests": "0" };
      return failure(429, "requests", "rate_limit_exceeded", message, null, { ...later, ...limits });
    }
    case "500":
      return failure(
        500,
        "server_error",
        null,
        "The server had an error while processing your request. Sorry about that!",
      );
    case "529":
      return failure(529, "server_error", "server_is_overloaded", "The server is overloaded.", null, later);
    case "503":
    case "overloaded":
      return failure(
        503,
        "server_error",
        "server_is_overloaded",
        "Our servers are currently overloaded. Please try again later.",
        null,
        later,
      );
  }
}

function hidden(key: string): string {
  return key.length <= 8 ? key : `${key.slice(0, 3)}${"*".repeat(key.length - 7)}${key.slice(-4)}`;
}
