// Delivers the outbox: to the person's list, to the archive where there is one, and to the counters. None waits for another
// for long, nothing of the chat waits for any, and what fails is tried again until it holds.
import type { Archive } from "../archive/archive.ts";
import { isAway, reasonOf } from "../archive/reason.ts";
import type { Clock } from "../producers/producer.ts";
import type { Outage } from "../protocol/outage.ts";
import type { ChunkLog } from "./chunk-log.ts";
import type { Counting } from "./counting.ts";
import type { LogWriter } from "./log-writer.ts";
import { type ChatUpdate, type Extent, heardOf, pendingFacts, pendingUpdate } from "./outbox.ts";

/** How long the list waits for the archive, so that most often it is told once, with how far the archive has come. */
const HEAD_START_MS = 300;
/** Answers that are over before this are told of once, with their end. */
const ANNOUNCE_MS = 500;
const RETRY_MS = [1_000, 5_000, 30_000, 120_000, 600_000];

export interface DeliveriesOptions {
  log: ChunkLog;
  writer: LogWriter;
  clock: Clock;
  random(): number;
  tellList(owner: string, update: ChatUpdate): Promise<void>;
  archive: Pick<Archive, "save"> | null;
  /** Told when the archive is away, and when it is not. */
  outage: Pick<Outage, "failed" | "over">;
  counting: Pick<Counting, "settle">;
  /** Whether the log is still there to be read, and nothing is being written to it. */
  state(): "gone" | "busy" | "idle";
  warn(message: string, details: Record<string, unknown>): void;
}

export class Deliveries {
  readonly #options: DeliveriesOptions;
  readonly #log: ChunkLog;
  /** What the list has heard since this object woke: the cursors come after, once a run. */
  #heard: Extent = { through: 0, archived: 0 };

  constructor(options: DeliveriesOptions) {
    this.#options = options;
    this.#log = options.log;
  }

  /** Tells the list what began, in a moment: the first word of its answer has precedence. */
  announceSoon(): void {
    this.#options.clock.after(ANNOUNCE_MS, () => void this.announce());
  }

  /** Tells the list what is new, now, whatever becomes of it. */
  async announce(): Promise<void> {
    await this.#tell(this.#options.writer.durable, this.#archived);
  }

  /** Delivers all that is on disk. Null when everybody knows it, else how long to wait before the next attempt, ms. */
  async deliver(): Promise<number | null> {
    const { archive, counting, writer, random } = this.#options;
    const through = writer.durable;
    const settling = counting.settle();
    const keeping = archive ? this.#keep(archive, through) : true;
    const inTime = archive !== null && (await Promise.race([keeping, this.#headStart()]));
    let told = await this.#tell(through, inTime ? through : this.#archived);
    const kept = await keeping;
    if (archive && kept && !inTime && told) told = await this.#tell(through, through);
    const counted = await settling;
    if (told && kept && counted) {
      this.#remember({ delivered: through, ...(archive && { archived: through }), attempts: 0 });
      // A whole answer may have come meanwhile.
      return writer.durable > through ? 0 : null;
    }
    const attempts = this.#log.chat?.attempts ?? 0;
    // What is not counted lies beyond the list's cursor: after a crash it is told again, and marked.
    const cursors = told && (counted ? { delivered: through } : archive && kept && { archived: through });
    this.#remember({ ...cursors, attempts: attempts + 1 });
    // Not all chats at once when what was away is back.
    return (RETRY_MS[Math.min(attempts, RETRY_MS.length - 1)] ?? 0) * (0.75 + random() / 2);
  }

  #headStart(): Promise<false> {
    return new Promise((resolve) => this.#options.clock.after(HEAD_START_MS, () => resolve(false)));
  }

  get #archived(): number {
    return this.#log.chat?.archived ?? 0;
  }

  /** The cursor is written once a run, when nothing more is to be expected soon. */
  #remember(cursors: Parameters<ChunkLog["setDelivered"]>[0]): void {
    if (this.#options.state() === "idle") this.#log.setDelivered(cursors);
  }

  async #tell(through: number, archived: number): Promise<boolean> {
    const { state, tellList, warn } = this.#options;
    const { chat } = this.#log;
    if (!chat || state() === "gone") return true;
    const extent = { through, archived };
    try {
      const update = pendingUpdate(this.#log, extent, furthest(this.#heard, heardOf(chat)));
      if (!update) return true;
      await tellList(chat.owner, update);
      this.#heard = furthest(this.#heard, extent);
      return true;
    } catch (error) {
      warn("the person's list could not be told; trying again later", { error: String(error) });
      return false;
    }
  }

  /** Sends the archive all it does not know; true when it knows everything. */
  async #keep(archive: Pick<Archive, "save">, through: number): Promise<boolean> {
    const { state, outage, warn } = this.#options;
    for (;;) {
      const facts = state() === "gone" ? null : pendingFacts(this.#log, through);
      if (!facts) return true;
      try {
        await archive.save(facts);
      } catch (error) {
        if (isAway(error)) outage.failed(error);
        // Once, not once an attempt.
        else if (this.#log.chat?.attempts === 0) {
          warn("the archive refuses what it is told; trying again until it does not", { error: reasonOf(error) });
        }
        return false;
      }
      outage.over();
      if (facts.through === through) return true;
      // What is left may be much: it is not sent again.
      if (state() !== "gone") this.#log.setDelivered({ archived: facts.through });
    }
  }
}

const furthest = (one: Extent, other: Extent): Extent => ({
  through: Math.max(one.through, other.through),
  archived: Math.max(one.archived, other.archived),
});
