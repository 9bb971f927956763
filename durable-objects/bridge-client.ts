// The edge's client of the bridge: everything it can be asked, each with a deadline. What is expected to go wrong is a
// value; nothing here waits for a worker.
import { z } from "zod";
import { digestOf } from "../protocol/digest.ts";
import type { Problem } from "../protocol/problems.ts";
import {
  type Workflow,
  type WorkflowFilter,
  type WorkflowListReply,
  type WorkflowStart,
  type WorkflowTimelineReply,
  workflowListReplySchema,
  workflowSchema,
  workflowTimelineReplySchema,
} from "../protocol/workflows.ts";
import { CONTAINER } from "./container-vars.ts";

export type BridgeAnswer<T> =
  | { ok: true; value: T }
  /** `unreachable`: the bridge, or Temporal behind it; it may pass. `refused`: it will not. */
  | { ok: false; why: "unreachable" | "unknown" | "refused"; detail: string };

export interface Bridge {
  /** Starts a run's workflow, or finds it started. `trace` is the span that asks. */
  start(start: WorkflowStart, trace?: string): Promise<BridgeAnswer<Workflow>>;
  describe(run: string): Promise<BridgeAnswer<Workflow>>;
  list(filter: WorkflowFilter): Promise<BridgeAnswer<WorkflowListReply>>;
  timeline(run: string): Promise<BridgeAnswer<WorkflowTimelineReply>>;
  cancel(run: string): Promise<BridgeAnswer<Workflow>>;
  /** Whether it reaches Temporal. */
  health(): Promise<BridgeAnswer<null>>;
}

export interface BridgeOptions {
  url: string;
  token: string;
  fetch?: typeof fetch;
}

/** The bridge has deadlines of its own, which are shorter: what it says is better than silence. */
const DEADLINE_MS = 6_000;

export function createBridge({ url, token, fetch: send = fetch }: BridgeOptions): Bridge {
  const base = url.replace(/\/+$/, "");

  async function ask<T>(
    schema: z.ZodType<T>,
    path: string,
    init: RequestInit = {},
    trace?: string,
  ): Promise<BridgeAnswer<T>> {
    const headers = {
      authorization: `Bearer ${token}`,
      "content-type": "application/json",
      ...(trace && { traceparent: trace }),
    };
    let response: Response;
    let body: unknown;
    try {
      response = await send(`${base}${path}`, { ...init, headers, signal: AbortSignal.timeout(DEADLINE_MS) });
      body = await response.json();
    } catch (error) {
      return { ok: false, why: "unreachable", detail: `The bridge does not answer (${reason(error)}).` };
    }
    if (response.ok) {
      const parsed = schema.safeParse(body);
      if (parsed.success) return { ok: true, value: parsed.data };
      return {
        ok: false,
        why: "unreachable",
        detail: "What answers at TEMPORAL_BRIDGE_URL is not this version's bridge.",
      };
    }
    const detail = (body as Partial<Problem>).detail ?? `The bridge answered ${response.status}.`;
    const why = response.status === 404 ? "unknown" : response.status >= 500 ? "unreachable" : "refused";
    return { ok: false, why, detail };
  }

  return {
    start: (start, trace) => ask(workflowSchema, "/workflows", { method: "POST", body: JSON.stringify(start) }, trace),
    describe: (run) => ask(workflowSchema, `/workflows/${run}`),
    list: (filter) => ask(workflowListReplySchema, `/workflows?${new URLSearchParams(toQuery(filter))}`),
    timeline: (run) => ask(workflowTimelineReplySchema, `/workflows/${run}/timeline`),
    cancel: (run) => ask(workflowSchema, `/workflows/${run}/cancel`, { method: "POST" }),
    health: () =>
      ask(
        z.unknown().transform(() => null),
        "/health",
      ),
  };
}

function toQuery(filter: WorkflowFilter): [string, string][] {
  return Object.entries(filter).flatMap(([name, value]) => (value === undefined ? [] : [[name, String(value)]]));
}

function reason(error: unknown): string {
  return error instanceof Error && error.name === "TimeoutError" ? "no answer in time" : "no connection";
}

interface BridgeSettings {
  TEMPORAL_BRIDGE_URL?: string;
  TEMPORAL_BRIDGE_TOKEN?: string;
  /** The objects in front of containers. */
  BRIDGE?: { getByName(name: string): { fetch: typeof fetch } };
}

/** The bridge of an environment, by its address or in a container of the deployment's own; null where none is set up. */
export function bridgeOf(environment: object): Bridge | null {
  const { TEMPORAL_BRIDGE_URL, TEMPORAL_BRIDGE_TOKEN, BRIDGE: containers } = environment as BridgeSettings;
  const [url, token] = [TEMPORAL_BRIDGE_URL?.trim(), TEMPORAL_BRIDGE_TOKEN?.trim()];
  if (!token) return null;
  if (url) return createBridge({ url, token });
  if (!containers) return null;
  return createBridge({
    url: "http://bridge",
    token,
    fetch: (input, init) => containers.getByName(CONTAINER).fetch(input, init),
  });
}

/** What stands for a person where workflows are listed: the same for the same person, and nobody's id. */
export async function ownerTag(person: string): Promise<string> {
  return (await digestOf(`owner:${person}`)).slice(0, 32);
}
