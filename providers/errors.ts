// Errors: turns what a provider answered, in any of their shapes, into one of our codes and a message for a person.
// A message never holds a key: whatever a provider says is scrubbed before it is quoted.
import type { RunErrorCode } from "../protocol/records.ts";
import { ProviderError } from "./provider.ts";

/** Who answered, in the words of this deployment's settings. */
export interface Answerer {
  /** As a person calls it: "OpenAI". */
  label: string;
  keySetting: string;
  urlSetting: string;
  model: string;
  /** What must never be shown. */
  secret: string | null;
}

/** What a provider said when it refused, whatever the shape it came in. */
export interface Refusal {
  status: number | null;
  code: string | null;
  type: string | null;
  param: string | null;
  message: string;
  headers?: Headers | undefined;
}

const BY_NAME: Record<string, RunErrorCode> = {
  invalid_api_key: "provider_auth",
  authentication_error: "provider_auth",
  permission_error: "provider_auth",
  model_not_found: "provider_unknown_model",
  not_found_error: "provider_unknown_model",
  rate_limit_exceeded: "provider_rate_limited",
  rate_limit_error: "provider_rate_limited",
  insufficient_quota: "provider_rate_limited",
  billing_error: "provider_rate_limited",
  server_error: "provider_overloaded",
  api_error: "provider_overloaded",
  internal_error: "provider_overloaded",
  internal_server_error: "provider_overloaded",
  timeout_error: "provider_overloaded",
  overloaded_error: "provider_overloaded",
  overloaded: "provider_overloaded",
  server_is_overloaded: "provider_overloaded",
  slow_down: "provider_overloaded",
  context_length_exceeded: "provider_context_too_long",
  exceed_context_size_error: "provider_context_too_long",
  request_too_large: "provider_context_too_long",
  content_filter: "provider_refused",
  content_policy_violation: "provider_refused",
  invalid_prompt: "provider_refused",
  bio_policy: "provider_refused",
  cyber_policy: "provider_refused",
  misalignment_policy_violation: "provider_refused",
};
const SPENT = /insufficient_quota|billing_error|credit balance is too low|exceeded your current quota/i;
const TOO_LONG =
  /context[ _](length|window|size)|maximum context|prompt is too long|too many tokens|exceeds? (the )?(available )?context/i;

/** An error as providers send it: a string, or an object whose `code` may be an HTTP status. */
export function refusalOf(error: unknown, status: number | null = null, headers?: Headers): Refusal {
  if (typeof error === "string") return { status, code: null, type: null, param: null, message: error, headers };
  const fields = (typeof error === "object" && error !== null ? error : {}) as Record<string, unknown>;
  const field = (name: string) => (typeof fields[name] === "string" ? fields[name] : null);
  const numeric = typeof fields.code === "number" ? fields.code : null;
  return {
    status: status ?? numeric,
    code: field("code"),
    type: field("type"),
    param: field("param"),
    message: field("message") ?? "",
    headers,
  };
}

/** The code for a refusal: by its name where it is one we know, else by what it says, else by the HTTP status. */
export function codeOf({ status, code, type, message }: Omit<Refusal, "param" | "headers">): RunErrorCode {
  const named = BY_NAME[code ?? ""] ?? BY_NAME[type ?? ""];
  if (named) return named;
  if (status === 401 || status === 403) return "provider_auth";
  if (status === 404) return "provider_unknown_model";
  if (status === 402 || status === 429 || SPENT.test(message)) return "provider_rate_limited";
  if (status === 413 || TOO_LONG.test(message)) return "provider_context_too_long";
  if (type === "invalid_request_error") return "provider_bad_request";
  if (status === null || status >= 500 || status === 408 || status === 409) return "provider_overloaded";
  return "provider_bad_request";
}

/** Seconds the provider asked us to wait, from `retry-after-ms` or `retry-after` (a number or a date), else `null`. */
export function retryAfterOf(headers: Headers | undefined, now = Date.now()): number | null {
  const ms = Number.parseFloat(headers?.get("retry-after-ms") ?? "");
  if (ms >= 0) return ms / 1000;
  const text = headers?.get("retry-after")?.trim();
  if (!text) return null;
  if (/^\d+(\.\d+)?$/.test(text)) return Number(text);
  const date = Date.parse(text);
  return Number.isNaN(date) ? null : Math.max(0, Math.ceil((date - now) / 1000));
}

export function refusalError(who: Answerer, refusal: Refusal, cause?: unknown): ProviderError {
  const { status, headers } = refusal;
  const code = codeOf(refusal);
  const spent = code === "provider_rate_limited" && SPENT.test(`${refusal.code} ${refusal.type} ${refusal.message}`);
  const retryAfter = retryAfterOf(headers);
  const final = spent || status === 402 || headers?.get("x-should-retry") === "false";
  const message = spent || status === 402 ? spentMessage(who, refusal) : messageOf(who, code, refusal, retryAfter);
  return new ProviderError(code, message, { status, retryAfter, final, cause });
}

function spentMessage({ label, secret }: Answerer, refusal: Refusal): string {
  return `The account at ${label} has used up its quota or credit; waiting does not help.${quote(refusal.message, secret)}`;
}

function messageOf(who: Answerer, code: RunErrorCode, refusal: Refusal, retryAfter: number | null): string {
  const { label, keySetting, urlSetting, model, secret } = who;
  const said = quote(refusal.message, secret);
  switch (code) {
    case "provider_auth":
      // What is said of a wrong key quotes part of the key.
      return refusal.status === 403
        ? `${label} does not allow that with this key. Check what ${keySetting} may do.${said}`
        : `${label} refused the key. Check ${keySetting}.`;
    case "provider_unknown_model":
      return `${label} has no model “${model}” for this key. Choose another model, or check ${urlSetting} if it is set.${said}`;
    case "provider_rate_limited":
      return `${label} is limiting requests. Try again ${retryAfter === null ? "in a moment" : `in ${Math.ceil(retryAfter)} s`}.${said}`;
    case "provider_context_too_long":
      return `The conversation is too long for “${model}”. Start a new chat, or choose a model with a larger context.${said}`;
    case "provider_refused":
      return `${label} refused this request under its usage policy. Rephrase the prompt.${said}`;
    case "provider_bad_request":
      if (refusal.param === "temperature" || /\btemperature\b/i.test(refusal.message)) {
        return `“${model}” does not take this temperature. Ask again without one.${said}`;
      }
      return `${label} did not accept the request.${said}`;
    default: {
      const status = refusal.status === null ? "" : ` (HTTP ${refusal.status})`;
      return `${label} is overloaded or failing${status}. Try again in a moment.${said}`;
    }
  }
}

const MAX_QUOTE = 300;
/** What is shorter guards nothing ("ollama"), and may stand in any sentence. */
const MIN_SECRET = 12;

/** ` It said: “…”`, on one line, bounded, without keys or account ids; nothing when nothing was said, or a web page. */
function quote(message: string, secret: string | null): string {
  if (message.trimStart().startsWith("<")) return "";
  let said = message.replace(/\s+/g, " ").trim();
  if (secret && secret.length >= MIN_SECRET) said = said.replaceAll(secret, "[key]");
  said = said.replace(/\b(sk|rk|pk)-[\w*-]{4,}/g, "[key]").replace(/\b(org|proj)[-_][A-Za-z0-9]{8,}/g, "[account]");
  if (said.length > MAX_QUOTE) said = `${said.slice(0, MAX_QUOTE).toWellFormed()}…`;
  return said === "" ? "" : ` It said: “${said}”`;
}

export const unreachable = ({ label, urlSetting }: Answerer, cause: unknown) =>
  new ProviderError(
    "provider_unreachable",
    `${label} cannot be reached. Check the network, and ${urlSetting} if it is set.`,
    { cause },
  );

export const streamCut = ({ label }: Answerer, cause?: unknown) =>
  new ProviderError("provider_stream_cut", `The connection to ${label} broke before the answer was complete.`, {
    cause,
  });

export const stalled = ({ label }: Answerer, silentMs: number) =>
  new ProviderError("provider_stalled", `${label} sent nothing for ${Math.round(silentMs / 1000)} s.`);

export const malformed = ({ label }: Answerer, what: string, cause?: unknown) =>
  new ProviderError("provider_malformed", `${label} sent something that cannot be understood: ${what}.`, { cause });
