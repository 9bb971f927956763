// One way to call the API: JSON in, JSON out, and every failure as an `ApiError` a view can show.
import type { Problem } from "../../protocol/problems.ts";

/** A call that did not work: a problem the server described, or `null` when no answer came at all. */
export class ApiError extends Error {
  readonly problem: Problem | null;
  /** HTTP status; 0 when no answer came. */
  readonly status: number;
  /** Seconds after which to try again, where the server said. */
  readonly retryAfter: number | null;

  constructor(problem: Problem | null, status: number, retryAfter: number | null) {
    super(problem?.detail ?? (status === 0 ? "network" : `HTTP ${status}`));
    this.name = "ApiError";
    this.problem = problem;
    this.status = status;
    this.retryAfter = retryAfter;
  }
}

export interface CallOptions {
  method?: "GET" | "POST" | "PATCH" | "DELETE";
  body?: unknown;
  headers?: Record<string, string>;
  signal?: AbortSignal;
  /** Lets the request outlive the page. */
  keepalive?: boolean;
}

async function readProblem(response: Response): Promise<Problem | null> {
  if (!response.headers.get("content-type")?.includes("json")) return null;
  const body = await response.json().catch(() => null);
  return typeof body?.detail === "string" ? body : null;
}

/** Whether the server answers at all. */
export const answers = (): Promise<boolean> =>
  fetch("/manifest.webmanifest", { method: "HEAD", cache: "no-store" }).then(
    ({ ok }) => ok,
    () => false,
  );

/** Calls the API and reads the reply. Throws `ApiError`; an aborted call throws the abort itself. */
export async function call<Reply>(path: string, options: CallOptions = {}): Promise<Reply> {
  const { method = "GET", body, headers, signal, keepalive } = options;
  let response: Response;
  try {
    response = await fetch(path, {
      method,
      headers: {
        accept: "application/json",
        ...(body !== undefined && { "content-type": "application/json" }),
        ...headers,
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
      ...(signal && { signal }),
      ...(keepalive && { keepalive }),
    });
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new ApiError(null, 0, null);
  }
  if (!response.ok) {
    const seconds = Number(response.headers.get("retry-after") ?? Number.NaN);
    throw new ApiError(await readProblem(response), response.status, Number.isFinite(seconds) ? seconds : null);
  }
  if (response.status === 204) return undefined as Reply;
  return (await response.json()) as Reply;
}
