// The producer of the mvp tier: brings one run from its ask to its end, whatever the provider does on the way.
// Before the first word it asks again with backoff; after it, it climbs the recovery ladder. It never throws: a run
// always ends, and its receipt says how.
import { estimateTokenCount } from "tokenx";
import type { Recovery, RunError } from "../protocol/records.ts";
import type { RecoveryPolicy } from "../protocol/requests.ts";
import {
  type Ask,
  type Beginning,
  type Bookmark,
  type Ending,
  type Piece,
  type Provider,
  ProviderError,
} from "../providers/provider.ts";
import { retryDelay } from "../providers/retry.ts";
import { addUsage, type Bill, estimateUsage, NOTHING } from "./bill.ts";
import type { ProducerState } from "./chunk-log.ts";
import type { Clock, Ended, LogWriter, Opening } from "./log-writer.ts";
import { isFinal, lostTokens, nextRung, type Rung } from "./recovery.ts";

/** A run whose earlier producer was lost with the object's memory. */
export interface Inheritance {
  epoch: number;
  /** The text it left on disk, and the state it last committed. */
  text: string;
  before: ProducerState | null;
  recoveries: Recovery[];
}

export interface Job {
  run: number;
  ask: Ask;
  policy: RecoveryPolicy;
  provider: Provider;
  /** Aborted when a person stops the answer. */
  signal: AbortSignal;
  inherited: Inheritance | null;
}

export interface Surroundings {
  writer: LogWriter;
  clock: Clock;
  random(): number;
  cost(job: Job, bill: Bill): number | null;
  /** The run that is to answer in this one's place. */
  replacement(job: Job): Opening;
  /** For the operator; never a prompt's or an answer's text. */
  log(message: string, details: Record<string, unknown>): void;
}

/** Resolves when the run has ended: with the number of the run that replaces it, where there is one. */
export async function produce(job: Job, surroundings: Surroundings): Promise<number | null> {
  return new Production(job, surroundings).run();
}

class Production {
  readonly #job: Job;
  readonly #at: Surroundings;
  readonly #epoch: number;
  readonly #startedAt: number;
  #seq = 0;
  #text: string;
  /** Requests made so far, those of lost producers counted as one each; also the number of the present attempt. */
  #requests: number;
  #recoveries: Recovery[];
  /** Rungs and retries spent since the text last grew. */
  #failed = new Set<Rung>();
  #retries = 0;
  /** What requests before the present one used; and where in the text the present one began. */
  #spent: Bill = NOTHING;
  #requestFrom = 0;
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
    this.#epoch = job.inherited?.epoch ?? 1;
    this.#text = job.inherited?.text ?? "";
    this.#recoveries = job.inherited?.recoveries ?? [];
    this.#requests = this.#epoch - 1;
    this.#startedAt = at.writer.openRun(job.run)?.started.time ?? at.clock.now();
    this.#signal = AbortSignal.any([job.signal, this.#fence.signal]);
  }

  async run(): Promise<number | null> {
    let error: ProviderError | null = null;
    let rung: Rung | "ask" = this.#job.inherited ? this.#climb() : "ask";
    for (;;) {
      // Fenced while it waited.
      if (!this.#open()) return null;
      if (this.#job.signal.aborted) return this.#cancelled();
      if (rung === "replace" || rung === "interrupted") return this.#giveUp(rung, error);
      let ending: Ending;
      try {
        ending = await this.#request(rung);
      } catch (thrown) {
        if (this.#broken) throw this.#broken.reason;
        if (this.#fence.signal.aborted) return null;
        if (this.#job.signal.aborted) continue;
        error = asProviderError(thrown);
        this.#at.log("request failed", { run: this.#job.run, rung, code: error.code, status: error.status });
        const next = await this.#after(error, rung);
        if (next === "failed") return this.#fail(error);
        rung = next;
        continue;
      }
      return this.#complete(ending);
    }
  }

  /** The run, as long as it is this producer's. */
  #open() {
    const open = this.#at.writer.openRun(this.#job.run);
    return open?.closed === false && open.epoch === this.#epoch ? open : undefined;
  }

  /** What to do after a failed request. */
  async #after(error: ProviderError, tried: "ask" | "reattach" | "continue"): Promise<Rung | "ask" | "failed"> {
    // Nothing came of the request, so making it again costs nobody anything.
    if (!this.#cameOf.text && !this.#cameOf.answer) {
      const delay = retryDelay(error, ++this.#retries, this.#at.random);
      if (delay !== null) {
        const detail = `${error.message} Trying again in ${Math.ceil(delay / 1000)} s.`;
        this.#at.writer.phase(this.#job.run, tried === "ask" ? "waiting" : "recovering", this.#requests + 1, detail);
        await this.#sleep(delay);
        return tried;
      }
      if (tried === "ask") return "failed";
      this.#failed.add(tried);
    } else if (isFinal(error.code)) return "failed";
    return this.#climb();
  }

  #bookmark() {
    return this.#job.provider.reattaches ? (this.#open()?.bookmark ?? null) : null;
  }

  #climb(): Rung {
    const { policy } = this.#job;
    // A producer that was lost before anything came of it has tried as well.
    const recoveries = Math.max(this.#recoveries.length, this.#epoch - 1);
    return nextRung({ policy, bookmark: this.#bookmark(), failed: this.#failed, recoveries });
  }

  async #request(rung: "ask" | "reattach" | "continue"): Promise<Ending> {
    const { run, provider, ask } = this.#job;
    const { writer } = this.#at;
    const bookmark = this.#bookmark();
    let beginning: Beginning = { kind: "fresh" };
    this.#requests += 1;
    this.#cameOf = { text: false, answer: false };
    writer.phase(run, rung === "ask" ? "waiting" : "recovering", this.#requests, null);
    if (rung === "continue" && bookmark) void this.#stopAnswer(bookmark);
    if (rung !== "ask") {
      const madeTwice = rung === "continue" ? this.#madeTwice() : 0;
      this.#recovering = { mode: rung, madeTwice };
      if (rung === "reattach" && bookmark) beginning = { kind: "reattach", bookmark };
      else if (this.#text) beginning = { kind: "continue", prefix: this.#text };
    }
    if (rung !== "reattach") {
      // A stream taken up again reports the whole answer's usage at its end; any other request is paid apart.
      this.#settleBill();
    }
    return provider.stream(ask, beginning, (piece) => this.#take(piece, rung), this.#signal);
  }

  /** Only a producer lost with its memory leaves text that is made again; after a broken stream we have it all. */
  #madeTwice(): number {
    const { inherited } = this.#job;
    if (!inherited || this.#recoveries.length > inherited.recoveries.length) return 0;
    const wentOnUntil = this.#bookmark() ? this.#at.clock.now() : null;
    return lostTokens(inherited.before, estimateTokenCount(inherited.text), this.#startedAt, wentOnUntil);
  }

  #take({ text, bookmark }: Piece, rung: Rung | "ask"): void {
    const { run } = this.#job;
    const { writer } = this.#at;
    if (!this.#recordRecovery()) return;
    if (bookmark && rung !== "reattach" && !this.#cameOf.answer) {
      // Another answer than the one that could not be taken up.
      this.#cameOf.answer = true;
      this.#failed.delete("reattach");
    }
    if (text) {
      if (writer.openRun(run)?.phase !== "generating") writer.phase(run, "generating", this.#requests, null);
      if (this.#failed.size > 0) this.#failed.clear();
      this.#retries = 0;
      this.#cameOf.text = true;
    }
    const at = this.#text.length;
    this.#text += text;
    const outcome = writer.append(run, this.#epoch, this.#seq++, { deltas: text ? [{ at, text }] : [], bookmark });
    if (outcome.kind !== "appended") this.#fence.abort(new Error(`append: ${outcome.kind}`));
  }

  /** Something came of a recovery, so it is one. False when the disk would not take it: that stops this producer. */
  #recordRecovery(): boolean {
    if (!this.#recovering) return true;
    try {
      this.#at.writer.recovered(this.#job.run, this.#epoch, this.#recovering);
    } catch (reason) {
      this.#broken = { reason };
      this.#fence.abort(reason);
      return false;
    }
    this.#recoveries = [...this.#recoveries, { ...this.#recovering, at: this.#text.length }];
    this.#recovering = null;
    return true;
  }

  async #complete({ finish, usage }: Ending): Promise<null> {
    this.#recordRecovery();
    if (this.#broken) throw this.#broken.reason;
    this.#spent = addUsage(this.#spent, usage ?? this.#estimate());
    this.#requestFrom = this.#text.length;
    await this.#end({ status: "completed", finish, error: null, replacedBy: null });
    return null;
  }

  async #fail({ code, message, retryAfter }: ProviderError): Promise<null> {
    await this.#end({ status: "failed", finish: null, error: { code, message, retryAfter }, replacedBy: null });
    return null;
  }

  async #cancelled(): Promise<null> {
    const bookmark = this.#bookmark();
    if (bookmark) await this.#stopAnswer(bookmark);
    await this.#end({ status: "cancelled", finish: null, error: null, replacedBy: null });
    return null;
  }

  /** Stops an answer at a provider that would go on with it without us, and be paid for it. */
  async #stopAnswer(bookmark: Bookmark): Promise<void> {
    await this.#job.provider.cancel(bookmark).catch((error) => {
      this.#at.log("provider did not take the cancel", { run: this.#job.run, error: String(error) });
    });
  }

  async #giveUp(rung: "replace" | "interrupted", cause: ProviderError | null): Promise<number | null> {
    const why = cause ? ` The last reason: ${cause.message}` : "";
    const error: RunError = {
      code: "recovery_exhausted",
      message: `The answer broke off and could not be taken up again; what is here is kept.${why}`,
      retryAfter: cause?.retryAfter ?? null,
    };
    const bookmark = this.#bookmark();
    if (bookmark) void this.#stopAnswer(bookmark);
    const replacement = rung === "replace" ? this.#at.replacement(this.#job) : undefined;
    const replacedBy = replacement?.started.run ?? null;
    const ended = await this.#end({ status: "interrupted", finish: null, error, replacedBy }, replacement);
    return ended && replacement ? replacement.run : null;
  }

  /** Puts on the bill what a request that broke off had made; one that made nothing is taken to have cost nothing. */
  #settleBill(): void {
    if (this.#text.length > this.#requestFrom) this.#spent = addUsage(this.#spent, this.#estimate());
    this.#requestFrom = this.#text.length;
  }

  #estimate(): Bill {
    return estimateUsage(this.#job.ask, this.#text.slice(this.#requestFrom));
  }

  /** False when the run is no longer this producer's to end. */
  async #end(ended: Omit<Ended, "receipt">, replacement?: Opening): Promise<boolean> {
    const { writer, clock, cost } = this.#at;
    const { run } = this.#job;
    const open = this.#open();
    if (!open) return false;
    this.#settleBill();
    const { tier, provider, model, cache } = open.started;
    const { inputTokens, outputTokens, estimated } = this.#spent;
    return writer.end(
      run,
      this.#epoch,
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
          firstTokenMs: open.firstTokenMs,
          totalMs: Math.max(0, clock.now() - this.#startedAt),
          requests: this.#requests,
          recoveries: this.#recoveries,
        },
      },
      replacement,
    );
  }

  /** Waits `ms`, or until the run is cancelled. */
  #sleep(ms: number): Promise<void> {
    const { signal } = this.#job;
    if (signal.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      signal.addEventListener("abort", () => resolve(), { once: true });
      this.#at.clock.after(ms, resolve);
    });
  }
}

function asProviderError(thrown: unknown): ProviderError {
  if (thrown instanceof ProviderError) return thrown;
  return new ProviderError("internal", "Something went wrong while the answer was being made. Try again.", {
    cause: thrown,
  });
}
