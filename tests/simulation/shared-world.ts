// A seed's world of one shared answer: several chats that ask the same, each with a disk and a process of its own, the
// answer with another, a provider, a cache, and the network between them. Any of the processes dies at any turn.
import type { KeptAnswer } from "../../cache/kept-answer.ts";
import type { AnswerDoor, Asking, Farewell, Followed } from "../../durable-objects/asking.ts";
import { ChunkLog } from "../../durable-objects/chunk-log.ts";
import { type Audience, LogWriter } from "../../durable-objects/log-writer.ts";
import { ownProducer } from "../../durable-objects/own-producer.ts";
import { redisTier } from "../../durable-objects/redis-tier.ts";
import type { RunAsk } from "../../durable-objects/run-ask.ts";
import { SharedAnswer } from "../../durable-objects/shared-answer.ts";
import { type Frame, type Reader, type Sink, Subscribers } from "../../durable-objects/subscribers.ts";
import { Supervisor } from "../../durable-objects/supervisor.ts";
import type { Clock } from "../../producers/producer.ts";
import type { LogRecord, RunEndedRecord } from "../../protocol/records.ts";
import {
  type Ask,
  type Beginning,
  type Ending,
  type Piece,
  type Provider,
  ProviderError,
} from "../../providers/provider.ts";
import { CrashDisk } from "./crash-disk.ts";
import { Random } from "./random.ts";
import { type Life, Scheduler } from "./scheduler.ts";

/** How the parts that promises go through are made; a mutant breaks one. */
export interface SharedParts {
  chatWriter(log: ChunkLog, sync: () => Promise<void>, clock: Clock, audience: Audience): LogWriter;
  sharedAnswer(options: ConstructorParameters<typeof SharedAnswer>[0]): SharedAnswer;
  /** What of the answer a follower is sent. */
  passOn(record: LogRecord, promised: boolean, take: (record: LogRecord, promised: boolean) => void): void;
}

export const REAL_SHARED: SharedParts = {
  chatWriter: (log, sync, clock, audience) => new LogWriter(log, sync, clock, audience),
  sharedAnswer: (options) => new SharedAnswer(options),
  passOn: (record, promised, take) => take(record, promised),
};

export interface SharedOutcome {
  seed: number;
  violation: string | null;
  crashes: number;
  runs: number;
  generations: number;
}

/** So long after the last thing broke everything has ended, ms. */
const PATIENCE_MS = 120_000;

interface Node {
  life: Life;
  disk: CrashDisk;
  boot(): void;
}

export class SharedWorld {
  readonly random: Random;
  readonly scheduler: Scheduler;
  readonly parts: SharedParts;
  /** Every text a model set out to say. */
  readonly generations: string[] = [];
  readonly serene: boolean;
  readonly gap: number;
  readonly cut: number;
  violation: string | null = null;
  rough = true;
  crashes = 0;
  requests = 0;
  kept: KeptAnswer | null = null;
  readonly answer: AnswerNode;
  readonly chats: ChatNode[];
  readonly #seed: number;
  readonly #trace: ((line: string) => void) | undefined;

  constructor(seed: number, parts: Partial<SharedParts> = {}, trace?: (line: string) => void) {
    this.#seed = seed;
    this.random = new Random(seed, "shared");
    this.#trace = trace;
    this.scheduler = new Scheduler(new Random(seed, "order"));
    this.parts = { ...REAL_SHARED, ...parts };
    this.serene = this.random.chance(0.2);
    this.gap = this.random.pick([5, 60, 250]);
    this.cut = this.serene ? 0 : this.random.pick([0, 0, 0.4]);
    this.answer = new AnswerNode(this, seed);
    this.chats = Array.from({ length: this.random.between(1, 4) }, (_, index) => new ChatNode(this, seed, index));
  }

  trace(line: () => string): void {
    this.#trace?.(`${String(this.scheduler.now).padStart(6)} ${line()}`);
  }

  check(holds: boolean, what: () => string): void {
    if (!holds) this.violation ??= what();
  }

  /** How long something is on its way from one process to another, ms. */
  get way(): number {
    return this.random.between(1, this.rough ? 80 : 5);
  }

  async run(): Promise<SharedOutcome> {
    const nodes: Node[] = [this.answer, ...this.chats];
    for (const node of nodes) node.boot();
    const calm = this.random.between(500, 5_000);
    for (const chat of this.chats)
      this.scheduler.after(this.random.between(0, this.random.pick([5, calm])), () => chat.ask());
    this.scheduler.after(calm, () => {
      this.rough = false;
    });
    const turned = () => {
      for (const { disk } of nodes) disk.endTurn();
      if (this.serene || !this.rough || !this.random.chance(0.004)) return;
      this.#crash(this.random.pick(nodes.filter(({ life }) => life.alive)));
    };
    const thrown = (error: unknown) =>
      this.check(false, () => `thrown: ${error instanceof Error ? error.stack : error}`);
    while (this.violation === null) {
      if (this.chats.every((chat) => chat.done)) break;
      if (this.scheduler.now > calm + PATIENCE_MS) this.check(false, () => `does not come to rest: ${this.#open()}`);
      else if (!(await this.scheduler.step(turned, thrown)))
        this.check(false, () => `nothing happens any more: ${this.#open()}`);
    }
    if (this.violation === null) this.#judge();
    for (const node of nodes) node.life.alive = false;
    for (const { disk } of nodes) disk.close();
    const { violation, crashes, generations } = this;
    return { seed: this.#seed, violation, crashes, runs: this.chats.length, generations: generations.length };
  }

  #open(): string {
    return this.chats.flatMap((chat, index) => (chat.done ? [] : `chat ${index}`)).join(", ");
  }

  #crash(node: Node): void {
    this.crashes += 1;
    this.trace(
      () => `crash of ${node === this.answer ? "the answer" : `chat ${this.chats.indexOf(node as ChatNode)}`}`,
    );
    node.life.alive = false;
    node.disk.crash();
    this.scheduler.after(this.random.between(1, this.random.pick([20, 1_500])), () => node.boot());
  }

  #judge(): void {
    for (const chat of this.chats) chat.judge();
    // With nothing broken, and nobody's look-up in the way, what all asked for was made once.
    const undisturbed = this.serene && this.chats.every((chat) => !chat.stopped);
    if (undisturbed) this.check(this.generations.length <= 1, () => `${this.generations.length} answers were made`);
    const paid = this.chats.reduce((sum, chat) => sum + (chat.ended?.receipt.requests ?? 0), 0);
    if (this.serene)
      this.check(paid === this.requests, () => `receipts tell of ${paid} requests, made were ${this.requests}`);
  }

  /** A model: an answer begun anew has other words, going on is exact. */
  provider(life: () => Life): Provider {
    return {
      name: "openai",
      reattaches: false,
      cancel: async () => {},
      models: async () => [],
      stream: (ask, beginning, onPiece, signal) => this.#stream(life(), ask, beginning, onPiece, signal),
    };
  }

  #stream(
    life: Life,
    _: Ask,
    beginning: Beginning,
    onPiece: (piece: Piece) => void,
    signal: AbortSignal,
  ): Promise<Ending> {
    this.requests += 1;
    this.trace(() => `a request: ${beginning.kind}`);
    const prefix = beginning.kind === "continue" ? beginning.prefix : "";
    const known = this.generations.find((text) => prefix && text.startsWith(prefix));
    const text = known ?? this.#newText();
    let at = prefix.length;
    return new Promise((resolve, reject) => {
      signal.addEventListener("abort", () => reject(signal.reason), { once: true });
      const next = () =>
        this.scheduler.turnAfter(this.random.between(1, this.gap), life, () => {
          if (signal.aborted) return;
          if (this.rough && this.random.chance(this.cut / 20))
            return reject(new ProviderError("provider_stream_cut", "Cut."));
          if (at >= text.length) return resolve({ finish: "stop", usage: null });
          const piece = text.slice(at, at + this.random.between(1, 12));
          at += piece.length;
          onPiece({ text: piece, bookmark: null });
          next();
        });
      next();
    });
  }

  #newText(): string {
    const generation = this.generations.length + 1;
    const words = Array.from({ length: this.random.between(1, 60) }, (_, index) => `${generation}:${index} `);
    const text = words.join("");
    this.generations.push(text);
    return text;
  }
}

function clockOf({ scheduler }: SharedWorld, life: Life): Clock {
  return {
    now: () => 1_700_000_000_000 + scheduler.now,
    after: (ms, callback) => scheduler.turnAfter(ms, life, callback),
  };
}

/** The process of the shared answer. */
class AnswerNode implements Node {
  life: Life = { alive: false };
  readonly disk: CrashDisk;
  readonly #world: SharedWorld;
  #shared!: SharedAnswer;
  #subscribers!: Subscribers;
  #log!: ChunkLog;
  #writer!: LogWriter;

  constructor(world: SharedWorld, seed: number) {
    this.#world = world;
    const options = { slowest: world.random.pick([2, 40]), failing: 0 };
    this.disk = new CrashDisk(new Random(seed, "answer's disk"), world.scheduler, options);
  }

  boot(): void {
    const { scheduler, parts } = this.#world;
    const life: Life = { alive: true };
    this.life = life;
    this.disk.life = life;
    const clock = clockOf(this.#world, life);
    const log = new ChunkLog(this.disk);
    const subscribers = new Subscribers(log, clock, () => this.#writer);
    const shared = parts.sharedAnswer({
      name: "answer",
      sql: this.disk,
      log,
      clock,
      writer: () => this.#writer,
      supervisor: () => supervisor,
    });
    const writer = new LogWriter(log, () => this.disk.sync(), clock, shared.listen(subscribers));
    const own = ownProducer({
      clock,
      random: () => this.#world.random.next(),
      cost: () => null,
      provider: () => this.#world.provider(() => life),
      log: () => {},
    });
    const supervisor = new Supervisor({
      chunkLog: log,
      writer,
      clock,
      producer: () => own,
      conversation: (message) => shared.conversation(message),
      log: () => {},
    });
    this.#log = log;
    this.#writer = writer;
    this.#subscribers = subscribers;
    this.#shared = shared;
    const watch = () => {
      shared.recover();
      const { kept } = shared;
      if (kept && writer.durable >= kept.position) this.#world.kept = kept.answer;
      scheduler.turnAfter(400, life, watch);
    };
    scheduler.turnAfter(this.#world.random.pick([0, 300, 3_000]), life, watch);
  }

  /** What every follower may promise of a run that begins like `text`: the longest that is on this disk. */
  promised(text: string): boolean {
    if (!this.#log.chat) return text === "";
    const { durable } = this.#writer;
    return this.#log.runs().some((run) => {
      const { records } = this.#log.read(run.first - 1, durable, Number.POSITIVE_INFINITY, run.run);
      return records
        .map((record) => (record.type === "delta" ? record.text : ""))
        .join("")
        .startsWith(text);
    });
  }

  /** The answer's end of a connection: calls `send` with each record, then `bye`. Gives what breaks it off. */
  follow(asking: Asking, send: (frame: Frame) => void, bye: (followed: Followed) => void): () => void {
    const run = this.#shared.join(asking);
    if (run === undefined) {
      bye({ kind: "none" });
      return () => {};
    }
    const subscribers = this.#subscribers;
    const sink: Sink = {
      ready: true,
      send,
      end: () => bye({ kind: "ended", ...({ pays: this.#shared.pays(asking.run, run) } satisfies Farewell) }),
    };
    const reader: Reader = subscribers.add(run, 0, sink);
    return () => subscribers.remove(reader);
  }

  leave(run: string) {
    return this.#shared.leave(run);
  }
}

/** The process of one chat, and the person who asks in it. */
class ChatNode implements Node {
  life: Life = { alive: false };
  readonly disk: CrashDisk;
  readonly #world: SharedWorld;
  readonly #chatId: string;
  readonly #index: number;
  readonly #ask: RunAsk;
  readonly #stopAfter: number | null;
  #log!: ChunkLog;
  #writer!: LogWriter;
  #supervisor!: Supervisor;
  #asked = false;
  stopped = false;
  /** The text promised to readers, which may only grow; and whether the chat has gone on by itself. */
  #promised = "";
  #alone = false;

  constructor(world: SharedWorld, seed: number, index: number) {
    const { random, scheduler } = world;
    this.#world = world;
    this.#index = index;
    this.#chatId = String(index + 1).repeat(64);
    const options = { slowest: random.pick([2, 40, 300]), failing: 0 };
    this.disk = new CrashDisk(new Random(seed, `disk of ${index}`), scheduler, options);
    this.#stopAfter = random.chance(0.25) ? random.between(0, 3_000) : null;
    this.#ask = {
      prompt: "question",
      parentId: null,
      tier: "redis",
      provider: "openai",
      model: "model",
      params: { temperature: null, maxOutputTokens: null, system: null },
      cache: { mode: "default", ttl: null, pace: random.pick(["instant", "original"]) },
      tenant: "open",
      recovery: random.pick(["free", "continue", "replace"]),
      idempotency: { key: "key", fingerprint: "key" },
    };
  }

  boot(): void {
    const world = this.#world;
    const life: Life = { alive: true };
    this.life = life;
    this.disk.life = life;
    const clock = clockOf(world, life);
    const log = new ChunkLog(this.disk);
    const subscribers = new Subscribers(log, clock, () => this.#writer);
    const writer = world.parts.chatWriter(log, () => this.disk.sync(), clock, subscribers);
    const provider = world.provider(() => life);
    const tier = redisTier({
      clock,
      random: () => world.random.next(),
      cost: () => null,
      provider: () => {
        this.#alone = true;
        return provider;
      },
      log: (message, details) => world.trace(() => `chat ${this.#index}: ${message} ${JSON.stringify(details)}`),
      ttl: 3_600,
      uuid: () => "",
      keyOf: async () => "key",
      cache: { find: async () => (world.kept ? { kind: "hit", answer: world.kept } : { kind: "miss" }) },
      answer: () => this.#door(life),
    });
    this.#log = log;
    this.#writer = writer;
    this.#supervisor = new Supervisor({ chunkLog: log, writer, clock, producer: () => tier, log: () => {} });
    this.#join(subscribers);
    const watch = () => {
      this.#supervisor.recover();
      world.scheduler.turnAfter(1_000, life, watch);
    };
    world.scheduler.turnAfter(world.random.pick([0, 300, 2_000]), life, watch);
  }

  /** A reader of the whole chat who sees each promise. */
  #join(subscribers: Subscribers): void {
    let shown = this.#promised;
    const sink: Sink = {
      ready: true,
      send: ({ record, offset }) => {
        this.#world.trace(() => `chat ${this.#index} < ${offset ?? ""} ${JSON.stringify(record).slice(0, 150)}`);
        if (!("run" in record) || record.run !== `${this.#chatId}.1`) return;
        if (record.type === "delta") {
          this.#world.check(record.at <= shown.length, () => `chat ${this.#index}: a gap`);
          if (record.at + record.text.length > this.#promised.length || offset === undefined) {
            const kept = shown.slice(0, Math.max(record.at, this.#promised.length));
            shown = kept + record.text.slice(Math.max(0, this.#promised.length - record.at));
          }
          if (offset !== undefined)
            this.#promise(shown.slice(0, Math.max(this.#promised.length, record.at + record.text.length)));
        } else if (record.type === "commit")
          this.#promise(shown.slice(0, Math.max(this.#promised.length, record.through)));
      },
      end: () => {},
    };
    subscribers.add(undefined, 0, sink);
  }

  /** Promises chain: whatever this chat promises of an answer that is made elsewhere, that has promised before. */
  #promise(text: string): void {
    const world = this.#world;
    world.check(text.startsWith(this.#promised), () => `chat ${this.#index} took a promise back`);
    this.#promised = text;
    const open = this.#writer.openRun(1);
    if (!open || open.closed || this.#alone || open.started.cache === "hit" || world.kept?.text.startsWith(text))
      return;
    world.check(world.answer.promised(text), () => `chat ${this.#index} promised ${text.length}, the answer has not`);
  }

  ask(): void {
    const { scheduler } = this.#world;
    const { life } = this;
    if (!life.alive) {
      scheduler.after(50, () => this.ask());
      return;
    }
    scheduler.turnAfter(0, life, () => {
      if (!this.#log.chat) this.#log.create(this.#chatId, "somebody", "open", 0);
      void this.#supervisor.start(this.#ask).then(() => this.#accepted());
    });
    // Without a reply it is asked again, with the same key.
    scheduler.after(2_000, () => {
      if (!this.#asked) this.ask();
    });
  }

  #accepted(): void {
    if (this.#asked) return;
    this.#asked = true;
    if (this.#stopAfter !== null) this.#world.scheduler.after(this.#stopAfter, () => this.#stop());
  }

  #stop(): void {
    const { scheduler } = this.#world;
    this.stopped = true;
    if (this.life.alive) scheduler.turnAfter(0, this.life, () => void this.#supervisor.cancel(1));
    else scheduler.after(100, () => this.#stop());
  }

  #door(life: Life): AnswerDoor {
    const world = this.#world;
    const { scheduler, answer, parts } = world;
    return {
      follow: (asking, take, signal) =>
        new Promise((resolve, reject) => {
          let over = false;
          let last = scheduler.now;
          let breakOff = () => {};
          /** Something arrives here, in order; or nothing does any more. */
          const arrive = (act: () => void) => {
            // What arrives in one moment still arrives in order.
            last = Math.max(last + 0.001, scheduler.now + world.way);
            scheduler.turnAfter(last - scheduler.now, life, () => {
              if (over) return;
              try {
                act();
              } catch (error) {
                over = true;
                breakOff();
                reject(error);
              }
            });
          };
          const lost = () =>
            arrive(() => {
              throw new Error("broken");
            });
          signal.addEventListener("abort", () => {
            over = true;
            scheduler.after(world.way, () => breakOff());
            reject(signal.reason);
          });
          scheduler.after(world.way, () => {
            const { life: theirs } = answer;
            if (!theirs.alive || (world.rough && world.random.chance(0.05))) return lost();
            scheduler.turnAfter(
              0,
              theirs,
              () => {
                const frame = ({ record, offset }: Frame) => {
                  if (!theirs.alive) return;
                  world.trace(() => `answer > ${this.#index} ${offset ?? ""} ${JSON.stringify(record).slice(0, 100)}`);
                  if (world.rough && world.random.chance(0.01)) return lost();
                  arrive(() => parts.passOn(record, offset !== undefined, take));
                };
                breakOff = answer.follow(asking, frame, (followed) =>
                  arrive(() => {
                    over = true;
                    resolve(followed);
                  }),
                );
                const watch = () => {
                  if (over || !life.alive) return breakOff();
                  if (!theirs.alive) return lost();
                  scheduler.after(100, watch);
                };
                watch();
              },
              lost,
            );
          });
        }),
      leave: (run) =>
        new Promise((resolve, reject) => {
          const fail = () => scheduler.turnAfter(world.way, life, () => reject(new Error("broken")));
          scheduler.after(world.way, () => {
            const { life: theirs } = answer;
            if (!theirs.alive) return fail();
            scheduler.turnAfter(
              0,
              theirs,
              () =>
                void answer.leave(run).then((receipt) => scheduler.turnAfter(world.way, life, () => resolve(receipt))),
              fail,
            );
            // It may die before it replies.
            scheduler.after(20_000, fail);
          });
        }),
    };
  }

  get ended(): RunEndedRecord | null {
    return this.#log.chat ? (this.#log.run(1)?.ended ?? null) : null;
  }

  get done(): boolean {
    if (!this.life.alive || !this.#asked || !this.#log.chat) return false;
    return (
      [...this.#writer.openRuns()].length === 0 && this.#writer.durable === this.#log.last && !this.#supervisor.busy
    );
  }

  judge(): void {
    const world = this.#world;
    const name = `chat ${this.#index}`;
    const runs = this.#log.runs();
    world.check(runs.length > 0, () => `${name} has no run`);
    for (const row of runs) {
      const { text } = this.#log.text(row);
      const { status, finish } = row.ended ?? { status: null, finish: null };
      const known = world.generations.filter((each) => each.startsWith(text));
      world.check(text === "" || known.length > 0, () => `${name}: nobody meant ${JSON.stringify(text.slice(-40))}`);
      if (status === "completed") {
        world.check(
          known.includes(text) && finish === "stop",
          () => `${name} is said to be complete with ${JSON.stringify(text.slice(-60))}`,
        );
      }
      if (row.run === 1) {
        world.check(text.startsWith(this.#promised), () => `${name}: promised text is gone`);
        if (status === "cancelled") world.check(this.stopped, () => `${name} was stopped by nobody`);
        if (world.serene && !this.stopped) world.check(status === "completed", () => `${name} ended ${status}`);
      }
    }
  }
}
