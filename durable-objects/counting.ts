// What of a chat's answers the counters know. An answer is counted once, at its end. Where nobody can say that it was (the
// counters were away, or this object ended before they answered), it is not counted again, which might double it: its time
// is marked as one of which the counters do not know everything, until that mark holds.
import type { StatsCounters } from "../cache/stats-counters.ts";
import type { RunEndedRecord } from "../protocol/records.ts";
import type { ChunkLog } from "./chunk-log.ts";

export interface CountingOptions {
  log: ChunkLog;
  /** Null where nothing is counted. */
  counters: Pick<StatsCounters, "count" | "miss"> | null;
}

export class Counting {
  readonly #log: ChunkLog;
  readonly #counters: CountingOptions["counters"];
  /** What was written before this object woke; of that beyond the outbox's cursor it can't know whether it was counted. */
  #before: number;
  #fresh: RunEndedRecord[] = [];
  /** When answers ended that are to be marked, Unix ms. */
  #missed: number[] = [];
  #counted: Promise<unknown> = Promise.resolve();

  constructor({ log, counters }: CountingOptions) {
    this.#log = log;
    this.#counters = counters;
    this.#before = log.last;
  }

  /** An answer has ended. Kept ones may be many: they are counted by the alarm. */
  ended(record: RunEndedRecord): void {
    if (!this.#counters) return;
    this.#fresh.push(record);
    if (record.receipt.cache !== "hit") void this.count();
  }

  /** Counts what has ended since the last time. Resolves when all of that is counted, or known to be missed. */
  async count(): Promise<void> {
    const answers = this.#fresh.splice(0);
    if (answers.length > 0) this.#counted = Promise.all([this.#counted, this.#count(answers)]);
    await this.#counted;
  }

  async #count(answers: RunEndedRecord[]): Promise<void> {
    const counted = await this.#counters?.count(this.#tenant, answers);
    if (!counted) this.#missed.push(...answers.map(({ time }) => time));
  }

  /** False while something is neither counted nor marked. */
  async settle(): Promise<boolean> {
    const { chat } = this.#log;
    if (!this.#counters || !chat) return true;
    if (chat.delivered < this.#before) {
      const news = this.#log.news(chat.delivered, this.#before, Number.MAX_SAFE_INTEGER);
      for (const { record } of news) if (record.type === "run.ended") this.#missed.push(record.time);
    }
    this.#before = 0;
    await this.count();
    const missed = this.#missed.splice(0);
    if (missed.length === 0 || (await this.#counters.miss(this.#tenant, missed))) return true;
    this.#missed.push(...missed);
    return false;
  }

  get #tenant(): string {
    return this.#log.chat?.tenant ?? "";
  }
}
