// Failures on their way out: thrown anywhere in a route, put on the wire in one place.
import { getLogger } from "@logtape/logtape";
import type { Context } from "hono";
import { HTTPException } from "hono/http-exception";
import type { ZodError } from "zod";
import { type Failure, problemResponse, type Result } from "../protocol/problems.ts";
import { traceFields } from "../protocol/trace.ts";
import type { AppEnv } from "./app-env.ts";

const logger = getLogger(["keepstream", "edge"]);

export class Refusal extends Error {
  readonly failure: Failure;
  constructor(failure: Failure) {
    super(failure.detail);
    this.failure = failure;
  }
}

export function refuse(code: Failure["code"], detail: string, more: Omit<Failure, "code" | "detail"> = {}): never {
  throw new Refusal({ code, detail, ...more });
}

/** The value of a result; a failure is thrown for `onError`. */
export function expect<T>(result: Result<T>): T {
  if (!result.ok) throw new Refusal(result.failure);
  return result.value;
}

const TOO_LONG: Record<string, Failure["code"]> = { prompt: "prompt_too_large" };

/** A request that does not fit its schema. */
export function invalidRequest({ issues }: ZodError, body: unknown): Failure {
  const errors = issues.map(({ path, message }) => ({ path: path.join("."), message }));
  for (const issue of issues) {
    const field = String(issue.path[0]);
    const code = TOO_LONG[field];
    if (issue.code === "too_big" && code) {
      const limit = Number(issue.maximum);
      const value = String((body as Record<string, unknown>)[field] ?? "").length;
      const detail = `${field}: ${value} characters; the limit is ${limit}. Shorten it, or split it over several asks.`;
      return { code, detail, limit, value, errors };
    }
  }
  const detail = errors.map(({ path, message }) => (path ? `${path}: ${message}` : message)).join("; ");
  return { code: "bad_request", detail, errors };
}

/** Turns whatever was thrown into a response. Only what nobody expected is a 500, and it tells nothing of the inside. */
export function onError(error: Error, c: Context<AppEnv>): Response {
  return problemResponse(toFailure(error, c.var), c.var.requestId);
}

function toFailure(error: Error, { requestId, trace }: AppEnv["Variables"]): Failure {
  if (error instanceof Refusal) return error.failure;
  if (error instanceof HTTPException && error.status === 415) {
    return { code: "unsupported_media_type", detail: "The body must be JSON: send content-type: application/json." };
  }
  if (error instanceof HTTPException && error.status < 500) {
    return { code: "bad_request", detail: error.message || "The request could not be read." };
  }
  logger.error("something went wrong", {
    requestId,
    trace: traceFields(trace).trace,
    error: String(error),
    stack: error.stack,
  });
  return {
    code: "internal",
    detail: `Something went wrong here; nothing was lost. Quote ${requestId} if you report it.`,
  };
}
