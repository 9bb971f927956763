// A producer's office over a log that is elsewhere. What the producer brings goes out in numbered batches, several on
// their way at once; a batch is kept until it is promised, and sent again from wherever the log says it stands. So
// whatever the network loses, repeats or reorders, the log gets every word once and in order.
import type { AppendOutcome, Batch, Ended, HeldRun, Office } from "../producers/office.ts";
import type { Clock } from "../producers/producer.ts";
import type { AppendReply, AppendRequest, EndRequest, OutsideBatch } from "../protocol/producers.ts";
import type { Phase, Recovery, RunStartedRecord, RunStatus } from "../protocol/records.ts";
import { pause } from "../providers/pause.ts";
import type { Bookmark } from "../providers/provider.ts";
import { backoff, type Edge, EdgeError } from "./edge.ts";

/** Why an office is no longer this producer's. */
export type Loss =
  /** Somebody else has the run; `ended` says how it ended, when it has. */
  | { kind: "fenced"; ended: RunStatus | null }
  /** The edge could not be reached for so long that what is kept has no room any more. */
  | { kind: "overflow" }
  /** The edge says no, and would again. */
  | { kind: "refused"; detail: string };

export interface RemoteOfficeOptions {
  run: string;
  epoch: number;
  started: RunStartedRecord;
  bookmark: Bookmark | null;
  firstTokenMs: number | null;
  /** Of the run's text so far. */
  length: number;
  edge: Pick<Edge, "append" | "end">;
  clock: Clock;
  random(): number;
  onPhase(): void;
  /** The producer must stop: see `lost`. */
  onLost(loss: Loss): void;
  limits?: Partial<typeof LIMITS>;
}

const LIMITS = {
  /** Text that comes within this is one batch, ms. */
  batchMs: 80,
  /** Batches on their way at once. */
  window: 4,
  /** Code units kept because they are not promised. */
  kept: 1_000_000,
  /** Code units in one batch. */
  batch: 64_000,
  /** With nothing else to say for so long, a sign of life goes out, ms. */
  silenceMs: 700,
};

/** How long a reply on its way is waited for at the very end, ms. */
const REPLY_MS = 1_000;
/** Replies that say less than an earlier one did, one after the other. */
const MAX_STRANGE = 20;

const APPENDED: AppendOutcome = { kind: "appended" };
const FENCED: AppendOutcome = { kind: "fenced" };

type Standing = Extract<AppendReply, { expected: number }>;
type TextBatch = Extract<OutsideBatch, { kind: "text" }> & { deltas: { at: number; text: string }[] };

export class RemoteOffice implements Office {
  /** How the run is to end, once all its text is promised; for whoever holds this office to bring to the edge. */
  ending: EndRequest | null = null;
  /** How it has ended, when this office ended it. */
  ended: Ended | null = null;
  lost: Loss | null = null;
  /** Pieces taken so far, and the length of the run's text with them. */
  chunks = 0;
  characters: number;

  readonly #options: RemoteOfficeOptions;
  readonly #limits: typeof LIMITS;
  readonly #run: { started: RunStartedRecord; bookmark: Bookmark | null; phase: Phase; firstTokenMs: number | null };
  /** Batches that are not promised, the first of them numbered `base`; and what the next one will be. */
  #kept: OutsideBatch[] = [];
  #base = 0;
  /** What comes goes in here, and when it has waited long enough it is a batch as soon as it can be sent. */
  #open: TextBatch | null = null;
  #due = false;
  #keptLength = 0;
  /** The next batch to send, and whence to send again when all that is on its way has come back. */
  #next = 0;
  #rewind: number | null = null;
  /** What readers are told; it goes with everything that is sent, because an edge that crashed has forgotten it. */
  #phase: AppendRequest["phase"] = null;
  #phaseSent = true;
  #inFlight = 0;
  #failures = 0;
  #strange = 0;
  #pausedUntil = 0;
  #lastSent: number;
  #arranged = false;
  /** Resolves when all that was sent so far has been answered, or has failed. */
  #returned: Promise<void> = Promise.resolve();
  /** The answer at the provider that the log knows of. */
  #knownAnswer: string | null;
  /** A request is under way of which nothing has come yet; whoever waits for that. */
  #awaiting = false;
  #awaiters: (() => void)[] = [];
  /** Its producer brings nothing more; and nothing more is sent. */
  #left = false;
  #closed = false;
  #drainers: (() => void)[] = [];

  constructor(options: RemoteOfficeOptions) {
    const { started, bookmark, firstTokenMs, clock } = options;
    this.#options = options;
    this.#limits = { ...LIMITS, ...options.limits };
    this.#run = { started, bookmark, firstTokenMs, phase: "waiting" };
    this.#knownAnswer = bookmark?.responseId ?? null;
    this.characters = options.length;
    this.#lastSent = clock.now();
    this.#watchSilence();
  }

  get held(): HeldRun | undefined {
    return this.#left || this.#closed ? undefined : this.#run;
  }

  get phaseNow(): Phase {
    return this.#run.phase;
  }

  /** The last one that came, held or not. */
  get bookmark(): Bookmark | null {
    return this.#run.bookmark;
  }

  /** Where to find an answer that was begun here and that the log knows nothing of; null when there is none. */
  async orphan(): Promise<Bookmark | null> {
    // What is on its way may have got there.
    await Promise.race([this.#returned, this.#wait(REPLY_MS)]);
    return this.#unknown ? this.#run.bookmark : null;
  }

  /** Whether a request is under way of which nothing has come: an answer may have begun that nobody knows of. */
  get awaiting(): boolean {
    return this.#awaiting;
  }

  /** Resolves when something has come of the request under way, and after `ms` at the latest. */
  async firstPiece(ms: number): Promise<void> {
    if (!this.#awaiting) return;
    await Promise.race([new Promise<void>((resolve) => this.#awaiters.push(resolve)), this.#wait(ms)]);
  }

  get #unknown(): boolean {
    const { bookmark } = this.#run;
    return bookmark !== null && bookmark.responseId !== this.#knownAnswer;
  }

  append({ deltas, bookmark }: Batch): AppendOutcome {
    if (!this.held) return FENCED;
    const length = deltas.reduce((sum, { text }) => sum + text.length, 0);
    if (length === 0 && !bookmark) return APPENDED;
    this.#awaiting = false;
    for (const resolve of this.#awaiters.splice(0)) resolve();
    this.#run.bookmark = bookmark;
    this.chunks += 1;
    this.#open ??= { kind: "text", deltas: [], bookmark: null };
    this.#open.bookmark = bookmark;
    for (const { at, text } of deltas) {
      const last = this.#open.deltas.at(-1);
      if (last && last.at + last.text.length === at) last.text += text;
      else this.#open.deltas.push({ at, text });
      this.characters = at + text.length;
    }
    this.#keptLength += length;
    if (this.#keptLength > this.#limits.kept) {
      this.#lose({ kind: "overflow" });
      return FENCED;
    }
    // Until the log knows where an answer is found, a crash would have all of it paid again.
    this.#arrange(this.#unknown ? 0 : this.#lastSent + this.#limits.batchMs - this.#options.clock.now());
    return APPENDED;
  }

  phase(phase: Phase, attempt: number, detail: string | null): void {
    if (!this.held) return;
    this.#seal();
    this.#run.phase = phase;
    this.#phase = { phase, attempt, detail };
    // With a detail it is a wait that is told of; without one, a request.
    this.#awaiting = detail === null && (phase === "waiting" || phase === "recovering");
    this.#phaseSent = false;
    this.#options.onPhase();
    this.#arrange(0);
  }

  recovered({ mode, madeTwice }: Omit<Recovery, "at">): void {
    if (!this.held) return;
    this.#seal();
    this.#kept.push({ kind: "recovered", recovery: { mode, madeTwice } });
    this.#arrange(0);
  }

  /** A complete answer's end is left in `ending`, to be written apart from what made it; any other is written now. */
  async end(ended: Ended, replace: boolean): Promise<void> {
    const request: EndRequest = { epoch: this.#options.epoch, ended, replace };
    if (ended.status === "completed") {
      this.phase("finalizing", ended.receipt.requests, null);
      await this.#drained();
      if (this.lost) return;
      this.ending = request;
    } else {
      await this.#drained();
      for (let failures = 1; !this.lost && !this.ended; failures++) {
        try {
          const reply = await this.#options.edge.end(this.#options.run, request);
          if (reply.kind === "ended") this.ended = ended;
          else this.#lose(reply);
        } catch (error) {
          if (error instanceof EdgeError && error.final) this.#refused(error.message);
          else await this.#wait(backoff(failures, this.#options.random));
        }
      }
    }
    this.#close();
  }

  /** The producer stops here and now; what it brought is still delivered. */
  leave(): void {
    this.#left = true;
  }

  /**
   * Lays the office down, with all that was brought on disk: whoever comes next finds nothing lost. Not so where an answer
   * may have begun of which nothing came: then it only leaves.
   */
  async resign(): Promise<void> {
    this.leave();
    const { run, epoch, edge, random } = this.#options;
    await this.#drained();
    for (let failures = 1; !this.#closed; failures++) {
      try {
        await edge.append(run, { epoch, phase: this.#phase, batch: null, flush: true, resign: !this.#awaiting });
        this.#close();
      } catch {
        await this.#wait(backoff(failures, random));
      }
    }
  }

  /** Gives up on delivering anything more. */
  abandon(): void {
    this.#close();
  }

  #wait(ms: number): Promise<void> {
    return pause(this.#options.clock, ms);
  }

  /** Resolves when all that was brought is promised, or will never be. */
  #drained(): Promise<void> {
    this.#seal();
    return new Promise((resolve) => {
      this.#drainers.push(resolve);
      this.#pump();
    });
  }

  #seal(): void {
    if (this.#open) this.#kept.push(this.#open);
    this.#open = null;
    this.#due = false;
  }

  #arrange(ms: number): void {
    if (this.#open && lengthOf(this.#open) >= this.#limits.batch) this.#seal();
    if (this.#arranged) return;
    this.#arranged = true;
    this.#options.clock.after(Math.max(0, ms), () => {
      this.#arranged = false;
      this.#due = true;
      this.#pump();
    });
  }

  /** Sends whatever may be sent now. */
  #pump(): void {
    if (this.#closed || this.#options.clock.now() < this.#pausedUntil) return;
    while (this.#rewind === null && this.#inFlight < this.#limits.window) {
      const sent = this.#next === this.#base + this.#kept.length;
      // As long as it could not be sent it was still growing.
      if (sent && this.#open && this.#due) this.#seal();
      if (this.#next < this.#base + this.#kept.length) this.#send(this.#next++, false);
      else if (!this.#phaseSent) this.#send(null, false);
      else break;
    }
    if (this.#inFlight > 0 || this.#drainers.length === 0) return;
    if (this.#kept.length > 0) this.#send(null, true);
    else this.#releaseDrainers();
  }

  #send(seq: number | null, flush: boolean): void {
    const { run, epoch, clock, edge } = this.#options;
    const phase = this.#phase;
    this.#phaseSent = true;
    const what = seq === null ? undefined : this.#kept[seq - this.#base];
    this.#inFlight += 1;
    this.#lastSent = clock.now();
    const batch = seq === null || !what ? null : { seq, what };
    const answered = edge.append(run, { epoch, phase, batch, flush, resign: false }).then(
      (reply) => {
        if (what?.kind === "text" && "expected" in reply && reply.expected > (seq ?? 0)) {
          this.#knownAnswer = what.bookmark?.responseId ?? this.#knownAnswer;
        }
        this.#answered(reply);
      },
      (error) => {
        this.#phaseSent = false;
        this.#failed(error, seq ?? this.#next);
      },
    );
    this.#returned = Promise.all([this.#returned, answered]).then(() => {});
  }

  #answered(reply: AppendReply): void {
    this.#inFlight -= 1;
    this.#failures = 0;
    if (this.#closed) return;
    if (reply.kind === "fenced") this.#lose(reply);
    else if (reply.kind === "hole" || reply.kind === "refused")
      this.#refused(`The log answered ${JSON.stringify(reply)}.`);
    else this.#stands(reply);
  }

  #stands({ kind, expected, promised }: Standing): void {
    // A reply may come late; one after the other does not.
    if (expected >= this.#base) this.#strange = 0;
    else if (++this.#strange > MAX_STRANGE) this.#refused("The log has lost what it had promised.");
    this.#drop(promised);
    // With nothing on its way this is where the log stands, and it may have been thrown back by a crash.
    if (kind === "gap" || (this.#inFlight === 0 && expected < this.#next)) {
      this.#rewind = Math.min(this.#rewind ?? expected, expected);
    }
    this.#resume();
  }

  #refused(detail: string): void {
    this.#lose({ kind: "refused", detail });
  }

  /** Forgets what is promised. */
  #drop(promised: number): void {
    for (; this.#base < promised && this.#kept.length > 0; this.#base++) {
      const batch = this.#kept.shift();
      if (batch?.kind === "text") this.#keptLength -= lengthOf(batch);
    }
    this.#next = Math.max(this.#next, this.#base);
  }

  #failed(error: unknown, from: number): void {
    const { clock, random } = this.#options;
    this.#inFlight -= 1;
    if (this.#closed) return;
    if (error instanceof EdgeError && error.final) {
      this.#refused(error.message);
      return;
    }
    this.#rewind = Math.min(this.#rewind ?? from, from);
    // Those that failed together count as one.
    if (clock.now() >= this.#pausedUntil) {
      const delay = backoff(++this.#failures, random);
      this.#pausedUntil = clock.now() + delay;
      clock.after(delay, () => this.#pump());
    }
    this.#resume();
  }

  /** Goes back to where it must be sent from again, once everything on its way has come back. */
  #resume(): void {
    if (this.#inFlight === 0 && this.#rewind !== null) {
      this.#next = Math.max(this.#base, this.#rewind);
      this.#rewind = null;
    }
    this.#pump();
  }

  #watchSilence(): void {
    const { clock } = this.#options;
    clock.after(this.#limits.silenceMs, () => {
      if (this.#closed) return;
      const silent = this.#inFlight === 0 && clock.now() - this.#lastSent >= this.#limits.silenceMs;
      if (silent && clock.now() >= this.#pausedUntil) this.#send(null, false);
      this.#watchSilence();
    });
  }

  #lose(loss: Loss): void {
    if (this.#closed) return;
    this.lost = loss;
    // What is kept may still find its way; the producer stops at once.
    if (loss.kind === "overflow") this.#left = true;
    else this.#close();
    this.#options.onLost(loss);
  }

  #close(): void {
    this.#closed = true;
    this.#releaseDrainers();
  }

  #releaseDrainers(): void {
    for (const resolve of this.#drainers.splice(0)) resolve();
  }
}

function lengthOf({ deltas }: Extract<OutsideBatch, { kind: "text" }>): number {
  return deltas.reduce((sum, { text }) => sum + text.length, 0);
}
