// What a tier is to a chat: something that brings a run from its ask to its end. All else, the log, its readers,
// stopping and coming back after a crash, is the same in every tier.
import type { Term } from "../producers/office.ts";
import type { RunStartedRecord } from "../protocol/records.ts";
import type { RecoveryPolicy } from "../protocol/requests.ts";
import type { Ask } from "../providers/provider.ts";

/** A run that is to be brought to its end. */
export interface Assignment {
  readonly run: number;
  readonly started: RunStartedRecord;
  readonly policy: RecoveryPolicy;
  /** What a provider is shown: the conversation down to the message answered. */
  readonly ask: Ask;
  /** Aborted when a person stops the answer, or its chat is deleted. */
  readonly signal: AbortSignal;
  /** Nobody has held office in this run yet. */
  readonly fresh: boolean;
  /**
   * Takes office: of a fresh run that nobody else has taken up its first term, else the next one, which fences whoever
   * held the one before. Null when the run has ended.
   */
  takeOffice(): Promise<Term | null>;
}

export interface TierProducer {
  /** Resolves when the run has ended or is somebody else's to end. Rejects for a reason of ours: it is called again later. */
  produce(assignment: Assignment): Promise<void>;
}
