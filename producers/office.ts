// A producer's office: the one door through which it writes its run, for one term. Behind it is a chat's log, in this
// process or in another; a producer can't tell, and needs to know nothing else of a log.
import type { DeltaRecord, Phase, Recovery, RunEndedRecord, RunStartedRecord } from "../protocol/records.ts";
import type { Bookmark } from "../providers/provider.ts";

export interface Batch {
  deltas: readonly Pick<DeltaRecord, "at" | "text">[];
  /** Where to take the stream up with all of this. Text that comes without one can't be taken up again. */
  bookmark: Bookmark | null;
  /**
   * How far the run's text may be promised, where whoever it comes from has promised no more: promises chain. Until a
   * later batch says otherwise, text beyond may be shown and taken back. Absent: all of it. Goes with no bookmark.
   */
  bound?: number;
}

export type AppendOutcome =
  | { kind: "appended" }
  /** Seen before; nothing changed. */
  | { kind: "duplicate" }
  /** A batch is missing before it: send from `expected`. */
  | { kind: "gap"; expected: number }
  /** Text is missing before it: go on at `length`. */
  | { kind: "hole"; length: number }
  /** Another producer has taken over, or the run has ended: stop. */
  | { kind: "fenced" }
  /** It would change promised text, which ends at `through`. */
  | { kind: "refused"; through: number };

/** How far a run's producer had come when a row was written. Commits with that row. */
export interface ProducerState {
  epoch: number;
  /** The last batch of this epoch whose records are on disk. */
  seq: number;
  bookmark: Bookmark | null;
  /** When the row was written, Unix ms. */
  time: number;
  firstTokenMs: number | null;
}

/** What a producer may know of the run it writes. */
export interface HeldRun {
  readonly started: RunStartedRecord;
  readonly bookmark: Bookmark | null;
  readonly phase: Phase;
  readonly firstTokenMs: number | null;
}

/** How a producer says that its run ends. The record's other fields are the log's to add. */
export type Ended = Omit<RunEndedRecord, "type" | "run" | "time" | "replacedBy">;

export interface Office {
  /** Undefined once the run is no longer this producer's to write: it was fenced, or the run has ended. */
  readonly held: HeldRun | undefined;
  /** Shows what came, now; it is promised at the next commit. */
  append(batch: Batch): AppendOutcome;
  /** Tells readers what the run is doing. */
  phase(phase: Phase, attempt: number, detail: string | null): void;
  /** Records that the run goes on after a break. Throws when the log does not take it. */
  recovered(recovery: Omit<Recovery, "at">): void;
  /**
   * Promises all that was shown and closes the run; with `replace`, another run begins in its place. Resolves when that is
   * on disk, or the run is no longer this producer's. Rejects when the log does not take it.
   */
  end(ended: Ended, replace: boolean): Promise<void>;
}

/** What a producer that follows another one is left by it. */
export interface Inheritance {
  /** Producers that this run had before. */
  predecessors: number;
  /** The last of them laid down its office and left nothing behind: what it had made is on disk, and nobody makes more. */
  resigned: boolean;
  /** The text on disk, and the state its predecessor last committed. */
  text: string;
  before: ProducerState | null;
  recoveries: Recovery[];
}

/** A term of office. `inherited` is null for the run's first producer. */
export interface Term {
  office: Office;
  inherited: Inheritance | null;
}
