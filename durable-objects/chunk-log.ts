// The chat's log on disk: what each row is, and how it is written and read. Knows no clock, no reader and no network.
// One commit of a run is one row: the text since the last commit together with its producer's state, so that what was
// written and how far its producer had come can never disagree.
import type { ProducerState } from "../producers/office.ts";
import { formatRunId } from "../protocol/ids.ts";
import { formatOffset } from "../protocol/offsets.ts";
import type { LogRecord, Recovery, RunEndedRecord, RunStartedRecord, WireRecord } from "../protocol/records.ts";
import type { RecoveryPolicy } from "../protocol/requests.ts";
import { isMigrated, migrate } from "./migrations.ts";
import type { Sql, SqlValue } from "./sql.ts";

const STEPS = [
  `CREATE TABLE chat (
     id INTEGER PRIMARY KEY CHECK (id = 1),
     chat_id TEXT NOT NULL, owner TEXT NOT NULL, tenant TEXT NOT NULL, title TEXT, share TEXT, created INTEGER NOT NULL,
     delivered INTEGER NOT NULL DEFAULT 0, archived INTEGER NOT NULL DEFAULT 0, attempts INTEGER NOT NULL DEFAULT 0,
     evicted TEXT, restored INTEGER NOT NULL DEFAULT 0
   );
   CREATE TABLE log (
     position INTEGER PRIMARY KEY, run INTEGER, type TEXT NOT NULL, body TEXT NOT NULL, producer TEXT
   );
   CREATE TABLE runs (
     run INTEGER PRIMARY KEY, first INTEGER NOT NULL, last INTEGER, epoch INTEGER NOT NULL,
     recovery TEXT NOT NULL, started TEXT NOT NULL, ended TEXT, plan TEXT, hold TEXT, trace TEXT
   );
   CREATE TABLE idempotency (key TEXT PRIMARY KEY, fingerprint TEXT NOT NULL, run INTEGER NOT NULL) WITHOUT ROWID`,
  // The archive keeps the log itself from here on, and is told everything again.
  "UPDATE chat SET archived = 0",
];

export interface ChatRow {
  chatId: string;
  owner: string;
  /** Who may share answers and statistics with the owner. */
  tenant: string;
  title: string | null;
  /** What whoever has its link says to read it; null when it is not shared. */
  share: string | null;
  created: number;
  /** The outbox's cursors: everything up to these positions has reached the person's list, and the archive. */
  delivered: number;
  archived: number;
  /** How often in a row a delivery has failed. */
  attempts: number;
  /** What is left in the log's place while it rests in the archive; null when it is here. */
  evicted: string | null;
  /** When it last came back from there, Unix ms. */
  restored: number;
}

export interface RunRow {
  run: number;
  /** Positions of `run.started` and of `run.ended`. */
  first: number;
  last: number | null;
  epoch: number;
  recovery: RecoveryPolicy;
  started: RunStartedRecord;
  ended: RunEndedRecord | null;
  /** What its tier must know of it; nothing to anybody else. */
  plan: string | null;
  /** What its owner's limits are held by until it ends; null where there are none. */
  hold: string | null;
  /** The span that asked for it, as a `traceparent`. */
  trace: string | null;
}

interface LogRow extends Record<string, string | number | null> {
  position: number;
  run: number | null;
  type: string;
  body: string;
}

/**
 * A record as the archive keeps it: its position, its run, its type, the rest of it, and what only the run's own row has
 * (with `run.started` how far its recovery may go, with `run.ended` its epoch).
 */
export type KeptRecord = [position: number, run: number | null, type: string, body: object, aside?: string | number];

interface RunColumns extends Record<string, string | number | null> {
  run: number;
  first: number;
  last: number | null;
  epoch: number;
  recovery: string;
  started: string;
  ended: string | null;
  plan: string | null;
  hold: string | null;
  trace: string | null;
}

/** What a log is, besides the chat's own row: its tables and their keys. */
const IMAGE_TABLES = [
  ["log", "position"],
  ["runs", "run"],
  ["idempotency", "key"],
] as const;
const IMAGE_ROWS = 64;

/** Rows of a log as they are on disk. */
export type LogImage = { table: string; row: Record<string, SqlValue> }[];

const RUN_COLUMNS = "run, first, last, epoch, recovery, started, ended, plan, hold, trace";
const READ_ROWS = 256;
/** At most what a record's offset, type and run add to its body. */
const ENVELOPE_BYTES = 200;

export class ChunkLog {
  readonly #sql: Sql;
  #last = 0;
  #chat: ChatRow | undefined;

  constructor(sql: Sql) {
    this.#sql = sql;
    if (isMigrated(sql)) this.#open();
  }

  #open(): void {
    migrate(this.#sql, STEPS);
    const [top] = this.#sql.exec<{ position: number }>("SELECT coalesce(max(position), 0) AS position FROM log");
    this.#last = top?.position ?? 0;
    const [row] = this.#sql.exec<{
      chat_id: string;
      owner: string;
      tenant: string;
      title: string | null;
      share: string | null;
      created: number;
      delivered: number;
      archived: number;
      attempts: number;
      evicted: string | null;
      restored: number;
    }>(
      "SELECT chat_id, owner, tenant, title, share, created, delivered, archived, attempts, evicted, restored FROM chat",
    );
    if (row) {
      const { chat_id: chatId, ...chat } = row;
      this.#chat = { chatId, ...chat };
    }
  }

  /** The chat, or `undefined` when this storage never held one. */
  get chat(): ChatRow | undefined {
    return this.#chat;
  }

  /** The position of the last record written. */
  get last(): number {
    return this.#last;
  }

  /** Makes the chat; with `rest`, one whose log lies in the archive, which has it up to `archived`. */
  create(
    chatId: string,
    owner: string,
    tenant: string,
    created: number,
    rest: { archived: number; evicted: string | null } = { archived: 0, evicted: null },
  ): void {
    this.#open();
    const { archived, evicted } = rest;
    this.#sql.exec(
      "INSERT INTO chat (id, chat_id, owner, tenant, created, archived, evicted) VALUES (1, ?, ?, ?, ?, ?, ?)",
      chatId,
      owner,
      tenant,
      created,
      archived,
      evicted,
    );
    this.#chat = {
      chatId,
      owner,
      tenant,
      title: null,
      share: null,
      created,
      delivered: 0,
      archived,
      attempts: 0,
      evicted,
      restored: 0,
    };
  }

  setShare(share: string | null): void {
    this.#sql.exec("UPDATE chat SET share = ?", share);
    if (this.#chat) this.#chat = { ...this.#chat, share };
  }

  /** Moves the outbox's cursors: one row, whatever of it changes. */
  setDelivered(cursors: Partial<Pick<ChatRow, "delivered" | "archived" | "attempts">>): void {
    if (!this.#chat) return;
    const chat = { ...this.#chat, ...cursors };
    const { delivered, archived, attempts } = chat;
    if (delivered === this.#chat.delivered && archived === this.#chat.archived && attempts === this.#chat.attempts)
      return;
    this.#sql.exec("UPDATE chat SET delivered = ?, archived = ?, attempts = ?", delivered, archived, attempts);
    this.#chat = chat;
  }

  /** All rows of the log, in parts of about `length` UTF-16 code units of JSON. */
  *image(length: number): Generator<LogImage> {
    let part: LogImage = [];
    let size = 0;
    for (const [table, key] of IMAGE_TABLES) {
      for (let offset = 0; ; offset += IMAGE_ROWS) {
        const rows = this.#sql.exec(`SELECT * FROM ${table} ORDER BY ${key} LIMIT ${IMAGE_ROWS} OFFSET ${offset}`);
        for (const row of rows) {
          part.push({ table, row });
          size += JSON.stringify(row).length;
          if (size < length) continue;
          yield part;
          [part, size] = [[], 0];
        }
        if (rows.length < IMAGE_ROWS) break;
      }
    }
    if (part.length > 0) yield part;
  }

  /** Empties the log; `stub` is what is left in its place. */
  evict(stub: string): void {
    this.transaction(() => {
      for (const [table] of IMAGE_TABLES) this.#sql.exec(`DELETE FROM ${table}`);
      this.#sql.exec("UPDATE chat SET evicted = ?", stub);
    });
  }

  /** Writes the rows of an image back. */
  restore(image: LogImage, now: number): void {
    this.transaction(() => {
      for (const { table, row } of image) {
        if (!IMAGE_TABLES.some(([name]) => name === table)) throw new Error(`A log has no table "${table}".`);
        const names = Object.keys(row);
        const values = names.map(() => "?").join(", ");
        this.#sql.exec(`INSERT INTO ${table} (${names.join(", ")}) VALUES (${values})`, ...Object.values(row));
      }
      this.#sql.exec("UPDATE chat SET evicted = NULL, restored = ?", now);
    });
    this.#open();
  }

  /** The records after `after` and up to `through`, as JSON: those of a part from which `replay` writes them again. */
  part(after: number, through: number): string {
    const rows = this.#sql.exec<LogRow & { aside: string | number | null }>(
      `SELECT position, log.run AS run, type, body,
         CASE type WHEN 'run.started' THEN recovery WHEN 'run.ended' THEN epoch END AS aside
       FROM log LEFT JOIN runs ON runs.run = log.run WHERE position > ? AND position <= ? ORDER BY position`,
      after,
      through,
    );
    const records = rows.map(({ position, run, type, body, aside }) => {
      const more = aside === null ? "" : `,${JSON.stringify(aside)}`;
      return `[${position},${run},${JSON.stringify(type)},${body}${more}]`;
    });
    return `[${records.join(",\n")}]`;
  }

  /** Writes records again, as they were and where they were, as far as they are not here. Throws where one is missing. */
  replay(records: readonly KeptRecord[]): void {
    this.transaction(() => {
      for (const [position, run, type, body, aside] of records) {
        if (position <= this.#last) continue;
        if (position > this.#last + 1) throw new Error(`the record at ${this.#last + 1} is missing`);
        const record = { type, ...(run !== null && { run: this.runId(run) }), ...body } as LogRecord;
        if (record.type === "run.started" && run !== null) {
          this.startRun(run, record, aside as RecoveryPolicy);
        } else if (record.type === "run.ended" && run !== null) {
          this.endRun(run, record);
          if (aside !== 1) this.setEpoch(run, aside as number);
        } else this.append(record, run);
      }
    });
  }

  /** The log that was replayed is all here: the chat rests no more. */
  wake(now: number): void {
    this.#sql.exec("UPDATE chat SET evicted = NULL, restored = ?, archived = ?", now, this.#last);
    if (this.#chat) this.#chat = { ...this.#chat, evicted: null, restored: now, archived: this.#last };
  }

  /** Writes one record and returns its position. A title is the chat's from then on. */
  append(record: LogRecord, run: number | null, producer: ProducerState | null = null): number {
    const position = this.#last + 1;
    // The type and the run have columns of their own; the run's full id is the chat's id again.
    const { type, run: _, ...body } = record as LogRecord & { run?: string };
    this.#sql.exec(
      "INSERT INTO log (position, run, type, body, producer) VALUES (?, ?, ?, ?, ?)",
      position,
      run,
      type,
      JSON.stringify(body),
      producer && JSON.stringify(producer),
    );
    this.#last = position;
    if (record.type === "title") {
      this.#sql.exec("UPDATE chat SET title = ?", record.title);
      if (this.#chat) this.#chat = { ...this.#chat, title: record.title };
    }
    return position;
  }

  /** Forgets what was said; positions that were given are not given again. */
  forgetMessages(): void {
    this.#sql.exec("DELETE FROM log WHERE type = 'message'");
  }

  /** Writes all of `body`'s rows or none; positions given by one that failed are given again. */
  transaction<T>(body: () => T): T {
    const [last, chat] = [this.#last, this.#chat];
    try {
      return this.#sql.transaction(body);
    } catch (error) {
      this.#last = last;
      this.#chat = chat;
      throw error;
    }
  }

  /**
   * Records after `after` and up to `through`, in order, as they travel; of one run when `run` is given. Stops before
   * `maxBytes` of JSON, but gives at least one. `next` is the position to read after the next time.
   */
  read(after: number, through: number, maxBytes: number, run?: number): { records: WireRecord[]; next: number } {
    const records: WireRecord[] = [];
    let next = after;
    let bytes = 0;
    while (next < through) {
      const rows = this.#sql.exec<LogRow & { bytes: number }>(
        `SELECT position, run, type, body, octet_length(body) AS bytes FROM log WHERE position > ? AND position <= ? ${run === undefined ? "" : "AND run = ?"}
         ORDER BY position LIMIT ${READ_ROWS}`,
        next,
        through,
        ...(run === undefined ? [] : [run]),
      );
      for (const row of rows) {
        bytes += row.bytes + ENVELOPE_BYTES;
        if (bytes > maxBytes && records.length > 0) return { records, next };
        records.push(this.#toRecord(row));
        next = row.position;
      }
      if (rows.length < READ_ROWS) return { records, next: through };
    }
    return { records, next };
  }

  /** What others are told of a chat, after `after` and up to `through`: what was said, how runs ended, its name. */
  news(after: number, through: number, limit: number): { position: number; run: number | null; record: LogRecord }[] {
    const rows = this.#sql.exec<LogRow>(
      `SELECT position, run, type, body FROM log WHERE position > ? AND position <= ?
       AND type IN ('message', 'run.ended', 'title') ORDER BY position LIMIT ?`,
      after,
      through,
      limit,
    );
    return rows.map((row) => ({ position: row.position, run: row.run, record: this.#toRecord(row) }));
  }

  /** When the last thing up to `through` was said, began or ended; undefined where nothing was. */
  newest(through: number): number | undefined {
    const [row] = this.#sql.exec<{ body: string }>(
      `SELECT body FROM log WHERE position <= ? AND type IN ('message', 'run.started', 'run.ended')
       ORDER BY position DESC LIMIT 1`,
      through,
    );
    return row && (JSON.parse(row.body) as { time: number }).time;
  }

  #toRecord(row: LogRow): WireRecord {
    const run = row.run === null ? {} : { run: this.runId(row.run) };
    return { offset: formatOffset(row.position), type: row.type, ...run, ...JSON.parse(row.body) } as WireRecord;
  }

  runId(run: number): string {
    return formatRunId(this.#chat?.chatId ?? "", run);
  }

  /** One record by its position. */
  at(position: number): WireRecord | undefined {
    const [row] = this.#sql.exec<LogRow>("SELECT position, run, type, body FROM log WHERE position = ?", position);
    return row && this.#toRecord(row);
  }

  nextRun(): number {
    return (this.#sql.exec<{ run: number | null }>("SELECT max(run) AS run FROM runs")[0]?.run ?? 0) + 1;
  }

  /** Writes `run.started` and the run's own row. */
  startRun(
    run: number,
    started: RunStartedRecord,
    recovery: RecoveryPolicy,
    plan: string | null = null,
    hold: string | null = null,
    trace: string | null = null,
  ): number {
    const first = this.append(started, run);
    this.#sql.exec(
      "INSERT INTO runs (run, first, epoch, recovery, started, plan, hold, trace) VALUES (?, ?, 1, ?, ?, ?, ?, ?)",
      run,
      first,
      recovery,
      JSON.stringify(started),
      plan,
      hold,
      trace,
    );
    return first;
  }

  /** Writes a run whole: `run.started`, all of its text, `run.ended`, and its row; gives each record's position. */
  wholeRun(
    run: number,
    started: RunStartedRecord,
    recovery: RecoveryPolicy,
    text: string,
    ended: RunEndedRecord,
    hold: string | null = null,
    trace: string | null = null,
  ): [number, LogRecord][] {
    const delta: LogRecord = { type: "delta", run: started.run, at: 0, text };
    const records = [started, ...(text ? [delta] : []), ended];
    const whole = records.map((record): [number, LogRecord] => [this.append(record, run), record]);
    this.#sql.exec(
      "INSERT INTO runs (run, first, last, epoch, recovery, started, ended, hold, trace) VALUES (?, ?, ?, 1, ?, ?, ?, ?, ?)",
      run,
      this.#last - records.length + 1,
      this.#last,
      recovery,
      JSON.stringify(started),
      JSON.stringify(ended),
      hold,
      trace,
    );
    return whole;
  }

  /** Writes `run.ended` and closes the run's row. */
  endRun(run: number, ended: RunEndedRecord): number {
    const last = this.append(ended, run);
    this.#sql.exec("UPDATE runs SET last = ?, ended = ? WHERE run = ?", last, JSON.stringify(ended), run);
    return last;
  }

  setEpoch(run: number, epoch: number): void {
    this.#sql.exec("UPDATE runs SET epoch = ? WHERE run = ?", epoch, run);
  }

  run(run: number): RunRow | undefined {
    const [row] = this.#sql.exec<RunColumns>(`SELECT ${RUN_COLUMNS} FROM runs WHERE run = ?`, run);
    return row && toRun(row);
  }

  runs(): RunRow[] {
    return this.#sql.exec<RunColumns>(`SELECT ${RUN_COLUMNS} FROM runs ORDER BY run`).map(toRun);
  }

  openRuns(): RunRow[] {
    return this.#sql.exec<RunColumns>(`SELECT ${RUN_COLUMNS} FROM runs WHERE ended IS NULL ORDER BY run`).map(toRun);
  }

  /** A run's text on disk and the number of pieces that hold it. */
  text(run: RunRow): { text: string; chunks: number } {
    const rows = this.#sql.exec<{ body: string }>(
      "SELECT body FROM log WHERE position > ? AND position <= ? AND run = ? AND type = 'delta' ORDER BY position",
      run.first,
      run.last ?? this.#last,
      run.run,
    );
    return { text: rows.map((row) => (JSON.parse(row.body) as { text: string }).text).join(""), chunks: rows.length };
  }

  /** How long a run's text was when each of its pieces was written, Unix ms. */
  growth(run: RunRow): { length: number; time: number }[] {
    const rows = this.#sql.exec<{ body: string; producer: string | null }>(
      "SELECT body, producer FROM log WHERE position > ? AND run = ? AND type = 'delta' ORDER BY position",
      run.first,
      run.run,
    );
    return rows.flatMap(({ body, producer }) => {
      const { at, text } = JSON.parse(body) as { at: number; text: string };
      return producer === null
        ? []
        : [{ length: at + text.length, time: (JSON.parse(producer) as ProducerState).time }];
    });
  }

  /** How far the text of an open run goes on disk, and its producer's state when that was written. */
  progress(run: RunRow): { length: number; chunks: number; producer: ProducerState | null; position: number } {
    const [row] = this.#sql.exec<{ position: number; body: string; producer: string | null; chunks: number }>(
      `SELECT position, body, producer, (SELECT count(*) FROM log WHERE position > ?1 AND run = ?2 AND type = 'delta') AS chunks
       FROM log WHERE position > ?1 AND run = ?2 AND type = 'delta' ORDER BY position DESC LIMIT 1`,
      run.first,
      run.run,
    );
    if (!row) return { length: 0, chunks: 0, producer: null, position: run.first };
    const { at, text } = JSON.parse(row.body) as { at: number; text: string };
    const producer = row.producer === null ? null : (JSON.parse(row.producer) as ProducerState);
    return { length: at + text.length, chunks: row.chunks, producer, position: row.position };
  }

  /** The recoveries a run went through so far. */
  recoveries(run: RunRow): Recovery[] {
    return this.#sql
      .exec<{ body: string }>(
        "SELECT body FROM log WHERE position > ? AND run = ? AND type = 'run.recovered' ORDER BY position",
        run.first,
        run.run,
      )
      .map((row) => JSON.parse(row.body) as Recovery);
  }

  idempotent(key: string): { run: number; fingerprint: string } | undefined {
    return this.#sql.exec<{ run: number; fingerprint: string }>(
      "SELECT run, fingerprint FROM idempotency WHERE key = ?",
      key,
    )[0];
  }

  remember(key: string, fingerprint: string, run: number): void {
    this.#sql.exec("INSERT INTO idempotency (key, fingerprint, run) VALUES (?, ?, ?)", key, fingerprint, run);
  }
}

function toRun(row: RunColumns): RunRow {
  const { run, first, last, epoch, recovery, started, ended, plan, hold, trace } = row;
  return {
    run,
    first,
    last,
    epoch,
    recovery: recovery as RecoveryPolicy,
    started: JSON.parse(started) as RunStartedRecord,
    ended: ended === null ? null : (JSON.parse(ended) as RunEndedRecord),
    plan,
    hold,
    trace,
  };
}
