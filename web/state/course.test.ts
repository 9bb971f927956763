import { describe, expect, it } from "vitest";
import type { WorkflowStep, WorkflowTimelineReply } from "../../protocol/workflows.ts";
import { attemptsOf, courseOf, eventsOf } from "./course.ts";

const lost = { code: "worker_lost", message: "The worker was not heard of again" };
const step = (change: Partial<WorkflowStep>): WorkflowStep => ({
  name: "generateAnswer",
  summary: null,
  state: "completed",
  scheduledAt: 100,
  startedAt: 100,
  endedAt: 900,
  maximumAttempts: 20,
  attempts: [{ attempt: 1, startedAt: 100, endedAt: 900, failure: null }],
  ...change,
});
const timeline = (change: Partial<WorkflowTimelineReply>): WorkflowTimelineReply => ({
  id: "run",
  state: "completed",
  startedAt: 0,
  closedAt: 1_000,
  failure: null,
  steps: [],
  checkpoints: [],
  ...change,
});
const kinds = (steps: WorkflowStep[], now = 1_000, closedAt: number | null = null) =>
  courseOf(timeline({ steps, closedAt }), now).stretches.map(({ kind, attempt, from, to }) => [
    kind,
    attempt,
    from,
    to,
  ]);

describe("a workflow's course", () => {
  it("is one stretch for a step that went well", () => {
    expect(kinds([step({})])).toEqual([["done", 1, 100, 900]]);
  });

  it("shows what was lost, the wait after it, and the attempt that counted", () => {
    const attempts = [
      { attempt: 1, startedAt: 100, endedAt: 300, failure: lost },
      { attempt: 2, startedAt: 500, endedAt: 900, failure: null },
    ];
    expect(kinds([step({ attempts })])).toEqual([
      ["lost", 1, 100, 300],
      ["waiting", 2, 300, 500],
      ["done", 2, 500, 900],
    ]);
    expect(attemptsOf(timeline({ steps: [step({ attempts })] }))).toBe(2);
  });

  it("grows while a step is going on, and while its next attempt is waited for", () => {
    const running = [{ attempt: 1, startedAt: 100, endedAt: null, failure: null }];
    expect(kinds([step({ state: "running", endedAt: null, attempts: running })], 700)).toEqual([
      ["running", 1, 100, 700],
    ]);
    const broken = [{ attempt: 1, startedAt: 100, endedAt: 300, failure: lost }];
    expect(kinds([step({ state: "waiting", endedAt: null, attempts: broken })], 700)).toEqual([
      ["lost", 1, 100, 300],
      ["waiting", 2, 300, 700],
    ]);
  });

  it("ends with the workflow, however the step ended", () => {
    const attempts = [{ attempt: 1, startedAt: 100, endedAt: null, failure: null }];
    expect(kinds([step({ state: "cancelled", endedAt: 600, attempts })], 9_000, 1_000)).toEqual([
      ["cancelled", 1, 100, 600],
    ]);
    const failed = [{ attempt: 1, startedAt: 100, endedAt: 200, failure: { code: "provider_auth", message: "no" } }];
    expect(kinds([step({ state: "failed", attempts: failed })])).toEqual([["failed", 1, 100, 200]]);
  });

  it("is told in order", () => {
    const attempts = [
      { attempt: 1, startedAt: 100, endedAt: 300, failure: lost },
      { attempt: 2, startedAt: 500, endedAt: null, failure: null },
    ];
    const checkpoint = { phase: "generating", chunks: 3, characters: 40, failure: null } as const;
    const events = eventsOf(
      timeline({
        steps: [step({ attempts })],
        checkpoints: [
          { ...checkpoint, time: 600, attempt: 2 },
          { ...checkpoint, time: 200, attempt: 1 },
        ],
      }),
    );
    expect(events.map(({ time, kind, attempt }) => [time, kind, attempt])).toEqual([
      [100, "started", 1],
      [200, "checkpoint", 1],
      [300, "lost", 1],
      [500, "started", 2],
      [600, "checkpoint", 2],
      [900, "done", 2],
    ]);
  });
});
