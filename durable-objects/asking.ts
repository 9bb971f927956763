// What a chat and a shared answer say to each other, whatever lies between them.
import type { LogRecord, ProviderName, Receipt } from "../protocol/records.ts";
import type { RecoveryPolicy } from "../protocol/requests.ts";
import type { Ask } from "../providers/provider.ts";

/** One run that wants an answer. */
export interface Asking {
  /** The run's id: whoever comes back with it is the same asker. */
  run: string;
  provider: ProviderName;
  ask: Ask;
  policy: RecoveryPolicy;
  /** Where the answer will be kept, and for how long, seconds. */
  key: string;
  ttl: number;
  /** Have it made, where there is none. */
  begin: boolean;
}

/** How it went: to the answer's end, or there was none and none was to be made. */
export type Followed = { kind: "ended"; pays: boolean } | { kind: "none" };

/** An answer that may be shared, as one who asks for it sees it. */
export interface AnswerDoor {
  /**
   * Reads the answer's records from its beginning: `take` is called with each, and whether it is promised. What `take`
   * throws ends it, and is thrown. Rejects when the answer can't be reached, or the connection breaks.
   */
  follow(asking: Asking, take: (record: LogRecord, promised: boolean) => void, signal: AbortSignal): Promise<Followed>;
  /** This run wants it no more. Gives the answer's receipt when it is this run that pays for it, else null. */
  leave(run: string): Promise<Receipt | null>;
}

/** The event after the answer's last record. */
export const FAREWELL = "followed";
export interface Farewell {
  /** Of all who asked, this one's receipt carries what the answer cost. */
  pays: boolean;
}
