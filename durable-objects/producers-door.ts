// The door for producers elsewhere: what a worker asks of a run it writes over HTTP. Each question is answered from the
// log and its writer; besides these there is only what a moment of silence needs, and that may be forgotten in a crash.
import type { Ended, ProducerState } from "../producers/office.ts";
import type { Clock } from "../producers/producer.ts";
import { fail, ok, type Result } from "../protocol/problems.ts";
import type {
  AppendReply,
  AppendRequest,
  EndReply,
  EndRequest,
  NotifyRequest,
  RunLook,
  TermReply,
} from "../protocol/producers.ts";
import type { Phase, RunError } from "../protocol/records.ts";
import type { ChunkLog, RunRow } from "./chunk-log.ts";
import type { LogWriter } from "./log-writer.ts";
import { pathTo } from "./messages.ts";

export interface ProducersDoorOptions {
  log: ChunkLog;
  writer: LogWriter;
  clock: Clock;
  /** Ends a run for an epoch; with `replace`, another one begins in its place. */
  end(run: number, epoch: number, ended: Ended, replace: boolean): Promise<void>;
}

/** What is known of whoever holds office in a run, as long as this object lives. */
interface Holder {
  epoch: number;
  nonce: string | null;
  before: ProducerState | null;
  /** Its predecessor left nothing behind; and whether it has laid down its own office since. */
  cleanStart: boolean;
  resigned: boolean;
  /** Nothing was lost before it; or it has gone on from there, which is recorded. */
  settled: boolean;
  /** When it was last heard of, Unix ms, or since when it is waited for; and the last time it gave a sign at all. */
  heardAt: number;
  signAt: number | null;
  /** How many of its batches are on disk. */
  promised: number;
  /** What readers were last told before they were told of its silence. */
  said: { phase: Phase; attempt: number; detail: string | null } | null;
}

/** What a commission is told of: the run has ended, or nobody will end it, or its workflow was stopped, or somebody is at it again. */
export type News =
  | { kind: "ended" }
  | { kind: "failed"; failure: RunError }
  | { kind: "cancelled" }
  | { kind: "heard" };

/** Everything that can be asked at the door, of one run. */
export type OutsideCall = { run: number } & (
  | { kind: "look" }
  | { kind: "epoch"; nonce: string }
  | { kind: "append"; request: AppendRequest }
  | { kind: "end"; request: EndRequest }
  | { kind: "notify"; request: NotifyRequest }
);
export type OutsideReply = RunLook | TermReply | AppendReply | EndReply | null;

/** How long a producer may not be heard of before readers are told, ms: its signs of life come each second. */
const SILENCE_MS = 3_000;

export class ProducersDoor {
  readonly #options: ProducersDoorOptions;
  readonly #holders = new Map<number, Holder>();
  readonly #watchers = new Map<number, (news: News) => void>();

  constructor(options: ProducersDoorOptions) {
    this.#options = options;
  }

  /** Tells `onNews` what becomes of the run, until the returned function is called. */
  watch(run: number, onNews: (news: News) => void): () => void {
    this.#watchers.set(run, onNews);
    return () => {
      this.#watchers.delete(run);
      this.#holders.delete(run);
    };
  }

  async answer(call: OutsideCall): Promise<Result<OutsideReply>> {
    switch (call.kind) {
      case "look":
        return this.look(call.run);
      case "epoch":
        return this.takeTerm(call.run, call.nonce);
      case "append":
        return this.append(call.run, call.request);
      case "end":
        return this.end(call.run, call.request);
      case "notify":
        return this.notify(call.run, call.request);
    }
  }

  look(run: number): Result<RunLook> {
    const row = this.#row(run);
    if (!row.ok) return row;
    const { started, recovery } = row.value;
    const asked = pathTo(this.#options.log, started.parent).reduce((length, { text }) => length + text.length, 0);
    return ok({ started, recovery, asked, ended: endedOf(row.value) });
  }

  /** Begins a term, or tells of the one that `nonce` began. */
  async takeTerm(run: number, nonce: string): Promise<Result<TermReply>> {
    const { log, writer, clock } = this.#options;
    const row = this.#row(run);
    if (!row.ok) return row;
    if (this.#holder(run)?.nonce !== nonce) await this.#takeOver(run, nonce);
    // Whoever asks again may do so while its term is on its way to the disk.
    await writer.settled();
    const now = log.run(run) ?? row.value;
    const ended = endedOf(now);
    if (ended) return ok({ kind: "ended", ...ended });
    const [open, holder] = [writer.openRun(run), this.#holder(run)];
    if (!open || open.closed || holder?.nonce !== nonce) return fail("conflict", "Somebody else has this run now.");
    const { started, recovery } = now;
    return ok({
      kind: "term",
      epoch: holder.epoch,
      started,
      recovery,
      turns: pathTo(log, started.parent),
      // The first term is the chat's own, and asks no provider for anything.
      predecessors: holder.epoch - 2,
      resigned: holder.cleanStart,
      text: log.text(now).text,
      bookmark: open.bookmark,
      before: holder.before,
      recoveries: log.recoveries(now),
      now: clock.now(),
    });
  }

  /** Takes effect in the turn in which it is called, so that of two who ask at once one comes after the other. */
  async #takeOver(run: number, nonce: string): Promise<void> {
    const { log, writer, clock } = this.#options;
    const [was, predecessor] = [writer.openRun(run)?.epoch ?? 0, this.#holder(run)];
    const onDisk = writer.takeOver(run);
    const [open, row] = [writer.openRun(run), log.run(run)];
    if (open && row && open.epoch > was) {
      // One that came to nothing itself has not made up for what others lost.
      const cleanStart = predecessor?.resigned === true && predecessor.settled;
      const begun = newHolder(open.epoch, clock.now());
      const settled = begun.settled || cleanStart;
      const before = log.progress(row).producer;
      this.#holders.set(run, { ...begun, signAt: clock.now(), nonce, before, cleanStart, settled });
      this.#watchers.get(run)?.({ kind: "heard" });
    }
    await onDisk;
  }

  async append(run: number, { epoch, phase, batch, flush, resign }: AppendRequest): Promise<Result<AppendReply>> {
    const { log, writer } = this.#options;
    const row = this.#row(run);
    if (!row.ok) return row;
    const holder = this.#holder(run);
    if (holder?.epoch !== epoch) return ok({ kind: "fenced", ended: row.value.ended?.status ?? null });
    this.#heard(run, holder);
    const expected = () => writer.openRun(run)?.nextSeq ?? 0;
    let kind: "appended" | "duplicate" | "gap" = "appended";
    if (phase && (!batch || batch.seq === expected())) this.#say(run, phase);
    if (batch) {
      const { seq, what } = batch;
      if (what.kind === "recovered") {
        if (seq === expected()) writer.recovered(run, epoch, what.recovery, seq);
        else kind = seq < expected() ? "duplicate" : "gap";
      } else {
        const outcome = writer.append(run, epoch, seq, what);
        if (outcome.kind === "fenced") return ok({ kind: "fenced", ended: log.run(run)?.ended?.status ?? null });
        if (outcome.kind === "hole" || outcome.kind === "refused") return ok(outcome);
        kind = outcome.kind;
      }
      if (kind === "appended") {
        holder.settled = true;
        void writer.whenPromised(run).then(() => this.#promised(holder, seq + 1));
      }
    }
    if (resign) holder.resigned = true;
    if (flush || resign) {
      const taken = expected();
      await writer.flush(run);
      this.#promised(holder, taken);
    }
    return ok({ kind, expected: expected(), promised: holder.promised });
  }

  async end(run: number, { epoch, ended, replace }: EndRequest): Promise<Result<EndReply>> {
    const { log, writer, clock } = this.#options;
    const row = this.#row(run);
    if (!row.ok) return row;
    const open = writer.openRun(run);
    if (open && !open.closed && open.epoch === epoch) {
      // Of times only one clock can tell.
      const totalMs = Math.max(0, clock.now() - open.started.time);
      const receipt = { ...ended.receipt, firstTokenMs: open.firstTokenMs, totalMs };
      await this.#options.end(run, epoch, { ...ended, receipt }, replace);
    }
    await writer.settled();
    const now = log.run(run);
    const how = now && endedOf(now);
    if (how) this.#watchers.get(run)?.({ kind: "ended" });
    if (!how || now.epoch !== epoch) return ok({ kind: "fenced", ended: how?.status ?? null });
    return ok({ kind: "ended", ...how });
  }

  /** Whoever had the run is done with it. */
  notify(run: number, { failure, cancelled }: NotifyRequest): Result<null> {
    const row = this.#row(run);
    if (!row.ok) return row;
    const watcher = this.#watchers.get(run);
    if (cancelled) watcher?.({ kind: "cancelled" });
    else watcher?.(failure ? { kind: "failed", failure } : { kind: "ended" });
    return ok(null);
  }

  /** Whether there is somebody at it who is heard of; tells readers when there no longer is. */
  listen(run: number): "heard" | "silent" | "nobody" {
    const { writer, clock } = this.#options;
    const holder = this.#holder(run);
    const open = writer.openRun(run);
    if (!holder || !open) return "nobody";
    // Whoever laid down its office has said what is waited for.
    if (holder.resigned || clock.now() - holder.heardAt < SILENCE_MS) return "heard";
    if (!holder.said) {
      const { phase, attempt, detail } = open;
      holder.said = { phase, attempt, detail };
      writer.phase(run, "recovering", attempt, "worker lost, resuming");
    }
    return "silent";
  }

  /** When somebody outside was last heard of, Unix ms; after a crash, when something of theirs was last put on disk. */
  lastSign(run: number): number {
    const { log } = this.#options;
    const row = log.run(run);
    const signAt = this.#holders.get(run)?.signAt;
    return signAt ?? (row ? (log.progress(row).producer?.time ?? row.started.time) : 0);
  }

  #heard(run: number, holder: Holder): void {
    const now = this.#options.clock.now();
    holder.heardAt = now;
    holder.signAt = now;
    const { said } = holder;
    if (!said) return;
    holder.said = null;
    this.#say(run, said);
    this.#watchers.get(run)?.({ kind: "heard" });
  }

  /** Tells readers what the run is doing, unless that is what they were told last. */
  #say(run: number, { phase, attempt, detail }: NonNullable<Holder["said"]>): void {
    const { writer } = this.#options;
    const open = writer.openRun(run);
    if (open?.phase === phase && open.attempt === attempt && open.detail === detail) return;
    writer.phase(run, phase, attempt, detail);
  }

  #promised(holder: Holder, batches: number): void {
    holder.promised = Math.max(holder.promised, batches);
  }

  /** Whoever holds office now, if it is one of those outside. After a crash it is known by its epoch only. */
  #holder(run: number): Holder | undefined {
    const { writer, clock } = this.#options;
    const open = writer.openRun(run);
    if (!open || open.closed || open.epoch === 1) return undefined;
    const known = this.#holders.get(run);
    if (known) return known.epoch === open.epoch ? known : undefined;
    const holder = { ...newHolder(open.epoch, clock.now()), promised: open.nextSeq };
    this.#holders.set(run, holder);
    return holder;
  }

  #row(run: number): Result<RunRow> {
    const row = this.#options.log.run(run);
    if (!row) return fail("unknown_run", `This chat has no run ${run}.`);
    if (row.started.tier === "temporal") return ok(row);
    return fail("conflict", "A run of this tier is produced by its chat; nobody else may write it.");
  }
}

function newHolder(epoch: number, now: number): Holder {
  const nobody = { nonce: null, before: null, cleanStart: false, resigned: false, said: null, signAt: null };
  // The first term is the chat's own, so nobody was lost before the second.
  return { ...nobody, epoch, settled: epoch === 2, heardAt: now, promised: 0 };
}

function endedOf({ ended }: RunRow) {
  return ended && { status: ended.status, replacedBy: ended.replacedBy };
}
