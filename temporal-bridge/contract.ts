// What workflow, activities, worker and bridge agree on. Imported by the workflow, so it holds types and constants only.
// Ids and figures are all that goes into a history: never what a person wrote, nor what a model said.
import type { EndRequest } from "../protocol/producers.ts";
import type { RunError, RunStatus } from "../protocol/records.ts";
import type { Checkpoint } from "../protocol/workflows.ts";

export const WORKFLOW_TYPE = "ChatStreamingWorkflow";
export const PROGRESS_SIGNAL = "progress";

/** Attempts at a step before it is given up; of `generateAnswer`, as long as its text does not grow in between. */
export const MAXIMUM_ATTEMPTS = 3;
/** Of a step whose worker gives no sign of life for so long, Temporal lets another worker try, ms. */
export const HEARTBEAT_TIMEOUT_MS = 2_000;
export const HEARTBEAT_MS = 500;

export interface RunInput {
  run: string;
  /** The span that had the workflow started, as a `traceparent`. */
  trace?: string;
}

/** What brings a workflow to be: its id is the run's. */
export interface WorkflowInput extends RunInput {
  provider: string;
  model: string;
}

/** What a chat is told at the end: why nobody will end its run, or that its workflow was cancelled; else all is well. */
export interface Notice {
  failure: RunError | null;
  cancelled: boolean;
}

/** What came of an answer: it is complete, and its end is still to be written; or it has ended. */
export type Made =
  | { kind: "made"; end: EndRequest; characters: number; chunks: number }
  | { kind: "ended"; status: RunStatus };

export interface Activities {
  /** How the run has ended already, or null when it can be answered. */
  validatePrompt(input: RunInput): Promise<RunStatus | null>;
  generateAnswer(input: RunInput): Promise<Made>;
  finalizeAnswer(input: RunInput & { end: EndRequest }): Promise<RunStatus>;
  notifyChat(input: RunInput & Notice): Promise<void>;
}

export interface WorkflowResult {
  status: RunStatus;
  characters: number;
  chunks: number;
}

export type Progress = Checkpoint[];

/** Reasons for which an attempt is given up and another one may do better, besides a provider's own. */
export const WORKER_SHUTDOWN = "worker_shutdown";
export const EDGE_UNREACHABLE = "edge_unreachable";
export const FENCED = "fenced";
