// The workflow's steps, as a worker carries them out. Each gives a sign of life all the time, so that Temporal sees within
// two seconds that a worker is gone; none gives up because the edge can't be reached.
import { ApplicationFailure, Context } from "@temporalio/activity";
import type { Clock, Log } from "../producers/producer.ts";
import type { RunErrorCode, RunStatus } from "../protocol/records.ts";
import { nextSpan, traceFields } from "../protocol/trace.ts";
import type { Checkpoint, WorkflowStepName } from "../protocol/workflows.ts";
import { pause } from "../providers/pause.ts";
import type { Providers } from "../providers/registry.ts";
import { type Activities, FENCED, HEARTBEAT_MS, MAXIMUM_ATTEMPTS, type Made, PROGRESS_SIGNAL } from "./contract.ts";
import { type Edge, EdgeError } from "./edge.ts";
import { Generation, howItEnds, type Outcome } from "./generate.ts";
import { persist } from "./persist.ts";

export interface ActivitiesOptions {
  /** The edge, as it is called within that span. */
  edge(span: string | null): Edge;
  providers: Pick<Providers, "get" | "costOf" | "standings">;
  clock: Clock;
  random(): number;
  log: Log;
}

/** The workflow is told of an attempt's progress this often, ms: enough to see it move, and little history. */
const PROGRESS_MS = 5_000;

export function createActivities(options: ActivitiesOptions): Activities {
  const { providers, clock, random, log } = options;
  const sleep = (ms: number) => pause(clock, ms);
  /** Asks until the edge answers, or Temporal has no use for the answer any more. */
  const ask = <T>(question: () => Promise<T>): Promise<T> =>
    persist(question, Context.current().cancellationSignal, sleep, random);

  return {
    validatePrompt: ({ run, trace }) =>
      step("validatePrompt", run, trace, null, async (edge) => {
        const { asked, started, ended } = await ask(() => edge.look(run));
        if (ended) return ended.status;
        if (asked === 0) throw final("provider_bad_request", "There is nothing to answer: the prompt is empty.");
        const standing = providers.standings.find(({ provider }) => provider === started.provider);
        if (standing?.available) return null;
        const what = `The workers of this deployment have no ${started.provider} provider.`;
        throw final("provider_auth", `${what} ${standing?.reason ?? ""}`.trim());
      }),

    generateAnswer({ run, trace }): Promise<Made> {
      const { info } = Context.current();
      const { cancelled, letGo } = endings();
      const progress = progressOf();
      const details = () => generation?.checkpoint();
      let generation: Generation | undefined;
      return step("generateAnswer", run, trace, details, async (edge, span) => {
        generation = new Generation(
          {
            run,
            trace: span,
            attempt: info.attempt,
            maximumAttempts: info.retryPolicy?.maximumAttempts ?? MAXIMUM_ATTEMPTS,
            nonce: `${info.workflowExecution?.runId}/${info.activityId}/${info.attempt}/${random().toString(36).slice(2)}`,
            cancelled,
            letGo,
            onCheckpoint: progress.add,
          },
          { edge, providers, clock, random, log, persist: ask },
        );
        try {
          return await resultOf(await generation.run());
        } finally {
          await progress.close();
        }
      });
    },

    finalizeAnswer: ({ run, trace, end }) =>
      step("finalizeAnswer", run, trace, null, async (edge): Promise<RunStatus> => {
        const reply = await ask(() => edge.end(run, end));
        const status = reply.kind === "ended" ? reply.status : (reply.ended ?? (await howItEnds(run, edge, clock)));
        if (status) return status;
        throw ApplicationFailure.nonRetryable("Another producer has taken the run over.", FENCED);
      }),

    notifyChat: ({ run, trace, ...notice }) =>
      step("notifyChat", run, trace, null, (edge) =>
        ask(() =>
          edge.notify(run, notice).catch((error) => {
            // A chat that was deleted need not be told.
            if (!(error instanceof EdgeError) || !error.final) throw error;
          }),
        ),
      ),
  };

  /** Carries out one attempt at a step, as a span of the run's trace, and logs how it went. */
  async function step<T>(
    name: WorkflowStepName,
    run: string,
    trace: string | undefined,
    details: (() => unknown) | null,
    body: (edge: Edge, span: string | null) => Promise<T>,
  ): Promise<T> {
    const span = trace === undefined ? null : nextSpan(trace, random);
    const { attempt } = Context.current().info;
    const began = clock.now();
    const tell = (how: string) =>
      log(how, { run, step: name, attempt, ms: clock.now() - began, ...traceFields(span, trace) }, "info");
    try {
      const result = await alive(details, () => body(options.edge(span), span));
      tell("step done");
      return result;
    } catch (error) {
      tell("step failed");
      throw error;
    }
  }

  /** Told of each change of phase, and now and then in between; hands on what it was told in batches. */
  function progressOf() {
    const { client, info } = Context.current();
    const { workflowId = "", runId } = info.workflowExecution ?? {};
    const handle = client.workflow.getHandle(workflowId, runId);
    let waiting: Checkpoint[] = [];
    let sending: Promise<void> = Promise.resolve();
    const send = () => {
      if (waiting.length === 0) return;
      const batch = waiting;
      waiting = [];
      const signalled = () => handle.signal<[Checkpoint[]]>(PROGRESS_SIGNAL, batch);
      // That the workflow does not hear of it changes nothing for the answer.
      sending = sending.then(() => client.connection.withDeadline(Date.now() + PROGRESS_MS, signalled)).catch(() => {});
    };
    const timer = setInterval(send, PROGRESS_MS);
    return {
      add(checkpoint: Checkpoint) {
        waiting.push(checkpoint);
        if (waiting.length === 1 && checkpoint.phase === "generating") send();
      },
      async close() {
        clearInterval(timer);
        send();
        await sending;
      },
    };
  }
}

/** Carries out a step under signs of life, with `details` for whoever looks at it. */
async function alive<T>(details: (() => unknown) | null, body: () => Promise<T>): Promise<T> {
  const context = Context.current();
  const beat = setInterval(() => context.heartbeat(details?.()), HEARTBEAT_MS);
  try {
    return await body();
  } catch (error) {
    if (error instanceof ApplicationFailure) throw error;
    if (error instanceof EdgeError) throw final("internal", error.message);
    // An abort is told in the platform's own words.
    if (context.cancellationSignal.aborted) return await context.cancelled;
    throw error;
  } finally {
    clearInterval(beat);
  }
}

/** Two ways to be told to stop: for good, or because another attempt will go on. */
function endings() {
  const context = Context.current();
  const [cancelled, letGo] = [new AbortController(), new AbortController()];
  const onAbort = () => {
    const stopped = context.cancellationDetails?.cancelRequested === true;
    (stopped ? cancelled : letGo).abort(context.cancellationSignal.reason);
  };
  context.cancellationSignal.addEventListener("abort", onAbort, { once: true });
  if (context.cancellationSignal.aborted) onAbort();
  return { cancelled: cancelled.signal, letGo: letGo.signal };
}

/** What Temporal is told of an attempt: a result, or a failure that says whether and when another one may follow. */
async function resultOf(outcome: Outcome): Promise<Made> {
  switch (outcome.kind) {
    case "made":
    case "ended":
      return outcome;
    case "cancelled":
      return await Context.current().cancelled;
    case "failed":
      throw final(outcome.error.code, outcome.error.message, outcome.error.retryAfter);
    case "again": {
      const { code: type, message } = outcome.failure;
      const { delayMs } = outcome;
      throw ApplicationFailure.create({ type, message, ...(delayMs !== null && { nextRetryDelay: delayMs }) });
    }
  }
}

function final(code: RunErrorCode, message: string, retryAfter: number | null = null): ApplicationFailure {
  return ApplicationFailure.nonRetryable(message, code, { code, message, retryAfter });
}
