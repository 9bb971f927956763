// A workflow's course, made ready to be drawn and told. Pure: now is passed in.
import type {
  WorkflowFailure,
  WorkflowStep,
  WorkflowStepName,
  WorkflowTimelineReply,
} from "../../protocol/workflows.ts";

export const STEPS: readonly WorkflowStepName[] = ["validatePrompt", "generateAnswer", "finalizeAnswer", "notifyChat"];

/** What a stretch of the course was: work that counted, work that was lost, the wait after it, work going on. */
export type StretchKind = "done" | "lost" | "waiting" | "running" | "cancelled" | "failed";

export interface Stretch {
  step: WorkflowStepName;
  kind: StretchKind;
  attempt: number;
  /** Unix ms. */
  from: number;
  to: number;
  /** Why it ended badly. */
  failure: WorkflowFailure | null;
}

export interface Course {
  from: number;
  to: number;
  stretches: readonly Stretch[];
}

function stretchesOf(step: WorkflowStep, now: number): Stretch[] {
  const stretches: Stretch[] = [];
  const last = step.attempts.at(-1);
  let freeAt = step.scheduledAt;
  for (const one of step.attempts) {
    const { attempt, startedAt, failure } = one;
    if (startedAt === null) continue;
    // The wait before an attempt belongs to the one that was lost before it.
    if (attempt > 1 && startedAt > freeAt) {
      stretches.push({ step: step.name, kind: "waiting", attempt, from: freeAt, to: startedAt, failure: null });
    }
    const to = one.endedAt ?? (one === last && step.endedAt === null ? now : (step.endedAt ?? now));
    const kind = kindOf(step, one === last, failure !== null);
    stretches.push({ step: step.name, kind, attempt, from: startedAt, to, failure });
    freeAt = to;
  }
  // Between two attempts the next one is only known to come.
  if (step.state === "waiting" && last?.endedAt != null) {
    stretches.push({
      step: step.name,
      kind: "waiting",
      attempt: last.attempt + 1,
      from: freeAt,
      to: now,
      failure: null,
    });
  }
  return stretches;
}

function kindOf({ state }: WorkflowStep, last: boolean, failed: boolean): StretchKind {
  if (!last || (failed && state !== "failed")) return "lost";
  if (state === "running" || state === "waiting") return "running";
  return state === "completed" ? "done" : state;
}

export function courseOf({ startedAt, closedAt, steps }: WorkflowTimelineReply, now: number): Course {
  const end = closedAt ?? now;
  return {
    from: startedAt,
    to: Math.max(end, startedAt + 1),
    stretches: steps.flatMap((step) => stretchesOf(step, end)),
  };
}

/** Attempts of the step that took the most of them. */
export const attemptsOf = ({ steps }: WorkflowTimelineReply): number =>
  Math.max(1, ...steps.flatMap(({ attempts }) => attempts.map(({ attempt }) => attempt)));

export interface CourseEvent {
  time: number;
  step: WorkflowStepName;
  attempt: number;
  kind: "started" | "lost" | "checkpoint" | "done" | "failed" | "cancelled";
  chunks?: number;
  characters?: number;
  failure?: WorkflowFailure;
}

/** What happened, in order. */
export function eventsOf({ steps, checkpoints }: WorkflowTimelineReply): CourseEvent[] {
  const events: CourseEvent[] = [];
  for (const step of steps) {
    for (const one of step.attempts) {
      const { attempt, startedAt, endedAt, failure } = one;
      if (startedAt !== null) events.push({ time: startedAt, step: step.name, attempt, kind: "started" });
      const last = one === step.attempts.at(-1);
      const at = endedAt ?? (last ? step.endedAt : null);
      if (at === null) continue;
      const kind = kindOf(step, last, failure !== null);
      if (kind === "running" || kind === "waiting") continue;
      events.push({ time: at, step: step.name, attempt, kind, ...(failure && { failure }) });
    }
  }
  for (const { time, attempt, chunks, characters } of checkpoints) {
    events.push({ time, step: "generateAnswer", attempt, kind: "checkpoint", chunks, characters });
  }
  return events.sort((a, b) => a.time - b.time);
}
