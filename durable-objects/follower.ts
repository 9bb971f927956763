// A run whose answer is made elsewhere: it reads the answer's log as any reader does and writes it into its own. It
// shows what it is shown and promises no more than it was promised, so promises chain. When the answer can't be had any
// more, the run goes on by itself, on the same ladder as every other.
import type { Term } from "../producers/office.ts";
import type { Clock, Log } from "../producers/producer.ts";
import type { LogRecord, Receipt, Recovery, RunEndedRecord } from "../protocol/records.ts";
import { pause } from "../providers/pause.ts";
import type { AnswerDoor, Followed } from "./asking.ts";
import { leftReceipt, sharedReceipt } from "./kept-receipt.ts";
import type { Assignment } from "./tier-producer.ts";

export interface FollowerOptions {
  door: AnswerDoor;
  clock: Clock;
  /** Where the answer will be kept, and for how long, seconds. */
  key: string;
  ttl: number;
  log: Log;
}

/** What is left of a run that can't follow its answer any more: its words, and what it went through. */
export interface Stranded {
  text: string;
  recoveries: Recovery[];
}

/** How often an answer that can't be reached is tried again, ms apart. */
const RETRY_MS = [50, 200, 1_000, 2_000, 4_000, 8_000];
const LEAVE_TRIES = 3;

/** The answer is another one than this run has begun to give: its words are not this run's. */
class OtherAnswer extends Error {}

export class Follower {
  readonly #options: FollowerOptions;
  readonly #assignment: Assignment;
  readonly #term: Term;
  /** What this run shows, and how much of it the answer has promised. */
  #text: string;
  #promised: number;
  #recoveries: Recovery[];
  #ended: RunEndedRecord | null = null;
  /** Something came since the last failure. */
  #progress = false;

  constructor(options: FollowerOptions, assignment: Assignment, term: Term) {
    this.#options = options;
    this.#assignment = assignment;
    this.#term = term;
    this.#text = term.inherited?.text ?? "";
    this.#promised = this.#text.length;
    this.#recoveries = term.inherited?.recoveries ?? [];
  }

  /** Resolves with null when the run has ended, or is no longer this producer's. */
  async run(): Promise<Stranded | null> {
    const { door, clock, log } = this.#options;
    const { run, signal } = this.#assignment;
    const { office } = this.#term;
    let failures = 0;
    office.phase("waiting", 1, null);
    for (;;) {
      if (!office.held) return null;
      if (signal.aborted) return this.#leave();
      let followed: Followed;
      this.#ended = null;
      this.#progress = false;
      try {
        followed = await door.follow(this.#asking(), (record, promised) => this.#take(record, promised), signal);
      } catch (error) {
        if (signal.aborted || !office.held) continue;
        if (error instanceof OtherAnswer) return this.#stranded();
        failures = this.#progress ? 1 : failures + 1;
        log("the shared answer can't be reached", { run, failures, error: String(error) });
        const delay = RETRY_MS[failures - 1];
        if (delay === undefined) return this.#stranded();
        office.phase(this.#text ? "recovering" : "waiting", failures + 1, "The connection to the answer broke.");
        await pause(clock, delay, signal);
        continue;
      }
      if (signal.aborted) continue;
      const ended = this.#ended as RunEndedRecord | null;
      if (followed.kind === "none" || !ended) return this.#stranded();
      // Everybody else who asked had stopped it, just before this run came.
      if (ended.status === "cancelled") {
        if (this.#promised > 0) return this.#stranded();
        await pause(clock, RETRY_MS[0] ?? 0, signal);
        continue;
      }
      await this.#finish(ended, followed.pays);
      return null;
    }
  }

  #asking() {
    const { started, ask, policy } = this.#assignment;
    const { key, ttl } = this.#options;
    // With words of it promised, only the answer they are of will do.
    return { run: started.run, provider: started.provider, ask, policy, key, ttl, begin: this.#promised === 0 };
  }

  #take(record: LogRecord, promised: boolean): void {
    const { office } = this.#term;
    if (!office.held) throw new Error("fenced");
    this.#progress = true;
    switch (record.type) {
      case "run.phase":
        office.phase(record.phase, record.attempt, record.detail);
        break;
      case "delta":
        this.#delta(record.at, record.text, promised);
        break;
      case "commit":
        this.#bound(record.through);
        break;
      case "run.recovered":
        this.#recovered(record);
        break;
      case "run.ended":
        this.#ended = record;
        break;
    }
  }

  /** From `at` on the answer is `text`; what this run has been promised of it can only be said again. */
  #delta(at: number, text: string, promised: boolean): void {
    const end = at + text.length;
    const known = this.#text.slice(at, Math.min(end, this.#promised));
    const shownOnly = !promised && end < this.#promised;
    if (at > this.#text.length || !text.startsWith(known) || shownOnly) throw new OtherAnswer();
    const from = Math.max(at, this.#promised);
    if (from <= end) {
      const rest = text.slice(from - at);
      this.#text = this.#text.slice(0, from) + rest;
      if (promised) this.#promised = end;
      this.#append([{ at: from, text: rest }]);
    }
  }

  #bound(through: number): void {
    if (through > this.#text.length) throw new OtherAnswer();
    if (through <= this.#promised) return;
    this.#promised = through;
    this.#append([]);
  }

  #append(deltas: { at: number; text: string }[]): void {
    this.#term.office.append({ deltas, bookmark: null, bound: this.#promised });
  }

  #recovered({ mode, at, madeTwice }: Recovery): void {
    const known = this.#recoveries.some((each) => each.mode === mode && each.at === at && each.madeTwice === madeTwice);
    if (known || at < this.#promised) return;
    this.#term.office.recovered({ mode, madeTwice });
    this.#recoveries = [...this.#recoveries, { mode, at, madeTwice }];
  }

  #stranded(): Stranded {
    const { door, log } = this.#options;
    const { run, started } = this.#assignment;
    // What was shown is this run's own from now on.
    if (this.#text.length > this.#promised) this.#term.office.append({ deltas: [], bookmark: null });
    // Whoever makes it still must not make it for this run.
    door.leave(started.run).catch((error) => log("the shared answer was not left", { run, error: String(error) }));
    return { text: this.#text, recoveries: this.#recoveries };
  }

  async #leave(): Promise<null> {
    const { started } = this.#assignment;
    const made = await this.#left();
    const times = this.#times();
    const receipt = made
      ? sharedReceipt(started, made, true, times, this.#recoveries)
      : leftReceipt(started, times, this.#recoveries);
    await this.#term.office.end({ status: "cancelled", finish: null, error: null, receipt }, false);
    return null;
  }

  async #left(): Promise<Receipt | null> {
    const { door, log } = this.#options;
    const { run, started } = this.#assignment;
    for (let tries = 1; ; tries++) {
      try {
        return await door.leave(started.run);
      } catch (error) {
        log("the shared answer was not left", { run, tries, error: String(error) });
        if (tries === LEAVE_TRIES) return null;
      }
    }
  }

  async #finish({ status, finish, error, receipt: made }: RunEndedRecord, pays: boolean): Promise<void> {
    const { started, policy } = this.#assignment;
    if (this.#text.length > this.#promised) {
      this.#text = this.#text.slice(0, this.#promised);
      this.#append([{ at: this.#promised, text: "" }]);
    }
    const receipt = sharedReceipt(started, made, pays, this.#times(), this.#recoveries);
    const replace = status === "interrupted" && policy === "replace";
    await this.#term.office.end({ status, finish, error, receipt }, replace);
  }

  #times() {
    const { clock } = this.#options;
    const firstTokenMs = this.#term.office.held?.firstTokenMs ?? null;
    return { firstTokenMs, totalMs: Math.max(0, clock.now() - this.#assignment.started.time) };
  }
}
