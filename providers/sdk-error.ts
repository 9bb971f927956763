// What the official SDKs throw, turned into our errors. Both are made by the same generator and throw the same shapes.
import { type Answerer, malformed, refusalError, refusalOf, unreachable } from "./errors.ts";
import { ProviderError } from "./provider.ts";

interface SdkApiError extends Error {
  status?: number | undefined;
  headers?: Headers | undefined;
  error?: unknown;
}

const isApiError = (error: unknown): error is SdkApiError => error instanceof Error && "status" in error;

export function fromSdk(error: unknown, who: Answerer): ProviderError {
  if (error instanceof ProviderError) return error;
  if (error instanceof SyntaxError) return malformed(who, "a reply that is not JSON", error);
  if (!isApiError(error)) {
    return new ProviderError("internal", `The request to ${who.label} could not be made.`, { cause: error });
  }
  // Without a status there was no response at all.
  if (error.status === undefined) return unreachable(who, error);
  // Anthropic's SDK gives the whole body, OpenAI's what stands under `error`, and both their message where it is no JSON.
  const body = error.error as { error?: unknown } | undefined;
  const said =
    body === undefined ? error.message.replace(/^\d+ (status code \(no body\)$)?/, "") : (body.error ?? body);
  return refusalError(who, refusalOf(said, error.status, error.headers), error);
}
