// The workflows as the views follow them: faster while one is going on, and not at all once it is over.
import { type Accessor, createEffect, createSignal, on } from "solid-js";
import type {
  WorkflowListReply,
  WorkflowState,
  WorkflowStatusReply,
  WorkflowTimelineReply,
} from "../../protocol/workflows.ts";
import { cancelWorkflow, listWorkflows, readTimeline, readWorkflow } from "../api/deployment.ts";
import { makeRemote, type Remote } from "./remote.ts";
import { toast } from "./toasts.ts";

const WHILE_RUNNING = 1_000;
const OTHERWISE = 4_000;

export function followWorkflows(state: Accessor<WorkflowState | null>) {
  /** As many pages as the reader wanted to see. */
  const [pages, setPages] = createSignal(1);
  const list = makeRemote(
    async (signal): Promise<WorkflowListReply> => {
      let reply = await listWorkflows(state(), null, signal);
      for (let page = 1; page < pages() && reply.cursor !== null; page++) {
        const next = await listWorkflows(state(), reply.cursor, signal);
        reply = { workflows: [...reply.workflows, ...next.workflows], cursor: next.cursor };
      }
      return reply;
    },
    {
      every: (now) => (now?.workflows.some((one) => one.state === "running") ? 2 * WHILE_RUNNING : OTHERWISE),
    },
  );
  createEffect(on([state, pages], () => void list.refresh(), { defer: true }));
  return { ...list, more: () => setPages((now) => now + 1) };
}

/** Temporal's history lags a moment behind an answer's end: its last reading comes after it. */
const whileOpen = <Reply extends object>(over: (reply: Reply) => boolean) => ({
  every: (reply: Reply | undefined) => (reply && over(reply) ? null : WHILE_RUNNING),
});

export const followTimeline = (id: string): Remote<WorkflowTimelineReply> =>
  makeRemote(
    (signal) => readTimeline(id, signal),
    whileOpen(({ state }: WorkflowTimelineReply) => state !== "running"),
  );

export const followWorkflow = (id: string): Remote<WorkflowStatusReply> =>
  makeRemote(
    (signal) => readWorkflow(id, signal),
    whileOpen(({ state, workflow }: WorkflowStatusReply) => state !== "running" && workflow?.state !== "running"),
  );

/** Cancels a workflow; `going` says that it was asked for. */
export function makeCancel(id: string, failed: () => string, done: () => void) {
  const [going, setGoing] = createSignal(false);
  async function cancel() {
    setGoing(true);
    try {
      await cancelWorkflow(id);
      done();
    } catch {
      setGoing(false);
      toast(failed());
    }
  }
  return { going, cancel };
}
