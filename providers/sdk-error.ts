// What the official SDKs throw, turned into our errors. Both are made by the same generator and throw the same shapes.
import { type Answerer, malformed, refusalError, refusalOf, unreachable } from "./errors.ts";
import { ProviderError } from "./provider.ts";

interface SdkApiError extends Error {
  status?: number | undefined;
  headers?: Headers | undefined;
  error?: unknown;
}

const isApiError = (error: unknown): error is SdkApiError => error instanceof Error && "status" in error;

/** `aborted`: whatever it is, it came of our own abort, whose reason is thrown elsewhere. */
export function fromSdk(error: unknown, who: Answerer): ProviderError {
  if (error instanceof ProviderError) return error;
  if (error instanceof SyntaxError) return malformed(who, "a reply that is not JSON", error);
  if (!isApiError(error)) {
    return new ProviderError("internal", `The request to ${who.label} could not be made.`, { cause: error });
  }
  // Without a status there was no response at all.
  if (error.status === undefined) return unreachable(who, error);
  // Anthropic's and some compatible servers' errors have the body itself here; the error may stand inside it.
  const body = error.error as { error?: unknown } | undefined;
  const refusal = refusalOf(body?.error ?? body, error.status, error.headers);
  if (refusal.message === "")
    refusal.message = error.message.replace(/^\d+ /, "").replace(/^status code \(no body\)$/, "");
  return refusalError(who, refusal, error);
}
