// From what Temporal keeps to what is told of it: states, failures, attempts. Pure.
import type { WorkflowExecutionDescription, WorkflowHandle } from "@temporalio/client";
import { providerNameSchema } from "../protocol/records.ts";
import {
  type Checkpoint,
  checkpointSchema,
  type Workflow,
  type WorkflowFailure,
  type WorkflowState,
  type WorkflowStep,
  type WorkflowSummary,
  workflowStepNameSchema,
} from "../protocol/workflows.ts";
import { PROGRESS_SIGNAL } from "./contract.ts";

type Description = WorkflowExecutionDescription["raw"];
type HistoryEvent = NonNullable<Awaited<ReturnType<WorkflowHandle["fetchHistory"]>>["events"]>[number];
type ExecutionInfo = NonNullable<Description["workflowExecutionInfo"]>;
type PendingActivity = NonNullable<Description["pendingActivities"]>[number];
type Failure = NonNullable<PendingActivity["lastFailure"]>;
type Payload = NonNullable<NonNullable<PendingActivity["heartbeatDetails"]>["payloads"]>[number];
type Time = { seconds?: unknown; nanos?: number | null } | null | undefined;

/** By `WorkflowExecutionStatus`. One that continued as new goes on. */
const STATES: Record<number, WorkflowState> = {
  1: "running",
  2: "completed",
  3: "failed",
  4: "cancelled",
  5: "terminated",
  6: "running",
  7: "timed-out",
};

/** The name Temporal's visibility has for a state. */
export const STATUS_NAMES: Record<WorkflowState, string> = {
  running: "Running",
  completed: "Completed",
  failed: "Failed",
  cancelled: "Canceled",
  terminated: "Terminated",
  "timed-out": "TimedOut",
};

export function toMs(time: Time): number | null {
  return time ? Number(time.seconds ?? 0) * 1000 + Math.floor((time.nanos ?? 0) / 1e6) : null;
}

/** A payload's value, where it is JSON. */
export function jsonOf(payload: Payload | null | undefined): unknown {
  if (!payload?.data?.length) return undefined;
  try {
    return JSON.parse(new TextDecoder().decode(payload.data));
  } catch {
    return undefined;
  }
}

export function failureOf(failure: Failure | null | undefined): WorkflowFailure | null {
  if (!failure) return null;
  if (failure.activityFailureInfo || failure.childWorkflowExecutionFailureInfo) {
    return failureOf(failure.cause) ?? { code: "internal", message: failure.message ?? "" };
  }
  if (failure.timeoutFailureInfo) {
    return { code: "worker_lost", message: "Its worker was not heard of again." };
  }
  const code = failure.applicationFailureInfo?.type || (failure.canceledFailureInfo ? "cancelled" : "internal");
  return { code, message: failure.message ?? "" };
}

export function summaryOf(
  info: ExecutionInfo,
  uiOf: (workflowId: string, runId: string) => string | null,
): WorkflowSummary {
  const { workflowId, runId } = info.execution ?? {};
  const id = workflowId ?? "";
  const memo = (name: string) => jsonOf(info.memo?.fields?.[name]);
  return {
    id,
    chatId: String(memo("chatId") ?? id.split(".")[0]),
    state: STATES[info.status ?? 0] ?? "failed",
    provider: providerNameSchema.catch("compatible").parse(memo("provider")),
    model: String(memo("model") ?? ""),
    startedAt: toMs(info.startTime) ?? 0,
    closedAt: toMs(info.closeTime),
    uiUrl: uiOf(id, runId ?? ""),
  };
}

/** A workflow as it stands; `failure` is why it ended, where it failed. */
export function workflowOf(
  summary: WorkflowSummary,
  info: ExecutionInfo,
  [pending]: PendingActivity[],
  failure: WorkflowFailure | null,
): Workflow {
  const step = workflowStepNameSchema.safeParse(pending?.activityType?.name);
  const heartbeat = checkpointSchema.safeParse(jsonOf(pending?.heartbeatDetails?.payloads?.[0]));
  const next = toMs(pending?.nextAttemptScheduleTime);
  return {
    ...summary,
    step: step.success ? step.data : null,
    attempt: pending?.attempt || 1,
    maximumAttempts: pending?.maximumAttempts ?? 0,
    lastFailure: failure ?? failureOf(pending?.lastFailure),
    nextAttemptAt: next || null,
    heartbeat: heartbeat.success ? heartbeat.data : null,
    history: { events: Number(info.historyLength ?? 0), bytes: Number(info.historySizeBytes ?? 0) },
  };
}

/** The steps of a history in their order, each with its attempts, and what its workflow was told on the way. */
export function timelineOf(events: HistoryEvent[], pending: PendingActivity[]) {
  const steps = new Map<number, WorkflowStep & { activityId: string }>();
  const checkpoints: Checkpoint[] = [];
  let failure: WorkflowFailure | null = null;
  for (const event of events) {
    const time = toMs(event.eventTime) ?? 0;
    const scheduled = event.activityTaskScheduledEventAttributes;
    const name = workflowStepNameSchema.safeParse(scheduled?.activityType?.name);
    if (scheduled && name.success) {
      const summary = jsonOf(event.userMetadata?.summary);
      steps.set(Number(event.eventId), {
        activityId: scheduled.activityId ?? "",
        name: name.data,
        summary: typeof summary === "string" ? summary : null,
        state: "waiting",
        scheduledAt: time,
        startedAt: null,
        endedAt: null,
        maximumAttempts: scheduled.retryPolicy?.maximumAttempts ?? 0,
        attempts: [],
      });
    }
    const signal = event.workflowExecutionSignaledEventAttributes;
    if (signal?.signalName === PROGRESS_SIGNAL) {
      const batch = checkpointSchema.array().safeParse(jsonOf(signal.input?.payloads?.[0]));
      if (batch.success) checkpoints.push(...batch.data);
    }
    failure ??= failureOf(event.workflowExecutionFailedEventAttributes?.failure);
    applyToStep(steps, event, time);
  }
  for (const activity of pending) {
    const step = [...steps.values()].find(({ activityId }) => activityId === activity.activityId);
    if (!step) continue;
    const startedAt = toMs(activity.lastStartedTime);
    const attempt = activity.attempt || 1;
    // It is waiting between two attempts when there is a time for the next one.
    const running = startedAt !== null && !toMs(activity.nextAttemptScheduleTime) && activity.state !== 1;
    step.state = running ? "running" : "waiting";
    step.startedAt ??= startedAt;
    fillAttempts(step, attempt, running ? startedAt : null, failureOf(activity.lastFailure));
  }
  for (const step of steps.values()) attemptsFrom(step, checkpoints);
  return { failure, checkpoints, steps: [...steps.values()].map(({ activityId: _, ...step }) => step) };
}

function applyToStep(steps: Map<number, WorkflowStep>, event: HistoryEvent, time: number): void {
  const started = event.activityTaskStartedEventAttributes;
  if (started) {
    const step = steps.get(Number(started.scheduledEventId));
    if (!step) return;
    step.state = "running";
    step.startedAt = time;
    fillAttempts(step, started.attempt || 1, time, failureOf(started.lastFailure));
  }
  const { activityTaskCompletedEventAttributes: completed, activityTaskFailedEventAttributes: failed } = event;
  const { activityTaskTimedOutEventAttributes: timedOut, activityTaskCanceledEventAttributes: cancelled } = event;
  const closed = completed ?? failed ?? timedOut ?? cancelled;
  const step = closed && steps.get(Number(closed.scheduledEventId));
  if (!step) return;
  step.state = completed ? "completed" : cancelled ? "cancelled" : "failed";
  step.endedAt = time;
  const last = step.attempts.at(-1);
  if (!last) return;
  last.endedAt = time;
  last.failure = failureOf(failed?.failure ?? timedOut?.failure);
}

/** A history holds the last attempt only; those before it are known to have been, and why the last of them failed. */
function fillAttempts(
  step: WorkflowStep,
  attempt: number,
  startedAt: number | null,
  before: WorkflowFailure | null,
): void {
  step.attempts = Array.from({ length: attempt }, (_, index) => {
    const number = index + 1;
    const known = number === attempt ? { startedAt, failure: null } : { startedAt: null, failure: null };
    return { attempt: number, endedAt: null, ...known, ...(number === attempt - 1 && { failure: before }) };
  });
}

/** What the attempts before the last one told of themselves. One that told of no end was lost with its worker. */
function attemptsFrom(step: WorkflowStep, checkpoints: Checkpoint[]): void {
  if (step.name !== "generateAnswer") return;
  const until = step.endedAt ?? Number.POSITIVE_INFINITY;
  for (const attempt of step.attempts.slice(0, -1)) {
    const own = checkpoints.filter(
      ({ attempt: number, time }) => number === attempt.attempt && time >= step.scheduledAt - 1_000 && time <= until,
    );
    const [first, last] = [own[0], own.at(-1)];
    attempt.startedAt ??= first?.time ?? null;
    attempt.endedAt ??= last?.time ?? null;
    attempt.failure ??= last?.failure ?? { code: "worker_lost", message: "Its worker was not heard of again." };
  }
}
