// Planted faults: each puts one broken part in place of a real one, as a plausible mistake would break it. A simulation
// that does not catch every one of them proves nothing by passing.
import { ChunkLog, type RunRow } from "../../durable-objects/chunk-log.ts";
import { LogWriter, type Takeover } from "../../durable-objects/log-writer.ts";
import type { OpenRun } from "../../durable-objects/open-run.ts";
import type { Sql } from "../../durable-objects/sql.ts";
import { type Reader, type Sink, type Source, Subscribers } from "../../durable-objects/subscribers.ts";
import type { AppendOutcome, Batch, ProducerState } from "../../producers/office.ts";
import type { Clock } from "../../producers/producer.ts";
import type { LogRecord } from "../../protocol/records.ts";
import { reduce } from "../../protocol/reduce.ts";
import type { Bookmark } from "../../providers/provider.ts";
import { type Parts, REAL } from "./process.ts";

export interface Mutant {
  name: string;
  parts: Partial<Parts>;
}

/** A log that keeps its hands on the SQL below it. */
class OpenLog extends ChunkLog {
  protected readonly sql: Sql;

  constructor(sql: Sql) {
    super(sql);
    this.sql = sql;
  }
}

const log = (Broken: new (sql: Sql) => ChunkLog): Partial<Parts> => ({ chunkLog: (sql) => new Broken(sql) });
const writer = (Broken: typeof LogWriter): Partial<Parts> => ({
  logWriter: (chunkLog, sync, clock, audience) => new Broken(chunkLog, sync, clock, audience),
});
const subscribers = (Broken: typeof Subscribers): Partial<Parts> => ({
  subscribers: (chunkLog, clock, source) => new Broken(chunkLog, clock, source),
});
/** Readers who are told something else of the writer than is true. */
const source = (told: (truth: Source) => Source): Partial<Parts> => ({
  subscribers: (chunkLog: ChunkLog, clock: Clock, truth: () => Source) =>
    REAL.subscribers(chunkLog, clock, () => told(truth())),
});

/** Appends `batch` as if it were the next one of whoever is in office. */
function force(to: LogWriter, take: LogWriter["append"], run: number, batch: Batch): AppendOutcome {
  const open = to.openRun(run);
  if (!open) return { kind: "fenced" };
  let at = open.committed + open.tail.length;
  const deltas = batch.deltas.map(({ text }) => {
    const delta = { at, text };
    at += text.length;
    return delta;
  });
  return take(run, open.epoch, open.nextSeq, { ...batch, deltas });
}

export const MUTANTS: Mutant[] = [
  {
    name: "drop: a row loses the end of its text",
    parts: log(
      class extends ChunkLog {
        override append(record: LogRecord, run: number | null, producer: ProducerState | null = null): number {
          const cut = record.type === "delta" && record.at > 0 && record.text.length > 1;
          return super.append(cut ? { ...record, text: record.text.slice(0, -1) } : record, run, producer);
        }
      },
    ),
  },
  {
    name: "drop: a batch is acknowledged and forgotten",
    parts: writer(
      class extends LogWriter {
        #count = 0;
        override append(run: number, epoch: number, seq: number, batch: Batch): AppendOutcome {
          if (++this.#count % 9 !== 0) return super.append(run, epoch, seq, batch);
          return super.append(run, epoch, seq, { deltas: [], bookmark: batch.bookmark });
        }
      },
    ),
  },
  {
    name: "double: a batch that comes again is taken again",
    parts: writer(
      class extends LogWriter {
        override append(run: number, epoch: number, seq: number, batch: Batch): AppendOutcome {
          const outcome = super.append(run, epoch, seq, batch);
          return outcome.kind === "duplicate" ? force(this, super.append.bind(this), run, batch) : outcome;
        }
      },
    ),
  },
  {
    name: "late fence: a producer is heard until its successor speaks",
    parts: writer(
      class extends LogWriter {
        override append(run: number, epoch: number, seq: number, batch: Batch): AppendOutcome {
          const open = this.openRun(run);
          const late = open && epoch < open.epoch && open.nextSeq === 0;
          return late ? force(this, super.append.bind(this), run, batch) : super.append(run, epoch, seq, batch);
        }
      },
    ),
  },
  {
    name: "late fence: an epoch does not outlive the process",
    parts: log(
      class extends ChunkLog {
        override setEpoch(): void {}
      },
    ),
  },
  {
    name: "drop: what was shown before a term of office is not promised",
    parts: writer(
      class extends LogWriter {
        override takeOver(run: number): Promise<Takeover | undefined> {
          const open = this.openRun(run) as OpenRun | undefined;
          if (open) Object.assign(open, { tail: "", dirtySince: null });
          return super.takeOver(run);
        }
      },
    ),
  },
  { name: "offset before commit", parts: { sync: () => () => Promise.resolve() } },
  {
    name: "offset before commit: the disk is asked before the row is written",
    parts: {
      sync: (disk) => {
        let last = Promise.resolve();
        return () => {
          const before = last;
          last = disk.sync();
          return before;
        };
      },
    },
  },
  {
    name: "gap accepted",
    parts: writer(
      class extends LogWriter {
        override append(run: number, epoch: number, seq: number, batch: Batch): AppendOutcome {
          const outcome = super.append(run, epoch, seq, batch);
          return outcome.kind === "gap" ? force(this, super.append.bind(this), run, batch) : outcome;
        }
      },
    ),
  },
  {
    name: "tail not resent on resume",
    parts: source((truth) => ({ durable: truth.durable, openRun: () => undefined, openRuns: () => [] })),
  },
  {
    name: "tail hidden once the run's end is written",
    parts: source((truth) => {
      const running = (run: ReturnType<Source["openRun"]>) => (run?.closed ? undefined : run);
      return {
        durable: truth.durable,
        openRun: (run) => running(truth.openRun(run)),
        openRuns: () => [...truth.openRuns()].filter((run) => !run.closed),
      };
    }),
  },
  {
    name: "promise changed: rows are packed into one after they were promised",
    parts: log(
      class extends OpenLog {
        override append(record: LogRecord, run: number | null, producer: ProducerState | null = null): number {
          const position = super.append(record, run, producer);
          const again = JSON.stringify({ at: 0, text: "" });
          if (record.type === "delta" && record.at > 0) {
            this.sql.exec(
              "UPDATE log SET body = ? WHERE run = ? AND type = 'delta' AND position < ?",
              again,
              run,
              position,
            );
          }
          return position;
        }
      },
    ),
  },
  {
    name: "bookmark not committed: a row keeps the bookmark of the row before",
    parts: log(
      class extends ChunkLog {
        readonly #before = new Map<number | null, Bookmark | null>();
        override append(record: LogRecord, run: number | null, producer: ProducerState | null = null): number {
          if (!producer) return super.append(record, run);
          const bookmark = this.#before.get(run) ?? producer.bookmark;
          this.#before.set(run, producer.bookmark);
          return super.append(record, run, { ...producer, bookmark });
        }
      },
    ),
  },
  {
    name: "bookmark outlives its answer",
    parts: writer(
      class extends LogWriter {
        override append(run: number, epoch: number, seq: number, batch: Batch): AppendOutcome {
          const bookmark = batch.bookmark ?? this.openRun(run)?.bookmark ?? null;
          return super.append(run, epoch, seq, { ...batch, bookmark });
        }
      },
    ),
  },
  {
    name: "sequence not committed: a row tells of one batch fewer",
    parts: log(
      class extends ChunkLog {
        override append(record: LogRecord, run: number | null, producer: ProducerState | null = null): number {
          return super.append(record, run, producer && { ...producer, seq: producer.seq - 1 });
        }
      },
    ),
  },
  {
    name: "recovery goes on from the row before the last",
    parts: log(
      class extends ChunkLog {
        override text(run: RunRow): { text: string; chunks: number } {
          const { text, chunks } = super.text(run);
          return run.ended || chunks < 2 ? { text, chunks } : { text: text.slice(0, -1), chunks };
        }
      },
    ),
  },
  {
    name: "asked twice, run twice",
    parts: log(
      class extends ChunkLog {
        override remember(): void {}
      },
    ),
  },
  {
    name: "a replay begins one record late",
    parts: log(
      class extends ChunkLog {
        override read(after: number, through: number, maxBytes: number, run?: number) {
          return super.read(after > 0 ? after + 1 : 0, through, maxBytes, run);
        }
      },
    ),
  },
  {
    name: "a replay goes beyond what is on disk",
    parts: source((truth) => ({
      get durable() {
        return Math.max(truth.durable, ...[...truth.openRuns()].map((run) => run.position));
      },
      openRun: (run) => truth.openRun(run),
      openRuns: () => truth.openRuns(),
    })),
  },
  {
    name: "a reader with no room misses what comes, and is not told",
    parts: subscribers(
      class extends Subscribers {
        override add(run: number | undefined, position: number, sink: Sink): Reader {
          return super.add(run, position, {
            ready: true,
            send: (frame) => sink.ready && sink.send(frame),
            end: () => sink.end(),
          });
        }
      },
    ),
  },
  {
    name: "gathered text is sent after the promise of it",
    parts: subscribers(
      class extends Subscribers {
        readonly #late: (() => void)[] = [];
        override shown(...shown: Parameters<Subscribers["shown"]>): void {
          if (this.size > 3 && shown[1].type === "delta") this.#late.push(() => super.shown(...shown));
          else super.shown(...shown);
        }
        override promised(...promised: Parameters<Subscribers["promised"]>): void {
          super.promised(...promised);
          for (const show of this.#late.splice(0)) show();
        }
      },
    ),
  },
  {
    name: "promises are told out of order",
    parts: subscribers(
      class extends Subscribers {
        #held: Parameters<Subscribers["promised"]> | undefined;
        override promised(...promised: Parameters<Subscribers["promised"]>): void {
          const held = this.#held;
          this.#held = undefined;
          if (!held && promised[1].type === "commit") {
            this.#held = promised;
            return;
          }
          super.promised(...promised);
          if (held) super.promised(...held);
        }
      },
    ),
  },
  {
    name: "a reader keeps the tail that a crash took",
    parts: {
      reduce: (chat, record, promised) => {
        const longer =
          record.type === "delta" &&
          !promised &&
          record.at + record.text.length < (chat.runs[record.run]?.text.length ?? 0);
        return longer ? chat : reduce(chat, record, promised);
      },
    },
  },
  {
    name: "a reader takes what is shown for promised",
    parts: { reduce: (chat, record) => reduce(chat, record, true) },
  },
];
