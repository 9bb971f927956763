// An answer that is made once for all who ask the same: who wants it, when it has to be made, who pays, and when nobody
// wants it any more. Its log, writer, readers and producer are those of a chat with one question, which is forgotten when
// it is answered: what is kept for others is the text, not what somebody said.
import { isWhole, type KeptAnswer } from "../cache/kept-answer.ts";
import { PaceNotes } from "../cache/pace.ts";
import type { Clock } from "../producers/producer.ts";
import { MAX_FOLLOWERS } from "../protocol/limits.ts";
import type { LogRecord, Receipt } from "../protocol/records.ts";
import { Askers } from "./askers.ts";
import type { Asking } from "./asking.ts";
import type { ChunkLog, RunRow } from "./chunk-log.ts";
import type { Audience, LogWriter, Opening } from "./log-writer.ts";
import { answerId, findMessage, messageId, pathTo } from "./messages.ts";
import type { OpenRun } from "./open-run.ts";
import type { Sql } from "./sql.ts";
import type { Conversation, Supervisor } from "./supervisor.ts";

/** What must be known of an answer's run until it is kept. */
interface Plan {
  key: string;
  ttl: number;
}

interface Asker extends Record<string, string | number> {
  asker: string;
  run: number;
}

interface Options {
  name: string;
  sql: Sql;
  log: ChunkLog;
  writer(): LogWriter;
  clock: Clock;
  supervisor(): Supervisor;
}

/** The conversation is kept in pieces of at most this, UTF-16 code units: a row holds 2 MB. */
const PIECE = 250_000;

export class SharedAnswer {
  readonly #options: Options;
  readonly #log: ChunkLog;
  #askers = new Askers();
  /** Who left. An ask that its own leave has overtaken must not bring back one who wants it no more. */
  readonly #left = new Set<string>();
  /** Runs that nobody wants any more. */
  readonly #unwanted = new Set<number>();
  readonly #notes = new Map<number, PaceNotes>();

  constructor(options: Options) {
    this.#options = options;
    this.#log = options.log;
    if (!this.#log.chat) return;
    this.#loadAskers();
    if (this.#log.openRuns().length === 0) this.#log.forgetMessages();
  }

  /**
   * The run that answers, which is begun if need be and if that is wanted; undefined when there is none, or as many follow
   * it already as may.
   */
  join(asking: Asking): number | undefined {
    if (this.#left.has(asking.run)) return undefined;
    if (!this.#log.chat) {
      if (!asking.begin) return undefined;
      this.#create();
    }
    const before = this.#askers.runOf(asking.run);
    if (before !== undefined && this.#log.run(before)?.ended?.status !== "cancelled") return before;
    const last = this.#last();
    const joinable = last && this.#isJoinable(last) ? last : undefined;
    if (joinable && !joinable.ended && this.#askers.countOf(joinable.run) >= MAX_FOLLOWERS) return undefined;
    const joined = joinable?.run ?? (asking.begin ? this.#begin(asking) : undefined);
    if (joined !== undefined) this.#register(asking.run, joined);
    return joined;
  }

  /** One who asked wants it no more; the last one stops it. Gives the receipt where it is this one that pays. */
  async leave(asker: string): Promise<Receipt | null> {
    this.#left.add(asker);
    const run = this.#askers.runOf(asker);
    if (run === undefined) return null;
    const ended = this.#log.run(run)?.ended;
    if (ended) return this.pays(asker, run) ? ended.receipt : null;
    this.#askers.remove(asker);
    this.#options.sql.exec("DELETE FROM askers WHERE asker = ?", asker);
    if (this.#askers.countOf(run) > 0) return null;
    this.#unwanted.add(run);
    await this.#options.supervisor().cancel(run);
    return this.#log.run(run)?.ended?.receipt ?? null;
  }

  /** What an answer cost stands on one receipt: that of the first who asked and is still there. */
  pays(asker: string, run: number): boolean {
    return this.#askers.firstOf(run) === asker;
  }

  /** After a crash: goes on with what is wanted, and stops what nobody wants any more. */
  recover(): void {
    const supervisor = this.#options.supervisor();
    for (const { run } of this.#options.writer().openRuns()) {
      if (this.#askers.countOf(run) > 0) continue;
      this.#unwanted.add(run);
      void supervisor.cancel(run);
    }
    supervisor.recover();
  }

  /** The conversation that a message of this log stands for. */
  conversation(message: string): Conversation {
    const json = pathTo(this.#log, message).map(({ text }) => text);
    const said = JSON.parse(json.join("")) as Conversation | Conversation["turns"];
    // An answer that an earlier version began has its system prompt with its run.
    return "turns" in said ? said : { turns: said };
  }

  /** Nobody comes back for it any more: that somebody asked first is all that must be known of who did. */
  forgetAskers(): void {
    if (!this.#log.chat) return;
    this.#options.sql.exec("UPDATE askers SET asker = 'somebody ' || id WHERE asker NOT LIKE 'somebody %'");
    this.#loadAskers();
  }

  #loadAskers(): void {
    this.#askers = new Askers();
    for (const { asker, run } of this.#options.sql.exec<Asker>("SELECT asker, run FROM askers ORDER BY id")) {
      this.#askers.add(asker, run);
    }
  }

  /** Takes note of an answer's pace on its way to the readers; forgets what was asked once nobody is left to answer it. */
  listen(audience: Audience): Audience {
    return {
      shown: (open, record) => {
        this.#note(open, record);
        audience.shown(open, record);
      },
      promised: (run, record, position) => {
        audience.promised(run, record, position);
        if (record.type === "run.ended" && this.#log.openRuns().length === 0) this.#log.forgetMessages();
      },
    };
  }

  /** The newest answer, if it is whole: as it is to be kept, and under which key. */
  get kept(): { key: string; position: number; answer: KeptAnswer } | null {
    const row = this.#last();
    const { key, ttl } = planOf(row) ?? { key: "", ttl: 0 };
    if (!row?.ended || !isKept(row)) return null;
    const { text } = this.#log.text(row);
    const { finish, time, receipt } = row.ended;
    const { inputTokens, outputTokens, cost, firstTokenMs, totalMs } = receipt;
    const pace = this.#notesOf(row.run).pace(text.length);
    const figures = { inputTokens, outputTokens, cost, firstTokenMs, totalMs };
    const answer = { text, finish: finish ?? "stop", pace, ...figures, madeAt: time, keptUntil: time + ttl * 1000 };
    return { key, position: row.last ?? 0, answer };
  }

  /** When the newest answer ended, Unix ms; null while it is being made. */
  get endedAt(): number | null {
    return this.#last()?.ended?.time ?? null;
  }

  #last(): RunRow | undefined {
    return this.#log.chat && this.#log.run(this.#log.nextRun() - 1);
  }

  #isJoinable(row: RunRow): boolean {
    const plan = planOf(row);
    if (row.ended) return isKept(row) && row.ended.time + (plan?.ttl ?? 0) * 1000 > this.#options.clock.now();
    return !this.#unwanted.has(row.run);
  }

  #create(): void {
    const { name, sql, clock } = this.#options;
    this.#log.create(name, "", "", clock.now());
    sql.exec("CREATE TABLE askers (id INTEGER PRIMARY KEY, asker TEXT NOT NULL, run INTEGER NOT NULL)");
  }

  #register(asker: string, run: number): void {
    this.#askers.add(asker, run);
    this.#options.sql.exec("INSERT INTO askers (asker, run) VALUES (?, ?)", asker, run);
  }

  #begin({ provider, ask, policy, key, ttl }: Asking): number {
    const { clock } = this.#options;
    const { model, temperature, maxOutputTokens, system, turns, trace = null } = ask;
    const time = clock.now();
    const run = this.#log.nextRun();
    const said = this.#last()?.started.parent ?? "";
    const records = findMessage(this.#log, said) ? [] : toMessages({ system, turns }, this.#log.last, time);
    const opening: Opening = {
      records,
      run,
      // Whoever is left without an answer sees for itself whether to have another one made.
      recovery: policy === "replace" ? "continue" : policy,
      plan: JSON.stringify({ key, ttl } satisfies Plan),
      trace,
      started: {
        type: "run.started",
        run: this.#log.runId(run),
        parent: records.at(-1)?.id ?? said,
        message: answerId(run),
        tier: "redis",
        provider,
        model,
        // The system prompt goes with the conversation.
        params: { temperature, maxOutputTokens, system: null },
        cache: "miss",
        time,
      },
    };
    void this.#options.supervisor().begin(() => opening);
    return run;
  }

  #note({ run, started }: OpenRun, record: LogRecord): void {
    if (record.type !== "delta") return;
    this.#notesOf(run).note(record.at + record.text.length, this.#options.clock.now() - started.time);
  }

  /** What was noted before a crash is gone; what its rows tell stands in for it. */
  #notesOf(run: number): PaceNotes {
    const noted = this.#notes.get(run);
    if (noted) return noted;
    const notes = new PaceNotes();
    const row = this.#log.run(run);
    if (row) for (const { length, time } of this.#log.growth(row)) notes.note(length, time - row.started.time);
    this.#notes.set(run, notes);
    return notes;
  }
}

function toMessages(conversation: Conversation, last: number, time: number) {
  const json = JSON.stringify(conversation);
  const messages: { type: "message"; id: string; parent: string | null; role: "user"; text: string; time: number }[] =
    [];
  for (let from = 0; from < json.length; ) {
    const high = /[\uD800-\uDBFF]/.test(json[from + PIECE - 1] ?? "");
    const text = json.slice(from, from + PIECE - (high ? 1 : 0));
    const id = messageId(last + messages.length + 1);
    messages.push({ type: "message", id, parent: messages.at(-1)?.id ?? null, role: "user", text, time });
    from += text.length;
  }
  return messages;
}

const planOf = (row: RunRow | undefined) => (row?.plan ? (JSON.parse(row.plan) as Plan) : null);

const isKept = ({ ended, started }: RunRow) => ended?.status === "completed" && isWhole(ended.finish, started.params);
