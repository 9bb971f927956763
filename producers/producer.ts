// The producer: brings one run from its ask to its end, whatever the provider does on the way.
// Before the first word it asks again with backoff; after it, it climbs the recovery ladder. It never throws: a run
// always ends, and its receipt says how.
import { estimateTokenCount } from "tokenx";
import type { Recovery, RunError } from "../protocol/records.ts";
import type { RecoveryPolicy } from "../protocol/requests.ts";
import { nextSpan, traceFields } from "../protocol/trace.ts";
import { pause } from "../providers/pause.ts";
import {
  type Ask,
  type Beginning,
  type Bookmark,
  type Ending,
  type Piece,
  type Provider,
  ProviderError,
  type Usage,
} from "../providers/provider.ts";
import { retryDelay } from "../providers/retry.ts";
import { addUsage, type Bill, estimateUsage, NOTHING } from "./bill.ts";
import type { Ended, Inheritance, Office } from "./office.ts";
import { isFinal, lostTokens, nextRung, type Rung } from "./recovery.ts";

export interface Clock {
  /** Unix ms. */
  now(): number;
  /** Calls back once, no earlier than `ms` from now. */
  after(ms: number, callback: () => void): void;
}

/** For the operator; never a prompt's or an answer's text. A warning, unless it says that it is none. */
export type Log = (message: string, details: Record<string, unknown>, level?: "info") => void;

export interface Job {
  run: number;
  ask: Ask;
  policy: RecoveryPolicy;
  provider: Provider;
  /** Aborted when a person stops the answer. */
  signal: AbortSignal;
  /** Null for the run's first producer. */
  inherited: Inheritance | null;
}

export interface Surroundings {
  office: Office;
  clock: Clock;
  random(): number;
  /** Who decides on asking again an ask that has shown nothing. Without it the producer does, and waits itself. */
  retries?: Retries;
  cost(job: Job, bill: Bill): number | null;
  log: Log;
}

export interface Retries {
  /** Milliseconds to wait before the next request, or null when there should be none. `failures` is from 1. */
  delay(error: ProviderError, failures: number): number | null;
  /** Waits; or rejects, and then so does the producer: another one is to ask again. */
  wait(ms: number, error: ProviderError): Promise<void>;
}

/** Resolves when the run has ended, or is no longer this producer's. Rejects when its log does not take what it brings. */
export async function produce(job: Job, surroundings: Surroundings): Promise<void> {
  await new Production(job, surroundings).run();
}

/** Ends a run that nobody will go on with: by the last rungs of the ladder, asking no provider for anything more. */
export async function conclude(job: Job, surroundings: Surroundings, error: RunError): Promise<void> {
  await new Production(job, surroundings).conclude(error);
}

/** What can be asked of a provider. */
type Attempt = "ask" | "reattach" | "continue";

/** What happens to a connection; the answer behind it may be well. */
const BROKEN = new Set<RunError["code"]>([
  "provider_stream_cut",
  "provider_stalled",
  "provider_unreachable",
  "provider_malformed",
]);

class Production {
  readonly #job: Job;
  readonly #at: Surroundings;
  readonly #startedAt: number;
  #text: string;
  /** Requests made so far, those of lost producers counted as one each; also the number of the present attempt. */
  #requests: number;
  #recoveries: Recovery[];
  /** Since the text last grew: rungs that failed, attempts to join an answer again, and new requests, each of them paid. */
  #failed = new Set<Rung>();
  #joins = 0;
  #asks = 0;
  /** Why the last of those requests brought no word. */
  #refused: ProviderError | null = null;
  /** What requests before the present one used; and where in the text the present one began. */
  #spent: Bill = NOTHING;
  #requestFrom = 0;
  /** The provider began an answer that is not on the bill yet; and where in the text it began. */
  #begun = false;
  #answerFrom: number;
  /** The recovery that the next piece will prove to have worked. */
  #recovering: Omit<Recovery, "at"> | null = null;
  /** What came of the present request: text, and an answer at the provider that can be taken up again. */
  #cameOf = { text: false, answer: false };
  readonly #fence = new AbortController();
  #broken: { reason: unknown } | null = null;
  readonly #signal: AbortSignal;

  constructor(job: Job, at: Surroundings) {
    this.#job = job;
    this.#at = at;
    this.#text = job.inherited?.text ?? "";
    this.#recoveries = job.inherited?.recoveries ?? [];
    this.#requests = this.#predecessors;
    this.#answerFrom = this.#recoveries.findLast(({ mode }) => mode === "continue")?.at ?? 0;
    this.#startedAt = at.office.held?.started.time ?? at.clock.now();
    this.#signal = AbortSignal.any([job.signal, this.#fence.signal]);
  }

  get #predecessors(): number {
    return this.#job.inherited?.predecessors ?? 0;
  }

  async run(): Promise<void> {
    let error: ProviderError | null = null;
    let rung: Rung | "ask" = this.#nothingCame() ? "ask" : this.#climb();
    for (;;) {
      // Fenced while it waited.
      if (!this.#at.office.held) return;
      if (this.#job.signal.aborted) return this.#cancelled();
      if (rung === "replace" || rung === "interrupted") return this.#giveUp(rung, error);
      let ending: Ending;
      try {
        ending = await this.#request(rung);
      } catch (thrown) {
        if (this.#broken) throw this.#broken.reason;
        if (this.#fence.signal.aborted) return;
        if (this.#job.signal.aborted) continue;
        error = asProviderError(thrown);
        const next = await this.#after(error, rung);
        if (next instanceof ProviderError) return this.#fail(next);
        rung = next;
        continue;
      }
      return this.#complete(ending);
    }
  }

  async conclude(error: RunError): Promise<void> {
    if (!this.#at.office.held) return;
    if (this.#text) return this.#giveUp(this.#job.policy === "replace" ? "replace" : "interrupted", error);
    const bookmark = this.#bookmark();
    if (bookmark) void this.#stopAnswer(bookmark);
    return this.#fail(error);
  }

  /** Whether the run is where it was when it began: nobody was at it, or whoever was left with empty hands. */
  #nothingCame(): boolean {
    const { inherited } = this.#job;
    return inherited === null || (inherited.resigned && !inherited.text && !this.#at.office.held?.bookmark);
  }

  /** What to do after a failed request; an error, when the run has failed by it. */
  async #after(error: ProviderError, tried: Attempt): Promise<Rung | "ask" | ProviderError> {
    const { text, answer } = this.#cameOf;
    if ((text || answer) && isFinal(error.code)) return error;
    if (text) return this.#climb();
    if (tried === "reattach") {
      if (await this.#waits(error, ++this.#joins, tried)) return tried;
      this.#failed.add(tried);
    } else {
      this.#refused = error;
      // The connection broke, not the answer: to take that up again costs nothing.
      if (answer && BROKEN.has(error.code) && !error.final && this.#bookmark()) return this.#climb();
    }
    // Whatever is asked anew is paid anew, so while no word comes it is asked a few times only.
    const cause = this.#refused;
    if (cause === null || (await this.#waits(cause, this.#asks, tried))) {
      return tried === "reattach" ? this.#climb() : tried;
    }
    if (!this.#text) return cause;
    this.#failed.add("continue");
    return this.#climb();
  }

  /** Waits before the next attempt; false when there should be none. */
  async #waits(error: ProviderError, failures: number, tried: Attempt): Promise<boolean> {
    const { retries, random, office, clock } = this.#at;
    const delay = retries ? retries.delay(error, failures) : retryDelay(error, failures, random);
    if (delay === null) return false;
    const detail = `${error.message} Trying again in ${Math.ceil(delay / 1000)} s.`;
    office.phase(tried === "ask" ? "waiting" : "recovering", this.#requests + 1, detail);
    await (retries ? retries.wait(delay, error) : pause(clock, delay, this.#job.signal));
    return true;
  }

  #bookmark() {
    return this.#job.provider.reattaches ? (this.#at.office.held?.bookmark ?? null) : null;
  }

  #climb(): Rung {
    const { policy } = this.#job;
    // A producer that was lost before anything came of it has tried as well.
    const recoveries = Math.max(this.#recoveries.length, this.#predecessors);
    return nextRung({ policy, bookmark: this.#bookmark(), failed: this.#failed, recoveries });
  }

  async #request(rung: Attempt): Promise<Ending> {
    const { provider, ask } = this.#job;
    const { office } = this.#at;
    const bookmark = this.#bookmark();
    let beginning: Beginning = { kind: "fresh" };
    this.#requests += 1;
    this.#cameOf = { text: false, answer: false };
    office.phase(rung === "ask" ? "waiting" : "recovering", this.#requests, null);
    if (rung !== "reattach") {
      // A stream taken up again reports the whole answer's usage at its end; any other request is paid apart.
      this.#settleBill();
      this.#asks += 1;
      this.#answerFrom = this.#text.length;
      if (bookmark) void this.#stopAnswer(bookmark);
    }
    if (rung !== "ask") {
      const madeTwice = rung === "continue" ? this.#madeTwice() : 0;
      this.#recovering = { mode: rung, madeTwice };
      if (rung === "reattach" && bookmark)
        beginning = { kind: "reattach", bookmark, text: this.#text.slice(this.#answerFrom) };
      else if (this.#text) beginning = { kind: "continue", prefix: this.#text };
    }
    return this.#traced(rung, (trace) =>
      provider.stream({ ...ask, ...(trace && { trace }) }, beginning, (piece) => this.#take(piece, rung), this.#signal),
    );
  }

  /** Makes one request to the provider, as a span of the run's trace, and logs what came of it. */
  async #traced(rung: Attempt, request: (span: string | null) => Promise<Ending>): Promise<Ending> {
    const { clock, random, log, office } = this.#at;
    const { ask, provider, signal } = this.#job;
    const span = ask.trace === undefined ? null : nextSpan(ask.trace, random);
    const began = clock.now();
    const run = office.held?.started.run;
    const details = { run, provider: provider.name, rung, ...traceFields(span, ask.trace) };
    try {
      const ending = await request(span);
      log("provider answered", { ...details, ms: clock.now() - began }, "info");
      return ending;
    } catch (error) {
      const ms = clock.now() - began;
      if (this.#signal.aborted) log("provider let go", { ...details, ms, stopped: signal.aborted }, "info");
      else {
        const { code, status } = asProviderError(error);
        log("provider failed", { ...details, ms, code, status });
      }
      throw error;
    }
  }

  /** Only a producer lost with its memory leaves text that is made again; after a broken stream we have it all. */
  #madeTwice(): number {
    const { inherited } = this.#job;
    if (!inherited || inherited.resigned || this.#recoveries.length > inherited.recoveries.length) return 0;
    const wentOnUntil = this.#bookmark() ? this.#at.clock.now() : null;
    return lostTokens(inherited.before, estimateTokenCount(inherited.text), this.#startedAt, wentOnUntil);
  }

  #take({ text, bookmark }: Piece, rung: Rung | "ask"): void {
    const { office } = this.#at;
    if (!this.#recordRecovery()) return;
    if (bookmark && rung !== "reattach" && !this.#cameOf.answer) {
      // Another answer than the one that could not be taken up.
      this.#cameOf.answer = true;
      this.#begun = true;
      this.#failed.delete("reattach");
      this.#joins = 0;
    }
    if (text) {
      if (office.held?.phase !== "generating") office.phase("generating", this.#requests, null);
      if (this.#failed.size > 0) this.#failed.clear();
      this.#joins = 0;
      this.#asks = 0;
      this.#refused = null;
      this.#cameOf.text = true;
    }
    const at = this.#text.length;
    this.#text += text;
    const outcome = office.append({ deltas: text ? [{ at, text }] : [], bookmark });
    if (outcome.kind !== "appended") this.#fence.abort(new Error(`append: ${outcome.kind}`));
  }

  /** Something came of a recovery, so it is one. False when the disk would not take it: that stops this producer. */
  #recordRecovery(): boolean {
    if (!this.#recovering) return true;
    try {
      this.#at.office.recovered(this.#recovering);
    } catch (reason) {
      this.#broken = { reason };
      this.#fence.abort(reason);
      return false;
    }
    this.#recoveries = [...this.#recoveries, { ...this.#recovering, at: this.#text.length }];
    this.#recovering = null;
    return true;
  }

  async #complete({ finish, usage }: Ending): Promise<void> {
    this.#recordRecovery();
    if (this.#broken) throw this.#broken.reason;
    this.#bill(usage ?? this.#estimate());
    await this.#end({ status: "completed", finish, error: null });
  }

  async #fail({ code, message, retryAfter }: RunError): Promise<void> {
    await this.#end({ status: "failed", finish: null, error: { code, message, retryAfter } });
  }

  async #cancelled(): Promise<void> {
    const bookmark = this.#bookmark();
    if (bookmark) await this.#stopAnswer(bookmark);
    await this.#end({ status: "cancelled", finish: null, error: null });
  }

  /** Stops an answer at a provider that would go on with it without us, and be paid for it. */
  async #stopAnswer(bookmark: Bookmark): Promise<void> {
    await this.#job.provider.cancel(bookmark).catch((error) => {
      this.#at.log("provider did not take the cancel", {
        run: this.#at.office.held?.started.run,
        error: String(error),
      });
    });
  }

  async #giveUp(rung: "replace" | "interrupted", cause: RunError | null): Promise<void> {
    const why = cause ? ` The last reason: ${cause.message}` : "";
    const error: RunError = {
      code: "recovery_exhausted",
      message: `The answer broke off and could not be taken up again; what is here is kept.${why}`,
      retryAfter: cause?.retryAfter ?? null,
    };
    const bookmark = this.#bookmark();
    if (bookmark) void this.#stopAnswer(bookmark);
    await this.#end({ status: "interrupted", finish: null, error }, rung === "replace");
  }

  /** Puts on the bill what a request that broke off had made; one that began no answer is taken to have cost nothing. */
  #settleBill(): void {
    if (this.#begun || this.#text.length > this.#requestFrom) this.#bill(this.#estimate());
  }

  #bill(usage: Usage | Bill): void {
    this.#spent = addUsage(this.#spent, usage);
    this.#requestFrom = this.#text.length;
    this.#begun = false;
  }

  #estimate(): Bill {
    return estimateUsage(this.#job.ask, this.#text.slice(this.#requestFrom));
  }

  async #end(ended: Omit<Ended, "receipt">, replace = false): Promise<void> {
    const { office, clock, cost } = this.#at;
    const { held } = office;
    if (!held) return;
    this.#settleBill();
    const { tier, provider, model, cache } = held.started;
    const { inputTokens, outputTokens, estimated } = this.#spent;
    await office.end(
      {
        ...ended,
        receipt: {
          tier,
          provider,
          model,
          cache,
          inputTokens,
          outputTokens,
          estimated,
          cost: cost(this.#job, this.#spent),
          firstTokenMs: held.firstTokenMs,
          totalMs: Math.max(0, clock.now() - this.#startedAt),
          requests: this.#requests,
          recoveries: this.#recoveries,
        },
      },
      replace,
    );
  }
}

function asProviderError(thrown: unknown): ProviderError {
  if (thrown instanceof ProviderError) return thrown;
  return new ProviderError("internal", "Something went wrong while the answer was being made. Try again.", {
    cause: thrown,
  });
}
