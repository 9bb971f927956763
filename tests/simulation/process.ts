// One life of the process that holds the chat: the real modules, joined as the chat's object joins them, on whatever the
// disk has kept. A mutant may put a broken part in place of a real one.
import { ChunkLog } from "../../durable-objects/chunk-log.ts";
import { type Audience, LogWriter, type Opening } from "../../durable-objects/log-writer.ts";
import { ownProducer } from "../../durable-objects/own-producer.ts";
import type { RunAsk } from "../../durable-objects/run-ask.ts";
import { pollSink } from "../../durable-objects/sinks.ts";
import type { Disk, Sql } from "../../durable-objects/sql.ts";
import type { Frame } from "../../durable-objects/subscribers.ts";
import { type Reader, type Sink, type Source, Subscribers } from "../../durable-objects/subscribers.ts";
import { type Started, Supervisor } from "../../durable-objects/supervisor.ts";
import type { Clock } from "../../producers/producer.ts";
import { formatOffset, parseOffset } from "../../protocol/offsets.ts";
import type { Result } from "../../protocol/problems.ts";
import type { WireRecord } from "../../protocol/records.ts";
import { reduce } from "../../protocol/reduce.ts";
import { type Life, TIMERS_LATE_MS } from "./scheduler.ts";
import type { World } from "./world.ts";

/** How each part is made. */
export interface Parts {
  reduce: typeof reduce;
  chunkLog(sql: Sql): ChunkLog;
  sync(disk: Disk): () => Promise<void>;
  logWriter(log: ChunkLog, sync: () => Promise<void>, clock: Clock, audience: Audience): LogWriter;
  subscribers(log: ChunkLog, clock: Clock, source: () => Source): Subscribers;
}

export const REAL: Parts = {
  reduce,
  chunkLog: (sql) => new ChunkLog(sql),
  sync: (disk) => () => disk.sync(),
  logWriter: (log, sync, clock, audience) => new LogWriter(log, sync, clock, audience),
  subscribers: (log, clock, source) => new Subscribers(log, clock, source),
};

export interface Page {
  records: WireRecord[];
  offset: string;
  live: boolean;
}

export class Process {
  readonly life: Life = { alive: true };
  readonly log: ChunkLog;
  readonly writer: LogWriter;
  readonly subscribers: Subscribers;
  readonly supervisor: Supervisor;
  readonly clock: Clock;
  readonly #world: World;

  constructor(world: World, parts: Parts) {
    this.#world = world;
    const { disk, scheduler, random } = world;
    disk.life = this.life;
    // Another machine's clock may be seconds off, in either direction.
    const skew = 1_700_000_000_000 + random.between(-2_000, 2_000);
    const clock: Clock = {
      now: () => skew + scheduler.now,
      after: (ms, callback) => scheduler.turnAfter(ms + random.between(0, TIMERS_LATE_MS), this.life, callback),
    };
    this.clock = clock;
    this.log = parts.chunkLog(disk);
    this.subscribers = parts.subscribers(this.log, clock, () => this.writer);
    this.writer = parts.logWriter(this.log, parts.sync(disk), clock, this.subscribers);
    this.#watchTerms();
    this.#watchShown();
    const log = (message: string, details: Record<string, unknown>) => world.logged(message, details);
    const own = ownProducer({
      clock,
      random: () => random.next(),
      cost: () => null,
      provider: (name) => world.models.provider(name, this.life),
      log,
    });
    this.supervisor = new Supervisor({ chunkLog: this.log, writer: this.writer, clock, producer: () => own, log });
  }

  /** What the chat's object does with an ask: it makes the chat if there is none, then starts the run. */
  start(ask: RunAsk): Promise<Result<Started>> {
    return this.supervisor.start(ask, () => this.#ensureChat());
  }

  #ensureChat(): void {
    if (!this.log.chat) this.log.create(this.#world.chatId, "somebody", "open", this.clock.now());
  }

  rename(title: string): Promise<void> {
    this.#ensureChat();
    return this.writer.write({ type: "title", title });
  }

  /** Starts a run whose producer is outside this process. */
  async startOutside(model: string): Promise<number> {
    const { opening, onDisk } = this.writer.start(() => this.#openOutside(model));
    await onDisk;
    return opening.run;
  }

  #openOutside(model: string): Opening {
    this.#ensureChat();
    const run = this.log.nextRun();
    const time = this.clock.now();
    const id = `m${this.log.last + 1}`;
    return {
      records: [{ type: "message", id, parent: null, role: "user", text: model, time }],
      run,
      recovery: "continue",
      plan: null,
      started: {
        type: "run.started",
        run: this.log.runId(run),
        parent: id,
        message: `a${run}`,
        tier: "temporal",
        provider: "compatible",
        model,
        params: { temperature: null, maxOutputTokens: null, system: null },
        cache: "off",
        time,
      },
    };
  }

  /**
   * Joins a reader where it asks to go on. `complete` when it has all of a run that has ended; undefined when what it
   * asks for does not exist here.
   */
  join(run: number | undefined, offset: string, sink: Sink): Reader | "complete" | undefined {
    const at = this.#locate(run, offset);
    if (!at) return undefined;
    if (at.complete) return "complete";
    return this.subscribers.add(run, at.position, new Watched(sink, (frame) => this.#world.oracle.sent(frame)));
  }

  #locate(run: number | undefined, offset: string): { position: number; complete: boolean } | undefined {
    if (!this.log.chat) return undefined;
    const row = run === undefined ? undefined : this.log.run(run);
    if (run !== undefined && !row) return undefined;
    const asked = parseOffset(offset);
    const { oracle } = this.#world;
    oracle.check(typeof asked === "number" && asked <= this.writer.durable, () => `${offset} is not known any more`);
    if (typeof asked !== "number") return undefined;
    return {
      position: Math.max(asked, row ? row.first - 1 : 0),
      complete: row?.last != null && asked >= row.last,
    };
  }

  /** The plain read, as the chat's object answers it. */
  async poll(run: number | undefined, offset: string, maxBytes: number, waitMs: number): Promise<Page | undefined> {
    const at = this.#locate(run, offset);
    if (!at) return undefined;
    const read = () => this.log.read(at.position, this.writer.durable, maxBytes, run);
    const live = () => run === undefined || this.writer.openRun(run) !== undefined;
    let page = read();
    if (page.records.length === 0 && waitMs > 0 && live()) {
      let reader: Reader | undefined;
      await new Promise<void>((wake) => {
        this.clock.after(waitMs, wake);
        reader = this.subscribers.add(run, this.writer.durable, pollSink(wake));
      });
      if (reader) this.subscribers.remove(reader);
      page = read();
    }
    const more = page.next < this.writer.durable;
    this.#world.oracle.catchUp();
    return { records: page.records, offset: formatOffset(page.next), live: more || live() };
  }

  /** Tells the oracle of each text shown. */
  #watchShown(): void {
    const { oracle } = this.#world;
    const shown = this.subscribers.shown.bind(this.subscribers);
    this.subscribers.shown = (open, record) => {
      if (record.type === "delta") {
        // The first thing that a process does may be to show what follows a row that outlived the one before.
        oracle.catchUp();
        oracle.showing(open.run, record);
      }
      shown(open, record);
    };
  }

  /** Tells the oracle of each term of office. */
  #watchTerms(): void {
    const { oracle } = this.#world;
    const takeOver = this.writer.takeOver.bind(this.writer);
    this.writer.takeOver = async (run) => {
      const term = await takeOver(run);
      oracle.catchUp();
      if (term) oracle.granted(run, term.epoch, term.length);
      return term;
    };
  }
}

/** A sink whose frames the oracle sees first. */
class Watched implements Sink {
  readonly idle?: () => void;
  readonly #sink: Sink;
  readonly #see: (frame: Frame) => void;

  constructor(sink: Sink, see: (frame: Frame) => void) {
    this.#sink = sink;
    this.#see = see;
    if (sink.idle) this.idle = sink.idle;
  }

  get ready(): boolean {
    return this.#sink.ready;
  }

  send(frame: Frame): void {
    this.#see(frame);
    this.#sink.send(frame);
  }

  end(): void {
    this.#sink.end();
  }
}
