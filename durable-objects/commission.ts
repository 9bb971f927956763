// The temporal tier's producer, as the chat sees it: a commission. It has the run's workflow started and sees to it that
// the run ends; the words come from outside, through the producers' door. Whatever becomes of bridge, worker and
// workflow, a run that nobody else will end is ended here.
import { type Clock, conclude, type Job, produce, type Surroundings } from "../producers/producer.ts";
import type { Phase, ProviderName, RunError } from "../protocol/records.ts";
import type { Workflow } from "../protocol/workflows.ts";
import type { Provider } from "../providers/provider.ts";
import type { Bridge, BridgeAnswer } from "./bridge-client.ts";
import type { News, ProducersDoor } from "./producers-door.ts";
import type { Assignment, TierProducer } from "./tier-producer.ts";

export interface CommissionOptions extends Omit<Surroundings, "office"> {
  bridge: Bridge;
  door: Pick<ProducersDoor, "watch" | "listen" | "lastSign">;
  provider(name: ProviderName): Provider;
  chatId(): string;
  /** Stands for the chat's owner where workflows are listed. */
  owner(): Promise<string>;
  isOpen(run: number): boolean;
  phase(run: number, phase: Phase, attempt: number, detail: string | null): void;
  /** Lets something go on with nobody waiting for it. */
  background(work: Promise<unknown>): void;
}

/** How long it is tried to have a workflow started, ms, and the longest wait in between. */
const START_PATIENCE_MS = 60_000;
const MAX_START_DELAY_MS = 5_000;
/** How often a run is listened to, ms: seldom once there is silence, since whoever breaks it is told of at once. */
const TICK_MS = 1_000;
const MAX_TICK_MS = 30_000;
/** Between which bounds the bridge is asked how the workflow is, ms. */
const MIN_CHECK_MS = 2_000;
const MAX_CHECK_MS = 30_000;
/** A workflow is told to be over a moment before what it last did has come in, ms. */
const GRACE_MS = 2_000;

/** How long a run with nobody heard of is kept open: while Temporal has its workflow, a worker may come back; else not, ms. */
const WORKER_PATIENCE_MS = 24 * 3_600_000;
const BRIDGE_PATIENCE_MS = 3_600_000;

export function commission(options: CommissionOptions): TierProducer {
  return { produce: (assignment) => new Commission(options, assignment).run() };
}

/** A run that nobody will end any more: its workflow was stopped, or it failed. */
type Over = Extract<News, { kind: "failed" | "cancelled" }>;

class Commission {
  readonly #at: CommissionOptions;
  readonly #clock: Clock;
  readonly #assignment: Assignment;
  #news: News | null = null;
  #wake: () => void = () => {};

  constructor(options: CommissionOptions, assignment: Assignment) {
    this.#at = options;
    this.#clock = options.clock;
    this.#assignment = assignment;
  }

  async run(): Promise<void> {
    const { run, signal, fresh } = this.#assignment;
    const unwatch = this.#at.door.watch(run, (news) => {
      if (news.kind !== "heard") this.#news = news;
      this.#wake();
    });
    const onAbort = () => this.#wake();
    signal.addEventListener("abort", onAbort, { once: true });
    try {
      if (fresh) this.#at.phase(run, "validating", 1, null);
      await this.#start();
      while (this.#open) await this.#tend();
    } finally {
      signal.removeEventListener("abort", onAbort);
      unwatch();
    }
  }

  get #open(): boolean {
    return this.#at.isOpen(this.#assignment.run);
  }

  /** Whether there is something that must be done before anything else. */
  get #due(): boolean {
    const kind = this.#news?.kind;
    return !this.#open || this.#assignment.signal.aborted || kind === "failed" || kind === "cancelled";
  }

  /** Has the workflow started, unless something else comes first. */
  async #start(): Promise<void> {
    const { run, fresh } = this.#assignment;
    const until = this.#clock.now() + START_PATIENCE_MS;
    for (let delay = 500; !this.#due; delay = Math.min(delay * 2, MAX_START_DELAY_MS)) {
      const answer = await this.#ask();
      if (answer.ok || this.#due) return;
      const nobody = this.#at.door.listen(run) === "nobody";
      const refused = answer.why === "refused";
      if (refused || this.#clock.now() >= until) {
        // Whoever has office is left alone, and who had it before a crash of ours may be about to come back.
        if (nobody && (refused || fresh)) await this.#conclude(unavailable(answer.detail));
        return;
      }
      if (nobody) {
        this.#at.phase(run, "waiting", 1, `${answer.detail} Trying again in ${Math.ceil(delay / 1000)} s.`);
      }
      await this.#sleep(delay);
    }
  }

  async #ask(): Promise<BridgeAnswer<Workflow>> {
    const { started, ask } = this.#assignment;
    const { run, provider, model } = started;
    const start = { run, chatId: this.#at.chatId(), provider, model, owner: await this.#at.owner() };
    return this.#at.bridge.start(start, ask.trace);
  }

  /** Looks after the run until its worker has been silent for a while, then asks the bridge how it is. */
  async #tend(): Promise<void> {
    const { run } = this.#assignment;
    let checkIn = MIN_CHECK_MS;
    let checked = this.#clock.now();
    let before: ReturnType<ProducersDoor["listen"]> | null = null;
    let tick = TICK_MS;
    while (!this.#due) {
      await this.#sleep(tick);
      if (this.#due) break;
      const there = this.#at.door.listen(run);
      tick = there === "heard" ? TICK_MS : Math.min(tick * 2, MAX_TICK_MS);
      if (there !== before) {
        if (there === "nobody") this.#at.phase(run, "waiting", 1, "waiting for a worker");
        checkIn = MIN_CHECK_MS;
        tick = TICK_MS;
        before = there;
      }
      if (this.#clock.now() - checked < checkIn) continue;
      checked = this.#clock.now();
      checkIn = Math.min(checkIn * 2, MAX_CHECK_MS);
      const over = await this.#over();
      if (over && !this.#due) return this.#close(over);
    }
    if (!this.#open) return;
    if (this.#assignment.signal.aborted) {
      await this.#stop();
      this.#at.background(this.#cancelWorkflow());
    } else if (this.#news?.kind === "failed" || this.#news?.kind === "cancelled") await this.#close(this.#news);
  }

  /** How it comes that nobody will end this run any more; null while somebody may. */
  async #over(): Promise<Over | null> {
    const { run, started } = this.#assignment;
    let answer = await this.#at.bridge.describe(started.run);
    // Temporal knows nothing of it: its store was lost. What is in the log is enough to go on from.
    if (!answer.ok && answer.why === "unknown") answer = await this.#ask();
    const silentMs = this.#clock.now() - this.#at.door.lastSign(run);
    if (!answer.ok) {
      return silentMs < BRIDGE_PATIENCE_MS ? null : failed(`${answer.detail} Nothing was heard for an hour.`);
    }
    const { state, lastFailure } = answer.value;
    if (state === "running") {
      if (silentMs < WORKER_PATIENCE_MS) return null;
      this.#at.background(this.#cancelWorkflow());
      return failed("No worker was heard of for a day.");
    }
    await this.#sleep(GRACE_MS);
    if (state === "cancelled") return { kind: "cancelled" };
    return failed(`The workflow is ${state}. ${lastFailure?.message ?? ""}`.trim());
  }

  #close(over: Over): Promise<void> {
    return over.kind === "cancelled" ? this.#stop() : this.#conclude(over.failure);
  }

  /** Takes the run back and stops its answer, here and now. */
  #stop(): Promise<void> {
    const signal = AbortSignal.abort();
    return this.#inOffice((job, surroundings) => produce({ ...job, signal }, surroundings));
  }

  async #cancelWorkflow(): Promise<void> {
    const { run } = this.#assignment.started;
    for (let delay = 1_000; delay < 30_000; delay *= 2) {
      const answer = await this.#at.bridge.cancel(run);
      if (answer.ok || answer.why !== "unreachable") return;
      await new Promise<void>((resolve) => this.#clock.after(delay, resolve));
    }
    // The worker finds the run ended when it next says anything; so only the workflow's own end is late.
    this.#at.log("workflow could not be told to stop", { run });
  }

  #conclude(error: RunError): Promise<void> {
    return this.#inOffice((job, surroundings) => conclude(job, surroundings, error));
  }

  async #inOffice(work: (job: Job, surroundings: Surroundings) => Promise<void>): Promise<void> {
    const { run, started, ask, policy, signal } = this.#assignment;
    const term = await this.#assignment.takeOffice();
    if (!term) return;
    // The first term was this commission's, which asks no provider for anything.
    const inherited = term.inherited && { ...term.inherited, predecessors: term.inherited.predecessors - 1 };
    const job = { run, ask, policy, provider: this.#at.provider(started.provider), signal, inherited };
    await work(job, { ...this.#at, office: term.office });
  }

  /** Waits `ms`, or until there is news. */
  async #sleep(ms: number): Promise<void> {
    if (this.#due) return;
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
      this.#clock.after(ms, resolve);
    });
  }
}

function failed(detail: string): Over {
  return { kind: "failed", failure: unavailable(detail) };
}

function unavailable(detail: string): RunError {
  return { code: "producer_unavailable", message: `${detail} Ask again, or use another tier.`, retryAfter: null };
}
