// Starts a chat's runs, stops them, and sees to it that every one of them ends: after a crash the platform calls the
// object's alarm again, and each run found open gets a new producer under a new epoch.
import type { Kept } from "../cache/cache-status.ts";
import type { Ended, Term } from "../producers/office.ts";
import type { Clock, Log } from "../producers/producer.ts";
import { MAX_OPEN_RUNS_PER_CHAT } from "../protocol/limits.ts";
import { fail, ok, type Result } from "../protocol/problems.ts";
import type { CacheStatus, LogRecord, RunStartedRecord, RunStatus, Tier } from "../protocol/records.ts";
import type { Ask, Turn } from "../providers/provider.ts";
import type { ChunkLog, RunRow } from "./chunk-log.ts";
import { LogOffice } from "./log-office.ts";
import type { LogWriter, Opening, Remembered } from "./log-writer.ts";
import { answerId, findMessage, messageId, pathTo } from "./messages.ts";
import type { RunAsk } from "./run-ask.ts";
import type { Outlook, TierProducer } from "./tier-producer.ts";

export interface Started {
  run: number;
  id: string;
  cache: CacheStatus;
  /** Of a kept answer that was given. */
  kept: Kept | null;
}

/** What an ask comes to, as the log stands: a run there is already, or one that follows `parent`. */
type Admission = { known: RunRow } | { known: null; parent: string | null };

/** What a provider is shown: the turns, and a system prompt that is not the run's own. */
export type Conversation = Pick<Ask, "turns"> & Partial<Pick<Ask, "system">>;

interface Options {
  chunkLog: ChunkLog;
  writer: LogWriter;
  clock: Clock;
  producer(tier: Tier): TierProducer;
  /**
   * Called in the turn in which a run begins: somebody must see it end, and be told of, whatever happens next. One that is
   * not open is over already.
   */
  begun?(open: boolean): void;
  /** The conversation down to a message; by default, that of the log's tree. */
  conversation?(message: string): Conversation;
  log: Log;
}

interface Producing {
  controller: AbortController;
  done: Promise<void>;
}

/** How long a run waits for its next producer when one could not go on for a reason of ours, ms. */
const AFTER_FAILURE_MS = 2_000;

export class Supervisor {
  readonly #options: Options;
  readonly #log: ChunkLog;
  readonly #writer: LogWriter;
  readonly #producing = new Map<number, Producing>();
  #abandoned = false;

  constructor(options: Options) {
    this.#options = options;
    this.#log = options.chunkLog;
    this.#writer = options.writer;
  }

  /**
   * Writes the ask and its run to disk, then lets a producer answer it. `create` makes the chat where there is none yet,
   * in the transaction in which its first run begins: an ask that is refused, or fails, leaves nothing behind.
   */
  async start(ask: RunAsk, create?: () => void): Promise<Result<Started>> {
    const time = this.#options.clock.now();
    let admitted = this.#admit(ask);
    let outlook: Outlook = { cache: "off", plan: null, whole: null, kept: null };
    const producer = this.#options.producer(ask.tier);
    while (producer.prepare && admitted.ok && !admitted.value.known) {
      const { parent } = admitted.value;
      const prepared = await producer.prepare({ ...ask, time, turns: this.#turns(ask, parent) });
      if (this.#abandoned) return fail("unknown_chat", "The chat was deleted.");
      // In the meantime the same ask may have come again, or another one before it.
      admitted = this.#admit(ask);
      if (!admitted.ok || admitted.value.known) break;
      if (!prepared.ok) return prepared;
      outlook = prepared.value;
      if (admitted.value.parent === parent) break;
    }
    if (!admitted.ok) return admitted;
    if (admitted.value.known) return this.#again(admitted.value.known);
    const { parent } = admitted.value;
    const open = () => {
      create?.();
      return this.#open(ask, time, parent, outlook);
    };
    const { run, started } = await this.begin(open, ask.idempotency ?? undefined);
    return ok({ run, id: started.run, cache: outlook.cache, kept: outlook.kept });
  }

  /** Begins the run that `open` gives; resolves when that is on disk. Rejects when it is not, and then nothing has begun. */
  async begin(open: () => Opening, remember?: Remembered): Promise<Opening> {
    const { opening, onDisk } = this.#writer.start(open, remember);
    if (!opening.whole) this.#launch(opening.run, onDisk);
    this.#options.begun?.(!opening.whole);
    await onDisk;
    return opening;
  }

  #admit(ask: RunAsk): Result<Admission> {
    const { idempotency } = ask;
    const known = idempotency && this.#log.chat && this.#log.idempotent(idempotency.key);
    if (known) {
      if (known.fingerprint !== idempotency.fingerprint) {
        return fail("idempotency_conflict", "This Idempotency-Key came with another request before. Use a new key.");
      }
      return ok({ known: this.#log.run(known.run) as RunRow });
    }
    if (this.#producing.size >= MAX_OPEN_RUNS_PER_CHAT) {
      return fail("too_many_runs", "Wait for an answer of this chat to end, or stop one.", {
        limit: MAX_OPEN_RUNS_PER_CHAT,
        value: this.#producing.size,
        retryAfter: 5,
      });
    }
    const parent = this.#parent(ask);
    return parent.ok ? ok({ known: null, parent: parent.value }) : parent;
  }

  async #again({ run, started, ended }: RunRow): Promise<Result<Started>> {
    // The first one may be on its way to the disk only.
    await this.#writer.settled();
    const age = ended?.receipt.age;
    return ok({ run, id: started.run, cache: started.cache, kept: age === undefined ? null : { age, ttl: null } });
  }

  #turns({ prompt, history = [] }: RunAsk, parent: string | null): Turn[] {
    const before = parent === null ? [...history] : pathTo(this.#log, parent);
    return prompt === null ? before : [...before, { role: "user", text: prompt }];
  }

  /** Gives every open run that has no producer a new one. Called when the object may have lost its memory. */
  recover(): void {
    for (const { run } of this.#writer.openRuns()) this.#adopt(run);
  }

  /** Resolves when no run is open. */
  async settled(): Promise<void> {
    while (this.#producing.size > 0) await Promise.all([...this.#producing.values()].map(({ done }) => done));
  }

  get busy(): boolean {
    return this.#producing.size > 0;
  }

  /** Stops a run at its provider; what was shown is kept. Resolves when the run has ended, with how it ended. */
  async cancel(run: number): Promise<RunStatus> {
    // A producer that another one has fenced stops, and cannot end the run: then one of ours takes it back, to end it.
    while (this.#writer.openRun(run)?.closed === false && !this.#abandoned) {
      this.#adopt(run);
      const producing = this.#producing.get(run);
      producing?.controller.abort(new Error("cancelled"));
      await producing?.done;
    }
    await this.#writer.settled();
    return this.#log.run(run)?.ended?.status ?? "cancelled";
  }

  /** Stops everything without a trace: the chat is about to be deleted. */
  async abandon(): Promise<void> {
    this.#abandoned = true;
    for (const { controller } of this.#producing.values()) controller.abort(new Error("deleted"));
    await this.settled();
  }

  #adopt(run: number, controller?: AbortController): void {
    if (!this.#producing.has(run) && !this.#abandoned) this.#launch(run, null, controller);
  }

  /** Lets the run's tier bring it to its end; `onDisk` for a run that begins, null for one that had a producer. */
  #launch(run: number, onDisk: Promise<void> | null, controller = new AbortController()): void {
    const done = this.#produce(run, onDisk, controller.signal).then(
      () => void this.#producing.delete(run),
      async (error) => {
        this.#options.log("producer failed", { run, error: String(error) });
        // The disk, most likely. The run is not over, so it keeps a producer, who is still told to stop if this one was.
        await new Promise<void>((resolve) => this.#options.clock.after(AFTER_FAILURE_MS, resolve));
        this.#producing.delete(run);
        if (this.#writer.openRun(run)) this.#adopt(run, controller);
      },
    );
    this.#producing.set(run, { controller, done });
  }

  async #produce(run: number, onDisk: Promise<void> | null, signal: AbortSignal): Promise<void> {
    await onDisk;
    const row = this.#log.run(run);
    if (!row) return;
    const { started, recovery: policy, plan, trace } = row;
    const { temperature, maxOutputTokens } = started.params;
    const ask = {
      ...this.#conversation(started),
      model: started.model,
      temperature,
      maxOutputTokens,
      ...(trace && { trace }),
    };
    const fresh = onDisk !== null;
    const takeOffice = async () => {
      const first = fresh && this.#writer.openRun(run)?.epoch === 1;
      return first ? { office: this.#office(run, 1), inherited: null } : this.#succeed(run);
    };
    await this.#options.producer(started.tier).produce({ run, started, policy, plan, ask, signal, fresh, takeOffice });
  }

  #conversation({ parent, params: { system } }: RunStartedRecord): Pick<Ask, "turns" | "system"> {
    return { system, ...(this.#options.conversation?.(parent) ?? { turns: pathTo(this.#log, parent) }) };
  }

  /** The next term of a run, with what the one before has left. */
  async #succeed(run: number): Promise<Term | null> {
    const takeover = await this.#writer.takeOver(run);
    const row = this.#log.run(run);
    if (!takeover || !row) return null;
    const { epoch, before } = takeover;
    const { text } = this.#log.text(row);
    const inherited = { predecessors: epoch - 1, resigned: false, before, text, recoveries: this.#log.recoveries(row) };
    return { office: this.#office(run, epoch), inherited };
  }

  #office(run: number, epoch: number): LogOffice {
    const end = (ended: Ended, replace: boolean) => this.end(run, epoch, ended, replace);
    return new LogOffice({ writer: this.#writer, run, epoch, end });
  }

  /** Ends a run for whoever holds that epoch; with `replace`, another one begins in its place. */
  async end(run: number, epoch: number, ended: Ended, replace: boolean): Promise<void> {
    const replacement = replace ? this.#replacement(run) : undefined;
    const took = await this.#writer.end(run, epoch, ended, replacement);
    if (took && replacement) this.#launch(replacement.run, Promise.resolve());
  }

  /** What an ask follows that does not say: the newest run's answer, or, to answer again, what that answered. */
  #goesOn(again: boolean): string | null {
    const last = this.#log.chat && this.#log.run(this.#log.nextRun() - 1);
    return (again ? last?.started.parent : last?.started.message) ?? null;
  }

  /** The message a run will answer (no prompt), or the one its prompt will follow. */
  #parent({ prompt, parentId }: RunAsk): Result<string | null> {
    const id = parentId === undefined ? this.#goesOn(prompt === null) : parentId;
    if (id === null) {
      return prompt === null ? fail("bad_request", "There is nothing to answer again: send a prompt.") : ok(null);
    }
    const message = this.#log.chat && findMessage(this.#log, id);
    if (!message) return fail("bad_request", `parentId: this chat has no message "${id.slice(0, 40)}".`);
    if (prompt === null && message.role !== "user") {
      return fail("bad_request", "parentId: without a prompt it must name a person's message, to answer it again.");
    }
    if (prompt !== null && message.role !== "assistant") {
      return fail("bad_request", "parentId: a prompt follows an answer, or null for the beginning of the chat.");
    }
    if (message.run?.ended === null) {
      return fail("conflict", "The answer this would follow is still being written. Wait for its end, or stop it.");
    }
    return ok(id);
  }

  #open(ask: RunAsk, time: number, parent: string | null, { cache, plan, whole }: Outlook): Opening {
    const { prompt, history = [], tier, provider, model, params, recovery, hold = null, trace = null } = ask;
    const records: LogRecord[] = [];
    let answered = parent;
    const said: Turn[] = prompt === null ? [] : [...history, { role: "user", text: prompt }];
    for (const { role, text } of said) {
      const id = messageId(this.#log.last + records.length + 1);
      records.push({ type: "message", id, parent: answered, role, text, time });
      answered = id;
    }
    const asked = { parent: answered ?? "", tier, provider, model, params, cache, time };
    return { records, recovery, plan, hold, trace, whole, ...this.#next(asked) };
  }

  /** A second run for the same message. It may not be replaced in its turn: that would spend without end. */
  #replacement(run: number): Opening {
    const row = this.#log.run(run) as RunRow;
    const started = { ...row.started, time: this.#options.clock.now() };
    return {
      records: [],
      recovery: "continue",
      plan: row.plan,
      hold: row.hold,
      trace: row.trace,
      ...this.#next(started),
    };
  }

  #next(asked: Omit<RunStartedRecord, "type" | "run" | "message">): { run: number; started: RunStartedRecord } {
    const run = this.#log.nextRun();
    return { run, started: { ...asked, type: "run.started", run: this.#log.runId(run), message: answerId(run) } };
  }
}
