// One attempt at an answer: takes office in the run, lets the producer bring what the ladder decides from the log, and
// says what came of it. Knows nothing of Temporal: that is the activity's.
import type { Clock, Log, Retries } from "../producers/producer.ts";
import { produce } from "../producers/producer.ts";
import type { TermReply } from "../protocol/producers.ts";
import type { RunError, RunStatus } from "../protocol/records.ts";
import type { Checkpoint, WorkflowFailure } from "../protocol/workflows.ts";
import { pause } from "../providers/pause.ts";
import type { Provider, ProviderError } from "../providers/provider.ts";
import type { Providers } from "../providers/registry.ts";
import { retryDelay } from "../providers/retry.ts";
import { EDGE_UNREACHABLE, FENCED, type Made, WORKER_SHUTDOWN } from "./contract.ts";
import { type Edge, EdgeError } from "./edge.ts";
import { RemoteOffice } from "./remote-office.ts";

export interface Attempt {
  run: string;
  /** The span of this attempt, as a `traceparent`; null where nobody traces it. */
  trace: string | null;
  /** From 1, and how many there may be. */
  attempt: number;
  maximumAttempts: number;
  /** Made up for this attempt. */
  nonce: string;
  /** Aborted when a person stops the answer. */
  cancelled: AbortSignal;
  /** Aborted when this worker has to let go of it: another attempt will go on. */
  letGo: AbortSignal;
  /** Told whenever the phase changes; `now` gives the present one. */
  onCheckpoint(checkpoint: Checkpoint): void;
}

export interface Means {
  edge: Edge;
  providers: Pick<Providers, "get" | "costOf">;
  clock: Clock;
  random(): number;
  log: Log;
  /** Asks until the edge answers. */
  persist<T>(ask: () => Promise<T>): Promise<T>;
}

export type Outcome =
  | Made
  /** The answer was stopped, and has ended so. */
  | { kind: "cancelled" }
  /** It failed for good, and has ended so. */
  | { kind: "failed"; error: RunError }
  /** Another attempt is to go on, no sooner than after `delayMs`. */
  | { kind: "again"; failure: WorkflowFailure; delayMs: number | null };

/** Thrown out of the producer by a request that is to be made again by another attempt. */
class AskAgain extends Error {
  readonly delayMs: number;
  readonly reason: ProviderError;

  constructor(delayMs: number, reason: ProviderError) {
    super(reason.message);
    this.delayMs = delayMs;
    this.reason = reason;
  }
}

/**
 * How long whoever fenced a producer is given to end the run, ms; how long a worker that must go waits for the beginning of
 * an answer it has asked for, and how long it may still deliver.
 */
const FENCED_PATIENCE_MS = 5_000;
const FIRST_PIECE_MS = 1_000;
const PARTING_MS = 1_500;

export class Generation {
  readonly #attempt: Attempt;
  readonly #means: Means;
  #office: RemoteOffice | null = null;
  #clock: Clock;

  constructor(attempt: Attempt, means: Means) {
    this.#attempt = attempt;
    this.#means = means;
    this.#clock = means.clock;
  }

  /** How far this attempt has come. */
  checkpoint(failure: WorkflowFailure | null = null): Checkpoint {
    const office = this.#office;
    return {
      time: this.#clock.now(),
      attempt: this.#attempt.attempt,
      phase: office?.phaseNow ?? "waiting",
      chunks: office?.chunks ?? 0,
      characters: office?.characters ?? 0,
      failure,
    };
  }

  async run(): Promise<Outcome> {
    const { run, nonce } = this.#attempt;
    const term = await this.#means.persist(() => this.#takeTerm(run, nonce));
    if (term === null) return again(FENCED, "Another producer has the run.", null);
    if (term.kind === "ended") return { kind: "ended", status: term.status };
    const outcome = await this.#hold(term);
    this.#attempt.onCheckpoint(this.checkpoint(outcome.kind === "again" ? outcome.failure : null));
    return outcome;
  }

  /** Null when another producer was given a later one at the same moment. */
  #takeTerm(run: string, nonce: string): Promise<TermReply | null> {
    return this.#means.edge.takeTerm(run, nonce).catch((error) => {
      if (error instanceof EdgeError && error.status === 409) return null;
      throw error;
    });
  }

  async #hold(term: Extract<TermReply, { kind: "term" }>): Promise<Outcome> {
    const { attempt, cancelled, letGo, trace } = this.#attempt;
    const { edge, providers, random, log } = this.#means;
    const { started, turns, recovery: policy, text, before, recoveries, predecessors, resigned } = term;
    const { run, model } = started;
    const provider = providers.get(started.provider);
    // All times are by the edge's clock: only differences are this machine's.
    const ahead = term.now - this.#means.clock.now();
    const clock = { now: () => this.#means.clock.now() + ahead, after: this.#means.clock.after };
    this.#clock = clock;
    const stop = new AbortController();
    const { epoch, bookmark } = term;
    const office = new RemoteOffice({
      run,
      epoch,
      started,
      bookmark,
      firstTokenMs: before?.firstTokenMs ?? null,
      length: text.length,
      edge,
      clock,
      random,
      onPhase: () => this.#attempt.onCheckpoint(this.checkpoint()),
      onLost: (loss) => stop.abort(new Error(loss.kind)),
    });
    this.#office = office;
    const leave = () => {
      office.leave();
      stop.abort(new Error("let go"));
    };
    // An answer that has begun out of sight is made for nothing, unless its bookmark comes in time.
    const onLetGo = () => (office.awaiting ? void office.firstPiece(FIRST_PIECE_MS).then(leave) : leave());
    letGo.addEventListener("abort", onLetGo);
    if (letGo.aborted) onLetGo();
    const params = { system: started.params.system, temperature: started.params.temperature };
    const job = {
      run: attempt,
      ask: { model, ...params, maxOutputTokens: started.params.maxOutputTokens, turns, ...(trace && { trace }) },
      policy,
      provider,
      signal: AbortSignal.any([cancelled, stop.signal]),
      inherited: predecessors === 0 ? null : { predecessors, resigned, text, before, recoveries },
    };
    const cost: Parameters<typeof produce>[1]["cost"] = (_, bill) => providers.costOf(provider.name, model, bill);
    try {
      await produce(job, { office, clock, random, cost, log, retries: this.#retries() });
    } catch (error) {
      if (!(error instanceof AskAgain)) throw error;
      await office.resign();
      if (!office.lost) return again(error.reason.code, unquoted(error.message), error.delayMs);
    } finally {
      letGo.removeEventListener("abort", onLetGo);
    }
    return this.#conclude(office, provider);
  }

  /** Waiting is Temporal's: an ask that has shown nothing is made again by another attempt, which everybody can see. */
  #retries(): Retries {
    const { attempt, maximumAttempts } = this.#attempt;
    const { random } = this.#means;
    return {
      delay: (error) => (attempt >= maximumAttempts ? null : retryDelay(error, attempt, random)),
      wait: async (ms, error) => {
        throw new AskAgain(ms, error);
      },
    };
  }

  async #conclude(office: RemoteOffice, provider: Provider): Promise<Outcome> {
    const { ending, ended, lost } = office;
    if (ending) return { kind: "made", end: ending, characters: office.characters, chunks: office.chunks };
    if (ended?.status === "cancelled") return { kind: "cancelled" };
    if (ended?.error) return { kind: "failed", error: { ...ended.error, message: unquoted(ended.error.message) } };
    switch (lost?.kind) {
      case "fenced":
        return this.#fenced(lost.ended, office, provider);
      case "refused":
        this.#means.log("the edge refused", { run: this.#attempt.run, detail: lost.detail });
        return { kind: "failed", error: { code: "internal", message: lost.detail, retryAfter: null } };
      case "overflow":
        // Whatever comes of it, the next attempt begins with what the log has then.
        await this.#part(office, provider);
        return again(EDGE_UNREACHABLE, "The edge could not be reached for too long.", null);
      default:
        await this.#part(office, provider);
        return again(WORKER_SHUTDOWN, "Its worker was stopped.", null);
    }
  }

  /** Delivers what it can in the moment that is left. */
  async #part(office: RemoteOffice, provider: Provider): Promise<void> {
    await Promise.race([office.resign(), pause(this.#clock, PARTING_MS)]);
    office.abandon();
    await this.#disown(office, provider);
  }

  /** Stops an answer of which the log knows nothing: nobody could take it up, and it would be paid to its end. */
  async #disown(office: RemoteOffice, provider: Provider): Promise<void> {
    const orphan = await office.orphan();
    if (orphan) await provider.cancel(orphan).catch(() => {});
  }

  /** Somebody else has the run: another attempt, or the chat, which is about to end it. */
  async #fenced(known: RunStatus | null, office: RemoteOffice, provider: Provider): Promise<Outcome> {
    await this.#disown(office, provider);
    const status = known ?? (await howItEnds(this.#attempt.run, this.#means.edge, this.#means.clock));
    // Whoever stopped it has told the provider; twice does no harm, and not at all would be paid for.
    if (status === "cancelled" && office.bookmark) await provider.cancel(office.bookmark).catch(() => {});
    if (status) return { kind: "ended", status };
    return again(FENCED, "Another producer has the run.", null);
  }
}

/** How the run ends, when whoever took it over does that in a moment; null when not. */
export async function howItEnds(run: string, edge: Pick<Edge, "look">, clock: Clock): Promise<RunStatus | null> {
  for (const until = clock.now() + FENCED_PATIENCE_MS; clock.now() < until; ) {
    await pause(clock, 200);
    const look = await edge.look(run).catch(() => null);
    if (look?.ended) return look.ended.status;
  }
  return null;
}

function again(code: string, message: string, delayMs: number | null): Outcome {
  return { kind: "again", failure: { code, message }, delayMs };
}

/** Without what a provider was quoted with: nobody knows what it says there, and it would stay in Temporal's history. */
function unquoted(message: string): string {
  return message.replace(/ It said: “[\s\S]*/, "");
}
