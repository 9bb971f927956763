// The API's calls about the deployment as a whole: what it did, how it is, and its workflows.
import type { HealthReply, StatsReply, StatsWindow } from "../../protocol/requests.ts";
import type { WorkflowListReply, WorkflowStatusReply, WorkflowTimelineReply } from "../../protocol/workflows.ts";
import { ApiError, call } from "./client.ts";

export const readStats = (window: StatsWindow, signal: AbortSignal) =>
  call<StatsReply>(`/api/stats?window=${window}`, { signal });

/** A deployment that is down says so with a reply like any other. */
export async function readHealth(signal: AbortSignal): Promise<HealthReply> {
  const response = await fetch("/health", { signal }).catch((error) => {
    if (signal.aborted) throw error;
    throw new ApiError(null, 0, null);
  });
  const body = (await response.json().catch(() => null)) as HealthReply | null;
  if (!body?.parts) throw new ApiError(null, response.status, null);
  return body;
}

const workflowPath = (id: string) => `/api/workflows/${encodeURIComponent(id)}`;

export const listWorkflows = (state: string | null, cursor: string | null, signal: AbortSignal) => {
  const query = new URLSearchParams({ ...(state && { state }), ...(cursor && { cursor }) });
  return call<WorkflowListReply>(`/api/workflows/list?${query}`, { signal });
};

export const readWorkflow = (id: string, signal: AbortSignal) =>
  call<WorkflowStatusReply>(`${workflowPath(id)}/status`, { signal });

export const readTimeline = (id: string, signal: AbortSignal) =>
  call<WorkflowTimelineReply>(`${workflowPath(id)}/timeline`, { signal });

export const cancelWorkflow = (id: string) => call<unknown>(`${workflowPath(id)}/cancel`, { method: "POST" });
