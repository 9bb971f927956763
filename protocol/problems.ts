// Problems: what an API error looks like on the wire (RFC 9457), and which status each code has.
import { z } from "zod";

const STATUS = {
  bad_request: [400, "The request is not valid"],
  offset_invalid: [400, "The offset is not one of this log"],
  unauthenticated: [401, "No valid identity came with the request"],
  forbidden: [403, "This identity may not do that"],
  not_yours: [403, "This chat belongs to somebody else"],
  unknown_chat: [404, "There is no such chat"],
  unknown_run: [404, "There is no such run"],
  not_cached: [404, "No such answer is kept"],
  not_found: [404, "There is nothing at this address"],
  method_not_allowed: [405, "This address does not take that method"],
  conflict: [409, "The state does not allow that"],
  body_too_large: [413, "The request body is too large"],
  prompt_too_large: [413, "The prompt is too large"],
  unsupported_media_type: [415, "The body is not JSON"],
  tier_unavailable: [422, "This tier is not available here"],
  unknown_model: [422, "This deployment has no such model"],
  idempotency_conflict: [422, "The Idempotency-Key was used with another request"],
  answer_broken: [424, "The answer broke off, and nothing more can be had of it"],
  rate_limited: [429, "Too many requests"],
  budget_exceeded: [429, "The budget is used up"],
  too_many_readers: [429, "Too many readers of this chat"],
  too_many_chats: [429, "Too many chats"],
  too_many_runs: [429, "Too many answers at once in this chat"],
  internal: [500, "Something went wrong here"],
  access_unreachable: [503, "Who is asking can't be checked at the moment"],
  archive_unreachable: [503, "The archive can't be reached at the moment"],
  temporal_unreachable: [503, "Temporal can't be asked at the moment"],
} as const;

export type ProblemCode = keyof typeof STATUS;
export type ProblemStatus = (typeof STATUS)[ProblemCode][0];

export const problemSchema = z
  .object({
    type: z.string(),
    title: z.string(),
    status: z.number().int(),
    detail: z.string(),
    code: z.enum(Object.keys(STATUS) as [ProblemCode, ...ProblemCode[]]),
    requestId: z.string(),
    /** The limit that was passed, and the value that passed it, where there is one. */
    limit: z.number().optional(),
    value: z.union([z.number(), z.string()]).optional(),
    /** Each field that was wrong, where the request itself was. */
    errors: z.array(z.object({ path: z.string(), message: z.string() })).optional(),
  })
  .meta({ id: "Problem" });
export type Problem = z.infer<typeof problemSchema>;

/** What went wrong, before it is put on the wire. Plain data: it crosses from a Durable Object to the Worker. */
export interface Failure {
  code: ProblemCode;
  detail: string;
  limit?: number;
  value?: number | string;
  errors?: { path: string; message: string }[];
  /** Seconds after which to try again. */
  retryAfter?: number;
}

/** An expected outcome that may be a failure. */
export type Result<T> = { ok: true; value: T } | { ok: false; failure: Failure };

export const ok = <T>(value: T): Result<T> => ({ ok: true, value });
export const fail = (code: ProblemCode, detail: string, more: Omit<Failure, "code" | "detail"> = {}) =>
  ({ ok: false, failure: { code, detail, ...more } }) as const;

/** Every code with its status and its meaning, for whoever lists them. */
export const PROBLEMS = Object.entries(STATUS).map(([code, [status, title]]) => ({ code, status, title }));

export function problemStatus(code: ProblemCode): ProblemStatus {
  return STATUS[code][0];
}

export function toProblem(failure: Failure, requestId: string): Problem {
  const [status, title] = STATUS[failure.code];
  const { code, detail, limit, value, errors } = failure;
  return {
    type: `/docs/errors#${code}`,
    title,
    status,
    detail,
    code,
    requestId,
    ...(limit !== undefined && { limit }),
    ...(value !== undefined && { value }),
    ...(errors && { errors }),
  };
}

/** The response that tells of a failure. */
export function problemResponse(failure: Failure, requestId: string): Response {
  const headers = new Headers({ "content-type": "application/problem+json", "cache-control": "no-store" });
  if (failure.retryAfter !== undefined) headers.set("retry-after", String(failure.retryAfter));
  if (failure.code === "unauthenticated") headers.set("www-authenticate", "Bearer");
  return new Response(JSON.stringify(toProblem(failure, requestId)), { status: problemStatus(failure.code), headers });
}
