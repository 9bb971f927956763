// What journeys ask of the stack's Temporal server itself, past the bridge: whether it takes work, and what it keeps.
import { Connection, Client as TemporalClient } from "@temporalio/client";
import type { Client } from "./client.ts";
import { eventually, type Stack } from "./stack.ts";

/** Resolves when an answer has gone all the way through a workflow: the stack is ready before its worker is. */
export async function temporalReady(client: Client): Promise<void> {
  const { id } = await client.ask({ prompt: "Are you there?", tier: "temporal", model: "scripted-tokens-3-rate-0" });
  await eventually("the first workflow ends", async () => (await client.status(id)).state === "completed", 110_000);
}

export interface Attempt {
  activity: string;
  attempt: number;
  /** Who made it. */
  worker: string;
  lastFailure: string | null;
}

/** Every attempt that a run's history names, in order. Only a step's last attempt is in a history, with why the one before failed. */
export async function attemptsOf(stack: Stack, run: string): Promise<Attempt[]> {
  return withTemporal(stack, async (temporal) => {
    const { events } = await temporal.workflow.getHandle(run).fetchHistory();
    const names = new Map<string, string>();
    return (events ?? []).flatMap((event): Attempt[] => {
      const scheduled = event.activityTaskScheduledEventAttributes;
      if (scheduled) names.set(String(event.eventId), scheduled.activityType?.name ?? "");
      const started = event.activityTaskStartedEventAttributes;
      if (!started) return [];
      const activity = names.get(String(started.scheduledEventId)) ?? "";
      const { attempt, identity, lastFailure } = started;
      return [{ activity, attempt: attempt ?? 0, worker: identity ?? "", lastFailure: lastFailure?.message ?? null }];
    });
  });
}

/** All that Temporal keeps of all workflows, what is encoded in it decoded: histories, memos, attributes, heartbeats. */
export async function payloadsOf(stack: Stack): Promise<string[]> {
  return withTemporal(stack, async (temporal) => {
    const kept: string[] = [];
    for await (const { workflowId, runId } of temporal.workflow.list()) {
      const handle = temporal.workflow.getHandle(workflowId, runId);
      kept.push(textOf((await handle.fetchHistory()).events), textOf((await handle.describe()).raw));
    }
    return kept;
  });
}

function textOf(value: unknown): string {
  if (value instanceof Uint8Array) return Buffer.from(value).toString("utf8");
  if (typeof value !== "object" || value === null) return String(value);
  return Object.entries(value)
    .map(([name, each]) => `${name}: ${textOf(each)}`)
    .join("\n");
}

/** Where the stack's Temporal server listens. */
export function temporalAddress(stack: Stack): string {
  const [, port] = / --port (\d+) /.exec(stack.processes("temporal")[0]?.command ?? "") ?? [];
  return `127.0.0.1:${port}`;
}

async function withTemporal<T>(stack: Stack, body: (temporal: TemporalClient) => Promise<T>): Promise<T> {
  const connection = await Connection.connect({ address: temporalAddress(stack) });
  try {
    return await body(new TemporalClient({ connection }));
  } finally {
    await connection.close();
  }
}
