// What a tier is to a chat: something that brings a run from its ask to its end. All else, the log, its readers,
// stopping and coming back after a crash, is the same in every tier.
import type { Kept } from "../cache/cache-status.ts";
import type { Term } from "../producers/office.ts";
import type { Result } from "../protocol/problems.ts";
import type { CacheStatus, ProviderName, RunParams, RunStartedRecord } from "../protocol/records.ts";
import type { RecoveryPolicy } from "../protocol/requests.ts";
import type { Ask, Turn } from "../providers/provider.ts";
import type { WholeAnswer } from "./log-writer.ts";
import type { CacheWish } from "./run-ask.ts";

/** A run that may begin, as far as its tier may want to know it. */
export interface Prospect {
  readonly provider: ProviderName;
  readonly model: string;
  readonly params: RunParams;
  readonly cache: CacheWish;
  readonly tenant: string;
  /** When it was asked, Unix ms. */
  readonly time: number;
  /** The conversation down to the message that will be answered. */
  readonly turns: readonly Turn[];
}

/** What a tier found out before a run begins. */
export interface Outlook {
  cache: CacheStatus;
  /** What the tier must know of the run after a crash too. */
  plan: string | null;
  /** The answer, where it is there already: then the run is over when it begins. */
  whole: WholeAnswer | null;
  /** Of a kept answer: how old it is, and how long it is kept still. */
  kept: Kept | null;
}

/** A run that is to be brought to its end. */
export interface Assignment {
  readonly run: number;
  readonly started: RunStartedRecord;
  readonly policy: RecoveryPolicy;
  /** What the tier had to say of it before it began. */
  readonly plan: string | null;
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
  /** Looks ahead before a run begins; may take a moment, and may refuse. */
  prepare?(prospect: Prospect): Promise<Result<Outlook>>;
  /** Resolves when the run has ended or is somebody else's to end. Rejects for a reason of ours: it is called again later. */
  produce(assignment: Assignment): Promise<void>;
}
