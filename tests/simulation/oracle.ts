// What must always be true. The oracle reads the disk itself and takes nothing from the modules but what they told the
// outside: an offset that was given, a term that was granted, a run that was said to have ended.
import { isDeepStrictEqual } from "node:util";
import { isMigrated } from "../../durable-objects/migrations.ts";
import type { Frame } from "../../durable-objects/subscribers.ts";
import type { ProducerState } from "../../producers/office.ts";
import { parseOffset } from "../../protocol/offsets.ts";
import type {
  DeltaRecord,
  LogRecord,
  Recovery,
  RunEndedRecord,
  RunStartedRecord,
  RunStatus,
} from "../../protocol/records.ts";
import type { Bookmark, Turn } from "../../providers/provider.ts";
import type { CrashDisk } from "./crash-disk.ts";

interface LogRow extends Record<string, string | number | null> {
  position: number;
  run: number | null;
  type: string;
  body: string;
  producer: string | null;
}

export interface RunOnRecord {
  run: number;
  started: RunStartedRecord;
  text: string;
  ended: RunEndedRecord | null;
  recoveries: Recovery[];
  epoch: number;
  seq: number;
  bookmark: Bookmark | null;
}

export class Oracle {
  readonly runs = new Map<number, RunOnRecord>();
  /** Models in whose name somebody outside has spoken. */
  readonly outside = new Set<string>();
  /** Runs a person asked to stop. */
  readonly stopped = new Set<number>();
  /** Whether nothing that could break a run is planned: then each must be completed. */
  readonly serene: boolean;
  violation: string | null = null;
  /** How far the process of the moment says that the log is on disk. */
  durable: () => number = () => 0;
  /** The world's time, ms. */
  now: () => number = () => 0;
  readonly #disk: CrashDisk;
  readonly #chatId: string;
  /** Every promised row, by position - 1. None may ever change. */
  readonly #rows: LogRow[] = [];
  /** The whole texts that models and producers meant, by the model's name in the ask. */
  readonly #truths = new Map<string, string[]>();
  readonly #marks = new Map<string, Set<string>>();
  readonly #epochs = new Map<number, Set<number>>();
  readonly #seen = new WeakSet<Frame>();
  /** What this process has shown of each run, promised or not. */
  readonly #shown = new Map<number, string>();
  /** Text that is shown and not promised: how far it goes, and since when. */
  #waiting: { run: number; length: number; since: number }[] = [];
  /** The last position written by the end of a turn. */
  #ends: { turn: number; position: number }[] = [{ turn: -1, position: 0 }];
  #written = 0;

  constructor(disk: CrashDisk, chatId: string, serene: boolean) {
    this.#disk = disk;
    this.#chatId = chatId;
    this.serene = serene;
  }

  /** Keeps the first violation; those after it follow from it. */
  fail(message: string): void {
    this.violation ??= message;
  }

  check(holds: boolean, message: () => string): void {
    if (!holds) this.fail(message());
  }

  /** How far the log is promised. */
  get promised(): number {
    return this.#rows.length;
  }

  runId(run: number): string {
    return `${this.#chatId}.${run}`;
  }

  numberOf(id: string): number {
    return Number(id.slice(this.#chatId.length + 1));
  }

  /** A producer is about to say this text, and no other. */
  meant(model: string, text: string): void {
    const texts = this.#truths.get(model);
    if (texts) texts.push(text);
    else this.#truths.set(model, [text]);
  }

  truths(model: string): readonly string[] {
    return this.#truths.get(model) ?? [];
  }

  /** With this bookmark a stream can be taken up just after `length` characters of the run's text. */
  marked(model: string, length: number, bookmark: Bookmark | null): void {
    const marks = this.#marks.get(model) ?? new Set();
    this.#marks.set(model, marks.add(`${length} ${JSON.stringify(bookmark)}`));
  }

  /** One producer's words only, from the beginning, with nothing dropped, doubled or moved. */
  isMeant(model: string, text: string): boolean {
    return text === "" || this.truths(model).some((truth) => truth.startsWith(text));
  }

  granted(run: number, epoch: number, length: number): void {
    const epochs = this.#epochs.get(run) ?? new Set([1]);
    this.check(!epochs.has(epoch), () => `run ${run}: epoch ${epoch} was granted before`);
    this.#epochs.set(run, epochs.add(epoch));
    const promised = this.runs.get(run)?.text.length ?? 0;
    this.check(length <= promised, () => `run ${run}: epoch ${epoch} starts at ${length}, promised are ${promised}`);
  }

  /** The highest epoch that was ever granted. */
  epoch(run: number): number {
    return Math.max(1, ...(this.#epochs.get(run) ?? []));
  }

  /** Text is being shown. While the process lives nothing that was shown goes away. */
  showing(run: number, { at, text }: DeltaRecord): void {
    const before = this.#shown.get(run) ?? this.runs.get(run)?.text ?? "";
    const now = before.slice(0, at) + text;
    this.check(at <= before.length, () => `run ${run}: shown is text at ${at}, of text that ends at ${before.length}`);
    this.check(
      now.startsWith(before),
      () => `run ${run}: ${JSON.stringify(before)} was shown, now it is ${JSON.stringify(now)}`,
    );
    this.#shown.set(run, now);
    if (text) this.#waiting.push({ run, length: now.length, since: this.now() });
  }

  /** What is shown may wait for its promise so long, ms, and no longer. */
  checkPatience(most: number): void {
    this.#waiting = this.#waiting.filter(({ run, length }) => (this.runs.get(run)?.text.length ?? 0) < length);
    const [first] = this.#waiting;
    const late = first && this.now() - first.since > most;
    this.check(!late, () => `run ${first?.run}: ${first?.length} characters are shown, not promised after ${most} ms`);
  }

  endTurn(last: number): void {
    if (last !== this.#written) {
      this.#written = last;
      this.#ends.push({ turn: this.#disk.turn, position: last });
    }
    this.catchUp();
  }

  /** Takes as promised what the process says is on disk. */
  catchUp(): void {
    this.absorb(this.durable());
  }

  /** Everything up to `through` counts as promised from now on. */
  absorb(through: number): void {
    if (through <= this.promised) return;
    while (this.#ends[1] && this.#ends[1].turn <= this.#disk.safe) this.#ends.shift();
    const safe = this.#ends[0]?.position ?? 0;
    this.check(through <= safe, () => `offset ${through} is given, but a crash could take all after ${safe}`);
    for (const row of this.#read(this.promised, through)) this.#promise(row);
    this.check(this.promised === through, () => `offset ${through} is given, the log ends at ${this.promised}`);
  }

  #read(after: number, through: number): LogRow[] {
    const sql = "SELECT * FROM log WHERE position > ? AND position <= ? ORDER BY position";
    return this.#disk.exec<LogRow>(sql, after, through);
  }

  #promise(row: LogRow): void {
    const where = `position ${row.position} (${row.type})`;
    this.check(row.position === this.#rows.length + 1, () => `${where}: positions have a hole or repeat`);
    this.#rows.push(row);
    if (row.run === null) return;
    const record = this.#toRecord(row);
    const known = this.runs.get(row.run);
    if (record.type === "run.started") {
      this.check(known === undefined, () => `${where}: run ${row.run} started twice`);
      const run = {
        run: row.run,
        started: record,
        text: "",
        ended: null,
        recoveries: [],
        epoch: 1,
        seq: -1,
        bookmark: null,
      };
      this.runs.set(row.run, run);
    } else if (!known || known.ended) {
      this.fail(`${where}: run ${row.run} ${known ? "has ended" : "has not started"}`);
    } else this.#advance(known, record, row, where);
  }

  #advance(run: RunOnRecord, record: LogRecord, row: LogRow, where: string): void {
    if (record.type === "delta") {
      const { length } = run.text;
      this.check(record.at === length, () => `${where}: goes on at ${record.at}, the text ends at ${length}`);
      run.text += record.text;
      this.check(this.isMeant(run.started.model, run.text), () => `${where}: nobody meant these words`);
      const { epoch, seq, bookmark } = JSON.parse(row.producer ?? "null") as ProducerState;
      const mark = `${run.text.length} ${JSON.stringify(bookmark)}`;
      const marked = this.#marks.get(run.started.model)?.has(mark) || bookmark === null;
      this.check(marked, () => `${where}: the bookmark does not go with the text, ${mark}`);
      const unmarked = bookmark === null && this.#mustBeMarked(run);
      this.check(!unmarked, () => `${where}: the text came with a bookmark, and it is not there`);
      const later = epoch > run.epoch || (epoch === run.epoch && seq > run.seq);
      this.check(later, () => `${where}: batch ${epoch}/${seq} after ${run.epoch}/${run.seq}`);
      Object.assign(run, { epoch, seq, bookmark });
    } else if (record.type === "run.recovered") {
      const { mode, at, madeTwice } = record;
      this.check(at === run.text.length, () => `${where}: recovered at ${at}, the text ends at ${run.text.length}`);
      this.check(mode === "continue" || madeTwice === 0, () => `${where}: re-attached, ${madeTwice} made twice`);
      run.recoveries.push({ mode, at, madeTwice });
    } else if (record.type === "run.ended") {
      run.ended = record;
      this.#checkEnd(run, record, where);
    }
  }

  /** Every piece that brought the text to where it ends came with a bookmark. */
  #mustBeMarked({ started, text }: RunOnRecord): boolean {
    const marks = [...(this.#marks.get(started.model) ?? [])].filter((mark) => mark.startsWith(`${text.length} `));
    return (
      text !== "" && marks.length > 0 && !marks.includes(`${text.length} null`) && !this.outside.has(started.model)
    );
  }

  #checkEnd(run: RunOnRecord, { status, replacedBy, receipt }: RunEndedRecord, where: string): void {
    const shown = this.#shown.get(run.run) ?? "";
    this.check(run.text.startsWith(shown), () => `${where}: ${JSON.stringify(shown)} was shown and is lost`);
    const whole = this.truths(run.started.model).includes(run.text);
    this.check(status !== "completed" || whole, () => `${where}: completed, but the text is not whole`);
    this.check(status !== "cancelled" || this.stopped.has(run.run), () => `${where}: cancelled by nobody`);
    this.check(
      !this.serene || status === "completed" || status === "cancelled",
      () => `${where}: ${status} for nothing`,
    );
    this.check(
      isDeepStrictEqual(receipt.recoveries, run.recoveries),
      () => `${where}: the receipt tells other recoveries`,
    );
    if (replacedBy === null) return;
    const other = this.runs.get(this.numberOf(replacedBy));
    this.check(
      other?.started.parent === run.started.parent,
      () => `${where}: replaced by ${replacedBy}, not a sibling`,
    );
  }

  #toRecord({ type, run, body }: LogRow): LogRecord {
    return { type, ...(run !== null && { run: this.runId(run) }), ...JSON.parse(body) } as LogRecord;
  }

  /** A reader is being sent this. */
  sent(frame: Frame): void {
    const { record, offset } = frame;
    if (offset === undefined || this.#seen.has(frame)) return;
    this.#seen.add(frame);
    const position = parseOffset(offset);
    if (typeof position === "number") this.absorb(position);
    const row = this.#rows[Number(position) - 1];
    if (!row) {
      this.fail(`"${offset}" is not an offset`);
      return;
    }
    const promise = this.#toRecord(row);
    const same =
      record.type === "commit" && promise.type === "delta"
        ? record.run === promise.run && record.through === promise.at + promise.text.length
        : isDeepStrictEqual(record, promise);
    this.check(
      same,
      () => `offset ${offset} is ${JSON.stringify(promise)} on disk; sent was ${JSON.stringify(record)}`,
    );
  }

  /** After a crash: all that was promised must still be there, as it was. Returns the log's new end. */
  afterCrash(): number {
    this.#shown.clear();
    this.#waiting = [];
    const rows = isMigrated(this.#disk) ? this.#read(0, Number.MAX_SAFE_INTEGER) : [];
    const kept = rows.slice(0, this.promised);
    this.check(isDeepStrictEqual(kept, this.#rows), () => "a crash took or changed something promised");
    const position = rows.length;
    this.#written = position;
    this.#ends = [{ turn: this.#disk.safe, position }];
    return position;
  }

  /** A run was said to have ended in this way. */
  saidEnded(run: number, status: RunStatus): void {
    const ended = this.runs.get(run)?.ended;
    this.check(ended?.status === status, () => `run ${run} was said to be ${status}, promised is ${ended?.status}`);
  }

  /** Every promised record, in order. */
  records(): LogRecord[] {
    return this.#rows.map((row) => this.#toRecord(row));
  }

  /** What a model must be shown of the conversation: the path from the root to the message being answered. */
  pathTo(id: string | null): Turn[] {
    const turns: Turn[] = [];
    for (let next = id; next !== null; ) {
      const position = Number(next.slice(1));
      const row = next.startsWith("m") ? this.#rows[position - 1] : undefined;
      const message = row && this.#toRecord(row);
      const run = next.startsWith("a") ? this.runs.get(position) : undefined;
      if (message?.type === "message") turns.push({ role: message.role, text: message.text });
      else if (run?.text) turns.push({ role: "assistant", text: run.text });
      next = message?.type === "message" ? message.parent : (run?.started.parent ?? null);
    }
    return turns.reverse();
  }
}
