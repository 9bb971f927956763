/**
 * One answer in the making: makes its tokens at its pace, counts each when it is made, and tells who watches. It knows no
 * wire format; viewers turn its tokens into events.
 */
import type { Passage } from "./conversation.ts";
import type { Counters, PromptCounts, Reach, ResponseCounts } from "./counters.ts";
import type { Paced, Pacer } from "./pace.ts";

/**
 * How it ended: `stop` said all, `length` hit the token limit, `filter` was filtered, `refusal` refused, `failed` and
 * `error` broke at the model, `cancelled` was stopped by request, `aborted` lost its only reader.
 */
export type End = "stop" | "length" | "filter" | "refusal" | "failed" | "error" | "cancelled" | "aborted";

/** Somebody who reads along. */
export interface Watcher {
  /** There is something new: tokens, or the end. */
  advance(): void;
  /** Tokens made that it has not taken yet. */
  behind(): number;
}

interface GenerationOptions {
  id: string;
  passage: Passage;
  /** Tokens at most; the answer ends `length` when it has more to say. */
  limit: number;
  /** How it ends when everything is said. */
  naturalEnd: "stop" | "refusal";
  /** An end before that, after so many tokens (or at the text's end, if that is sooner). */
  earlyEnd: { after: number; as: End } | null;
  rate: number;
  ttft: number;
  stamped: boolean;
  /** Goes on without a reader. */
  background: boolean;
  counters: Counters;
  tally: PromptCounts;
  reach: Reach;
  counts: ResponseCounts;
}

/** Tokens of a `rate-0` answer in one turn of the event loop. */
const BURST = 64;
/** A `rate-0` answer waits for a reader that is this many tokens behind. */
const MAX_BEHIND = 512;
/** After a stall longer than this the schedule is moved instead of caught up. */
const MAX_CATCH_UP_MS = 250;

export class Generation implements Paced {
  readonly id: string;
  readonly background: boolean;
  readonly createdAt = Math.floor(Date.now() / 1000);
  readonly tokens: string[] = [];
  /** Settles at the end, whatever it is; never rejects. */
  readonly done: Promise<End>;
  due: number;
  end: End | null = null;
  /** In seconds since 1970, like `createdAt`; null while it runs. */
  endedAt: number | null = null;
  readonly #options: GenerationOptions;
  readonly #total: number;
  readonly #interval: number;
  #watchers = new Set<Watcher>();
  #position: number;
  #settle: (end: End) => void = () => {};

  constructor(options: GenerationOptions, pacer: Pacer) {
    this.id = options.id;
    this.background = options.background;
    this.#options = options;
    this.#total = Math.min(options.passage.count, options.limit, options.earlyEnd?.after ?? Number.POSITIVE_INFINITY);
    this.#interval = options.rate > 0 ? 1000 / options.rate : 0;
    this.#position = options.passage.position;
    this.due = performance.now() + options.ttft;
    this.done = new Promise((resolve) => {
      this.#settle = resolve;
    });
    pacer.add(this);
  }

  get counts(): ResponseCounts {
    return this.#options.counts;
  }

  get text(): string {
    return this.tokens.join("");
  }

  watch(watcher: Watcher): void {
    this.#watchers.add(watcher);
    this.counts.connections++;
  }

  unwatch(watcher: Watcher): void {
    this.#watchers.delete(watcher);
  }

  /** Makes no more tokens, and has no end either: a stalled model. */
  stall(): void {
    this.due = Number.POSITIVE_INFINITY;
  }

  /** Ends it now, unless it has ended. */
  stop(end: End): void {
    if (this.end !== null) return;
    if (end === "aborted") this.#options.counters.aborted++;
    this.#finish(end);
  }

  sent(): void {
    this.#options.counters.tokensSent++;
    this.#options.tally.sent++;
    this.counts.sent++;
  }

  run(now: number): void {
    if (this.#total === 0) this.#finish(this.#ending());
    else if (this.#interval === 0) this.#burst(now);
    else this.#keepPace(now);
  }

  #burst(now: number): void {
    for (let i = 0; i < BURST && this.#running() && !this.#readersLag(); i++) this.#make();
    if (this.#running()) this.due = this.#readersLag() ? now + 5 : now;
  }

  #keepPace(now: number): void {
    if (now - this.due > MAX_CATCH_UP_MS) this.due = now;
    while (this.due <= now && this.#running()) {
      this.due += this.#interval;
      this.#make();
    }
  }

  #running(): boolean {
    return this.end === null && this.due !== Number.POSITIVE_INFINITY;
  }

  #readersLag(): boolean {
    if (this.background) return false;
    for (const watcher of this.#watchers) if (watcher.behind() > MAX_BEHIND) return true;
    return false;
  }

  #make(): void {
    const { passage, stamped, counters, tally, reach } = this.#options;
    const plain = passage.at(this.tokens.length);
    const token = stamped ? `${plain}@${(performance.timeOrigin + performance.now()).toFixed(2)}` : plain;
    this.tokens.push(token);
    counters.tokensGenerated++;
    tally.generated++;
    this.counts.generated++;
    if (this.#position < reach.position) tally.madeTwice++;
    this.#position += plain.length;
    if (this.#position > reach.position) reach.position = this.#position;
    this.#tell();
    if (this.tokens.length >= this.#total && this.#running()) this.#finish(this.#ending());
  }

  #ending(): End {
    const { passage, limit, naturalEnd, earlyEnd } = this.#options;
    if (earlyEnd !== null && earlyEnd.after <= limit) return earlyEnd.as;
    return passage.count > limit ? "length" : naturalEnd;
  }

  #finish(end: End): void {
    this.end = end;
    this.endedAt = Math.floor(Date.now() / 1000);
    this.due = Number.POSITIVE_INFINITY;
    this.counts.state = end;
    this.#tell();
    this.#settle(end);
  }

  #tell(): void {
    for (const watcher of this.#watchers) watcher.advance();
  }
}
