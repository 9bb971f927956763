// The worker's way to the edge: the producers' door, over HTTP. What the door answers is a value; that it can't be
// reached, or says no, is an error, and the error says whether trying again may help.
import type { z } from "zod";
import {
  type AppendReply,
  type AppendRequest,
  appendReplySchema,
  type EndReply,
  type EndRequest,
  endReplySchema,
  type RunLook,
  runLookSchema,
  type TermReply,
  termReplySchema,
} from "../protocol/producers.ts";
import type { Notice } from "./contract.ts";

export interface Edge {
  look(run: string): Promise<RunLook>;
  takeTerm(run: string, nonce: string): Promise<TermReply>;
  append(run: string, request: AppendRequest): Promise<AppendReply>;
  end(run: string, request: EndRequest): Promise<EndReply>;
  notify(run: string, notice: Notice): Promise<void>;
}

export class EdgeError extends Error {
  /** It will be the same the next time: the token is wrong, or the run is gone. */
  readonly final: boolean;
  readonly status: number | null;

  constructor(message: string, { final = false, status = null }: { final?: boolean; status?: number | null } = {}) {
    super(message);
    this.name = "EdgeError";
    this.final = final;
    this.status = status;
  }
}

export interface EdgeOptions {
  url: string;
  token: string;
  /** The span whose calls these are, as a `traceparent`. */
  trace?: string | null;
  fetch?: typeof fetch;
}

const DEADLINE_MS = 10_000;

export function createEdge({ url, token, trace, fetch: send = fetch }: EdgeOptions): Edge {
  const base = `${url.replace(/\/+$/, "")}/internal/runs/`;
  const headers = {
    authorization: `Bearer ${token}`,
    "content-type": "application/json",
    ...(trace && { traceparent: trace }),
  };

  async function ask(path: string, body: unknown): Promise<{ status: number; body: unknown }> {
    const init = body === undefined ? {} : { method: "POST", body: JSON.stringify(body) };
    try {
      const response = await send(base + path, { ...init, headers, signal: AbortSignal.timeout(DEADLINE_MS) });
      return { status: response.status, body: await response.json() };
    } catch (error) {
      throw new EdgeError(`The edge does not answer: ${error instanceof Error ? error.message : String(error)}`);
    }
  }

  async function call<T>(schema: z.ZodType<T>, path: string, body?: unknown): Promise<T> {
    const reply = await ask(path, body);
    const parsed = schema.safeParse(reply.body);
    if (parsed.success) return parsed.data;
    const { status } = reply;
    const detail = (reply.body as { detail?: unknown } | null)?.detail ?? "something else than this version's edge";
    throw new EdgeError(`The edge answered ${status}: ${detail}`, {
      status,
      final: status >= 400 && status < 500 && status !== 429,
    });
  }

  return {
    look: (run) => call(runLookSchema, run),
    takeTerm: (run, nonce) => call(termReplySchema, `${run}/epoch`, { nonce }),
    append: (run, request) => call(appendReplySchema, `${run}/append`, request),
    end: (run, request) => call(endReplySchema, `${run}/end`, request),
    async notify(run, notice) {
      const { status, body } = await ask(`${run}/notify`, notice);
      if (status === 200) return;
      const { detail } = body as { detail?: unknown };
      throw new EdgeError(`The edge answered ${status}: ${detail}`, { status, final: status >= 400 && status < 500 });
    },
  };
}

/** The wait before the `failures`th next try, ms: doubling up to five seconds, at least half of it, the rest at random. */
export function backoff(failures: number, random: () => number): number {
  return Math.round(Math.min(100 * 2 ** Math.min(failures - 1, 10), 5_000) * (0.5 + random() / 2));
}
