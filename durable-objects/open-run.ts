// A run in memory: what its producer has brought, what of it is written, and what the next batch must look like.
import type { AppendOutcome, Batch } from "../producers/office.ts";
import type { Phase, RunStartedRecord } from "../protocol/records.ts";
import type { Bookmark } from "../providers/provider.ts";
import type { ChunkLog, RunRow } from "./chunk-log.ts";

/** A run as it is in memory, until its end is promised. */
export interface OpenRun {
  readonly run: number;
  readonly id: string;
  readonly started: RunStartedRecord;
  epoch: number;
  /** The next batch expected in this epoch. */
  nextSeq: number;
  /** Code units written as rows, and the text shown beyond them. */
  committed: number;
  tail: string;
  /** Text beyond this may not be promised yet. */
  bound: number;
  chunks: number;
  bookmark: Bookmark | null;
  bookmarkWritten: boolean;
  phase: Phase;
  attempt: number;
  detail: string | null;
  firstTokenMs: number | null;
  /** When the oldest thing not written yet came, Unix ms; null when all is written. */
  dirtySince: number | null;
  /** The positions of `run.started` and of the run's last row. */
  readonly first: number;
  position: number;
  /** Who waits for what is shown now to be promised. */
  waiters: ((offset: string) => void)[];
  /** Its end is written and takes no more; readers may yet have to be shown what came before. */
  closed: boolean;
}

/** How much of the tail may be promised. */
export function promisable({ committed, tail, bound }: OpenRun): number {
  return Math.min(tail.length, Math.max(0, bound - committed));
}

/** Why a batch cannot be taken, judged before any of it is. */
export function refuse(open: OpenRun, batch: Batch): AppendOutcome | undefined {
  let length = open.committed + open.tail.length;
  for (const { at, text } of batch.deltas) {
    if (at < open.committed) return { kind: "refused", through: open.committed };
    if (at > length) return { kind: "hole", length };
    length = at + text.length;
  }
  return undefined;
}

/** An open run as the disk knows it, after the object's memory was lost or before it was ever used. */
export function reopen(log: ChunkLog, row: RunRow): OpenRun {
  const { length, chunks, producer, position } = log.progress(row);
  return {
    run: row.run,
    id: row.started.run,
    started: row.started,
    epoch: row.epoch,
    nextSeq: producer?.epoch === row.epoch ? producer.seq + 1 : 0,
    committed: length,
    tail: "",
    bound: Number.POSITIVE_INFINITY,
    chunks,
    bookmark: producer?.bookmark ?? null,
    bookmarkWritten: producer?.bookmark != null,
    phase: "waiting",
    attempt: 1,
    detail: null,
    firstTokenMs: producer?.firstTokenMs ?? null,
    dirtySince: null,
    first: row.first,
    position,
    waiters: [],
    closed: false,
  };
}
