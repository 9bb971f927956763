// When a chat rests: one that lies idle for long gives up its storage to the archive, and the next visit, of whatever
// kind, brings it back. `eviction.ts` is how its log gets there and back. A chat whose object was lost rests as well, once
// it is adopted; `rebuild.ts` is how its log comes back.
import type { Archive } from "../archive/archive.ts";
import { reasonOf } from "../archive/reason.ts";
import type { Clock } from "../producers/producer.ts";
import { fail, ok, type Result } from "../protocol/problems.ts";
import type { ChunkLog } from "./chunk-log.ts";
import { fetchBack, parseStub, store } from "./eviction.ts";
import { rebuild, welcome } from "./rebuild.ts";

/** When an idle chat that could not give up its storage tries again. */
const AGAIN_MS = 3_600_000;
const UNREACHABLE = fail(
  "archive_unreachable",
  "This chat rests in the archive, which does not answer now. It is safe there; ask again in a moment.",
  { retryAfter: 5 },
);

interface Options {
  log: ChunkLog;
  archive: Archive | null;
  /** How long a chat lies idle before it rests; null for ever. */
  afterMs: number | null;
  clock: Clock;
  /** The log is still the chat's, and the chat is not being deleted. */
  isThere(): boolean;
  /** Nothing of the chat is open, and nobody reads it. */
  isQuiet(): boolean;
  /** Told when the log was emptied, or is there again: nothing that was built on it holds. */
  changed(): void;
  /** Has `rest` called in so many ms. */
  lookIn(ms: number): Promise<void>;
  /** For the operator. */
  warn(message: string, details: Record<string, unknown>): void;
}

/** Whether somebody has yet to learn of what is in the log. */
const isUntold = ({ chat, last }: ChunkLog): boolean =>
  chat !== undefined && Math.min(chat.delivered, chat.archived) < last;

export class Resting {
  readonly #options: Options;
  readonly #log: ChunkLog;
  #returning: Promise<Result<null>> | undefined;

  constructor(options: Options) {
    this.#options = options;
    this.#log = options.log;
  }

  /** Brings the log back where it rests; `gone` is what the chat's visitors are told when it was deleted meanwhile. */
  async present(gone: Result<never>): Promise<Result<null>> {
    if (!this.#log.chat?.evicted) return ok(null);
    this.#returning ??= this.#bringBack(gone).finally(() => {
      this.#returning = undefined;
    });
    return this.#returning;
  }

  async #bringBack(gone: Result<never>): Promise<Result<null>> {
    const { archive, afterMs, clock, isThere, changed, lookIn, warn } = this.#options;
    const { chat } = this.#log;
    try {
      if (!archive) throw new Error("DATABASE_URL is not set");
      const stub = parseStub(chat?.evicted ?? "");
      if ("parts" in stub) {
        const image = await fetchBack(chat?.chatId ?? "", stub, archive);
        if (!isThere()) return gone;
        this.#log.restore(image, clock.now());
      } else {
        await rebuild(this.#log, stub.through, archive, isThere);
        if (!isThere()) return gone;
        welcome(this.#log, clock.now());
      }
    } catch (error) {
      warn("a chat could not be brought back from the archive", { error: reasonOf(error) });
      return UNREACHABLE;
    }
    const untold = isUntold(this.#log);
    changed();
    if (untold) await lookIn(0);
    else if (afterMs !== null) await lookIn(afterMs);
    return ok(null);
  }

  /** Gives up the storage of a chat that has nothing going on; false when something speaks against it. */
  async evict(): Promise<boolean> {
    const { archive, isThere, isQuiet, changed, warn } = this.#options;
    const log = this.#log;
    const { last } = log;
    const atRest = () =>
      isThere() && isQuiet() && log.chat?.evicted === null && log.chat.archived === last && log.last === last;
    if (!archive || !atRest()) return false;
    try {
      const stub = await store(log, archive);
      // Whoever came meanwhile keeps it here.
      if (!stub || !atRest()) return false;
      log.evict(JSON.stringify(stub));
    } catch (error) {
      warn("a chat could not be put into the archive as a whole", { error: reasonOf(error) });
      return false;
    }
    changed();
    return true;
  }

  /** Evicts the chat when it has lain idle for long. Null, or in how many ms to look again. */
  async rest(): Promise<number | null> {
    const { afterMs, clock } = this.#options;
    const { chat } = this.#log;
    if (afterMs === null || !chat || chat.evicted) return null;
    const newest = this.#log.run(this.#log.nextRun() - 1);
    const left = Math.max(chat.restored, newest?.ended?.time ?? chat.created) + afterMs - clock.now();
    if (left > 0) return left;
    const { last } = this.#log;
    if (await this.evict()) return null;
    return this.#log.last > last ? 0 : AGAIN_MS;
  }
}
