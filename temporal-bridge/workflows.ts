// The temporal tier's workflow: one run from its ask to its end. It holds no text; the chat's log is the truth of the
// answer, and this is the truth of who is at it. Runs in Temporal's sandbox: nothing here may depend on time or chance.
import {
  ActivityFailure,
  ApplicationFailure,
  CancellationScope,
  CancelledFailure,
  defineSignal,
  proxyActivities,
  setHandler,
  sleep,
  TimeoutFailure,
} from "@temporalio/workflow";
import type { RunError } from "../protocol/records.ts";
import {
  type Activities,
  EDGE_UNREACHABLE,
  FENCED,
  HEARTBEAT_TIMEOUT_MS,
  MAXIMUM_ATTEMPTS,
  type Made,
  PROGRESS_SIGNAL,
  type Progress,
  type RunInput,
  WORKER_SHUTDOWN,
  type WorkflowInput,
  type WorkflowResult,
} from "./contract.ts";

const progressSignal = defineSignal<[Progress]>(PROGRESS_SIGNAL);

/** How often `generateAnswer` is begun anew: because its text has grown, or because it was taken from it at its end. */
const MAXIMUM_ROUNDS = 3;

interface Patience {
  startToCloseTimeout: string;
  maximumAttempts?: number;
}

/** An answer is paid for: its attempts are counted. All else costs nothing, and is tried until it is done. */
const ANSWER: Patience = { startToCloseTimeout: "4 hours", maximumAttempts: MAXIMUM_ATTEMPTS };
const UNTIL_DONE: Patience = { startToCloseTimeout: "10 minutes" };

function step<Name extends keyof Activities>(name: Name, patience: Patience, summary: string) {
  const { startToCloseTimeout, ...limit } = patience;
  const activities = proxyActivities<Activities>({
    startToCloseTimeout,
    heartbeatTimeout: HEARTBEAT_TIMEOUT_MS,
    cancellationType: "WAIT_CANCELLATION_COMPLETED",
    retry: { initialInterval: "200ms", backoffCoefficient: 3, maximumInterval: "10s", ...limit },
    summary,
  });
  return activities[name];
}

export async function ChatStreamingWorkflow(asked: WorkflowInput): Promise<WorkflowResult> {
  const { run, provider, model, trace } = asked;
  const input: RunInput = { run, ...(trace && { trace }) };
  let characters = 0;
  setHandler(progressSignal, (checkpoints) => {
    characters = Math.max(characters, ...checkpoints.map((checkpoint) => checkpoint.characters));
  });
  const validatePrompt = step("validatePrompt", UNTIL_DONE, "Is there something to answer, and somebody to ask?");
  const generateAnswer = step("generateAnswer", ANSWER, `${model} at ${provider}`);
  const finalizeAnswer = step("finalizeAnswer", UNTIL_DONE, "The end of the run, with its receipt");
  const notifyChat = step("notifyChat", UNTIL_DONE, "The chat is told");

  /** Attempts are counted anew when the lost ones had got further. */
  async function generate(): Promise<Made> {
    for (let round = 1; ; round++) {
      const reached = characters;
      try {
        return await generateAnswer(input);
      } catch (error) {
        if (round === MAXIMUM_ROUNDS || characters <= reached || !workerLost(error)) throw error;
      }
    }
  }

  async function answer(): Promise<WorkflowResult> {
    const already = await validatePrompt(input);
    if (already) return { status: already, characters: 0, chunks: 0 };
    for (let round = 1; ; round++) {
      const made = await generate();
      if (made.kind === "ended") return { status: made.status, characters, chunks: 0 };
      try {
        const status = await finalizeAnswer({ ...input, end: made.end });
        return { status, characters: made.characters, chunks: made.chunks };
      } catch (error) {
        // A lost attempt came late, took the run over and let go of it again: what there is, is taken up once more.
        if (round === MAXIMUM_ROUNDS || !failedAs(error, FENCED)) throw error;
      }
    }
  }

  try {
    const result = await answer();
    // Whoever stopped the run cancels its workflow too, and is about to.
    if (result.status === "cancelled") await sleep("30 seconds");
    await notifyChat({ ...input, failure: null, cancelled: false });
    return result;
  } catch (error) {
    // Whatever the step says: one whose worker is gone is not tried again then, and fails as lost.
    const cancelled = CancellationScope.current().consideredCancelled;
    const failure = cancelled ? null : failureOf(error);
    await CancellationScope.nonCancellable(() => notifyChat({ ...input, failure, cancelled })).catch(() => {});
    throw cancelled ? new CancelledFailure("The workflow was cancelled.") : error;
  }
}

function workerLost(error: unknown): boolean {
  if (!(error instanceof ActivityFailure)) return false;
  return error.cause instanceof TimeoutFailure || failedAs(error, WORKER_SHUTDOWN, EDGE_UNREACHABLE, FENCED);
}

function failedAs(error: unknown, ...types: string[]): boolean {
  if (!(error instanceof ActivityFailure)) return false;
  const { cause } = error;
  return cause instanceof ApplicationFailure && types.includes(cause.type ?? "");
}

/** What the chat is told of a run that may not have ended. */
function failureOf(error: unknown): RunError {
  const unavailable = (message: string): RunError => ({ code: "producer_unavailable", message, retryAfter: null });
  const cause = error instanceof ActivityFailure ? error.cause : error;
  if (cause instanceof TimeoutFailure) return unavailable("Its workers were lost, one after the other. Ask again.");
  if (cause instanceof ApplicationFailure && cause.details?.[0]) return cause.details[0] as RunError;
  return unavailable(`The workflow failed${cause instanceof Error ? `: ${cause.message}` : ""}.`);
}
