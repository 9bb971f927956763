// One chat: a thin shell. It joins the log, its writer, its readers and its producers, and forwards what the platform
// brings: calls, connections, socket frames and the alarm.
import { DurableObject } from "cloudflare:workers";
import { getLogger } from "@logtape/logtape";
import { archiveOf } from "../archive/config.ts";
import { reasonOf } from "../archive/reason.ts";
import { cacheHeaders } from "../cache/cache-status.ts";
import { parseCacheConfig } from "../cache/config.ts";
import { answerKey } from "../cache/key.ts";
import { responseCacheOf } from "../cache/response-cache.ts";
import { statsCountersOf } from "../cache/stats-counters.ts";
import type { Clock } from "../producers/producer.ts";
import { formatOffset } from "../protocol/offsets.ts";
import { fail, ok, problemResponse, type Result } from "../protocol/problems.ts";
import type { RunEndedRecord, RunStatus, Tier, TitleRecord } from "../protocol/records.ts";
import type { ChatReply, ChunksReply } from "../protocol/requests.ts";
import { providersOf } from "../providers/registry.ts";
import { answerDoor } from "./answer-door.ts";
import { bridgeOf, ownerTag } from "./bridge-client.ts";
import { type ChatRow, ChunkLog } from "./chunk-log.ts";
import { commission } from "./commission.ts";
import { Connections, type Reading, type StreamForm } from "./connections.ts";
import { Deliveries } from "./deliveries.ts";
import { durableDisk } from "./durable-disk.ts";
import { fetchBack, parseStub, store } from "./eviction.ts";
import { LogWriter } from "./log-writer.ts";
import type { ChatUpdate } from "./outbox.ts";
import { type OwnProducerOptions, ownProducer } from "./own-producer.ts";
import type { PersonObject } from "./person.ts";
import { type OutsideCall, type OutsideReply, ProducersDoor } from "./producers-door.ts";
import { redisTier } from "./redis-tier.ts";
import type { RunAsk } from "./run-ask.ts";
import { newSecret } from "./secret.ts";
import { Subscribers } from "./subscribers.ts";
import { type Started, Supervisor } from "./supervisor.ts";
import { chatView, type RunStatusView, runStatus } from "./views.ts";

const clock: Clock = { now: () => Date.now(), after: (ms, callback) => void setTimeout(callback, ms) };
const logger = getLogger(["keepstream", "chat"]);

/** The platform gives an alarm's handler fifteen minutes; a longer answer goes on under the next alarm. */
const ALARM_MS = 10 * 60_000;

/** A run to start, and whose tenant the chat is where it does not exist yet. */
export interface RunStart {
  ask: RunAsk;
  create: { tenant: string } | null;
}

const NOT_SHARED = fail("not_found", "There is no such shared chat; it may be shared no more.");
/** When an idle chat that could not give up its storage tries again. */
const EVICT_AGAIN_MS = 3_600_000;
const UNREACHABLE = fail(
  "archive_unreachable",
  "This chat rests in the archive, which does not answer now. It is safe there; ask again in a moment.",
  { retryAfter: 5 },
);

const GONE = fail("unknown_chat", "There is no such chat; it may have been deleted.");

/** What a stream or a socket asks of `fetch`: as JSON in the `x-reading` header, `start` as the body. */
export interface ReadingRequest {
  person: string;
  requestId: string;
  form: StreamForm | { kind: "socket" };
  run?: number;
  from?: Reading["from"];
  /** Start this run first, and read it. */
  start?: RunStart;
}

export class ChatObject extends DurableObject<Env> {
  #log!: ChunkLog;
  #writer!: LogWriter;
  #subscribers!: Subscribers;
  #connections!: Connections;
  #supervisor!: Supervisor;
  #door!: ProducersDoor;
  #deliveries!: Deliveries;
  #inAlarm = false;
  /** The chat is on its way back from the archive. */
  #returning: Promise<Result<null>> | undefined;
  /** The chat is being deleted: nothing of it can be relied on any more. */
  #erasing = false;

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    this.#build();
    this.#connections.wake(ctx);
    void this.#rearm();
  }

  /** The platform gives up an alarm whose handler failed too often. Whoever comes next gives open runs a new one. */
  async #rearm(): Promise<void> {
    if (this.#writer.openRuns().next().done) return;
    if ((await this.ctx.storage.getAlarm()) === null) this.#watch();
  }

  #build(): void {
    const disk = durableDisk(this.ctx.storage);
    const log = new ChunkLog(disk);
    const subscribers = new Subscribers(log, clock, () => this.#writer);
    const writer = new LogWriter(log, () => disk.sync(), clock, {
      shown: (run, record) => subscribers.shown(run, record),
      promised: (run, record, position) => {
        subscribers.promised(run, record, position);
        if (record.type !== "run.ended") return;
        this.#count(record);
        // Beside an answer that goes on, what ended is not told by the alarm, which waits for all of them.
        if (!writer.openRuns().next().done) void this.#deliveries.announce();
      },
    });
    const providers = providersOf(this.env);
    this.#log = log;
    this.#writer = writer;
    this.#subscribers = subscribers;
    this.#connections = new Connections(log, subscribers, () => writer.durable);
    const warn = (message: string, details: Record<string, unknown>) =>
      logger.warn(message, { chat: log.chat?.chatId, ...details });
    const surroundings: OwnProducerOptions = {
      clock,
      random: Math.random,
      cost: ({ provider, ask }, bill) => providers.costOf(provider.name, ask.model, bill),
      provider: (name) => providers.get(name),
      log: warn,
    };
    const door = new ProducersDoor({
      log,
      writer,
      clock,
      end: (run, epoch, ended, replace) => this.#supervisor.end(run, epoch, ended, replace),
    });
    this.#door = door;
    const own = ownProducer(surroundings);
    const bridge = bridgeOf(this.env);
    const temporal =
      bridge &&
      commission({
        ...surroundings,
        bridge,
        door,
        chatId: () => log.chat?.chatId ?? "",
        owner: () => ownerTag(log.chat?.owner ?? ""),
        isOpen: (run) => writer.openRun(run)?.closed === false,
        phase: (run, phase, attempt, detail) => writer.phase(run, phase, attempt, detail),
        background: (work) => this.ctx.waitUntil(work),
      });
    const redis = redisTier({
      ...surroundings,
      cache: responseCacheOf(this.env),
      ttl: parseCacheConfig(this.env).ttl,
      keyOf: answerKey,
      answer: (name) => answerDoor(this.env.ANSWER, name),
      uuid: () => crypto.randomUUID(),
    });
    // A run of a tier that is off by now is still brought to its end.
    const producer = (tier: Tier) => (tier === "temporal" && temporal) || (tier === "redis" ? redis : own);
    this.#supervisor = new Supervisor({
      chunkLog: log,
      writer,
      clock,
      producer,
      begun: () => this.#watch(),
      log: warn,
    });
    this.#deliveries = new Deliveries({
      log,
      writer,
      clock,
      random: Math.random,
      archive: archiveOf(this.env).archive,
      tellList: (owner, update) => this.#tellList(owner, update),
      state: () => (this.#log !== log || this.#erasing ? "gone" : this.#supervisor.busy ? "busy" : "idle"),
      warn,
    });
  }

  /** In the same transaction as what was just written: whatever happens next, the platform comes back to see it end. */
  #watch(): void {
    if (!this.#inAlarm) void this.ctx.storage.setAlarm(clock.now());
  }

  /** Best effort: the archive knows all of them. */
  #count(ended: RunEndedRecord): void {
    const counted = statsCountersOf(this.env)?.count(this.#log.chat?.tenant ?? "", ended);
    if (counted) this.ctx.waitUntil(counted);
  }

  #chatOf(person: string): Result<ChatRow> {
    const { chat } = this.#log;
    if (!chat || this.#erasing) return GONE;
    if (chat.owner !== person) {
      return fail("not_yours", "This chat belongs to somebody else. Send the cookie or the token it was started with.");
    }
    return ok(chat);
  }

  /** Brings the log back where it rests in the archive. */
  async #present(): Promise<Result<null>> {
    if (!this.#log.chat?.evicted) return ok(null);
    this.#returning ??= this.#bringBack().finally(() => {
      this.#returning = undefined;
    });
    return this.#returning;
  }

  async #bringBack(): Promise<Result<null>> {
    const log = this.#log;
    const { archive, config } = archiveOf(this.env);
    try {
      if (!archive) throw new Error("DATABASE_URL is not set");
      const image = await fetchBack(log.chat?.chatId ?? "", parseStub(log.chat?.evicted ?? ""), archive);
      if (this.#log !== log || this.#erasing) return GONE;
      log.restore(image, clock.now());
    } catch (error) {
      logger.error("a chat could not be brought back from the archive", {
        chat: log.chat?.chatId,
        error: reasonOf(error),
      });
      return UNREACHABLE;
    }
    this.#build();
    if (config.evictAfterMs !== null) await this.ctx.storage.setAlarm(clock.now() + config.evictAfterMs);
    return ok(null);
  }

  /** Gives up the storage of a chat that has nothing going on; false when something speaks against it. */
  async evict(): Promise<boolean> {
    const { archive } = archiveOf(this.env);
    const log = this.#log;
    const { last } = log;
    const atRest = () =>
      this.#log === log &&
      !this.#erasing &&
      log.chat?.evicted === null &&
      log.chat.archived === last &&
      log.last === last &&
      log.openRuns().length === 0 &&
      this.#subscribers.size === 0 &&
      this.ctx.getWebSockets().length === 0;
    if (!archive || !atRest()) return false;
    try {
      const stub = await store(log, archive);
      // Whoever came meanwhile keeps it here.
      if (!stub || !atRest()) return false;
      log.evict(JSON.stringify(stub));
    } catch (error) {
      logger.warn("a chat could not be put into the archive as a whole", {
        chat: log.chat?.chatId,
        error: reasonOf(error),
      });
      return false;
    }
    this.#build();
    return true;
  }

  /** Evicts the chat when it has lain idle for long. Null, or in how many ms to look again. */
  async #rest(): Promise<number | null> {
    const { chat } = this.#log;
    const { evictAfterMs } = archiveOf(this.env).config;
    if (evictAfterMs === null || !chat || chat.evicted) return null;
    const newest = this.#log.run(this.#log.nextRun() - 1);
    const left = Math.max(chat.restored, newest?.ended?.time ?? chat.created) + evictAfterMs - clock.now();
    if (left > 0) return left;
    const { last } = this.#log;
    if (await this.evict()) return null;
    return this.#log.last > last ? 0 : EVICT_AGAIN_MS;
  }

  /** Does what the chat's owner asks. What is overtaken by the chat's deletion finds it gone, whatever it met of it. */
  async #owned<T>(person: string, body: () => Promise<Result<T>>): Promise<Result<T>> {
    const chat = this.#chatOf(person);
    if (!chat.ok) return chat;
    const present = await this.#present();
    if (!present.ok) return present;
    const log = this.#log;
    try {
      return await body();
    } catch (error) {
      if (this.#log === log && !this.#erasing) throw error;
      return GONE;
    }
  }

  /** Starts a run; with `create`, in a chat that does not exist yet. */
  async generate(person: string, ask: RunAsk, create: RunStart["create"]): Promise<Result<Started>> {
    const started = await this.#start(person, ask, create);
    // Refused, or a repetition: no run holds what was held for it.
    const { hold } = ask;
    if (!started.ok && create && !this.#log.chat) {
      // The list was told of a chat that does not come to be.
      await this.#personOf(person).withdraw(this.ctx.id.toString(), hold);
    } else if (hold !== undefined && !(started.ok && this.#log.run(started.value.run)?.hold === hold)) {
      this.ctx.waitUntil(this.#personOf(person).release(hold));
    }
    return started;
  }

  /** A chat that its owner deleted while it was about to begin is found to be deleted here. */
  async #tellList(owner: string, update: ChatUpdate): Promise<void> {
    if ((await this.#personOf(owner).update(update)) === "deleted") await this.erase(owner);
  }

  #personOf(person: string): DurableObjectStub<PersonObject> {
    return this.env.PERSON.get(this.env.PERSON.idFromName(person));
  }

  async #start(person: string, ask: RunAsk, create: RunStart["create"]): Promise<Result<Started>> {
    if (this.#erasing) return GONE;
    if (!create || this.#log.chat) {
      const chat = this.#chatOf(person);
      if (!chat.ok) return chat;
      const present = await this.#present();
      if (!present.ok) return present;
    }
    const id = this.ctx.id.toString();
    const started = await this.#supervisor.start(ask, () => {
      if (create && !this.#log.chat) this.#log.create(id, person, create.tenant, clock.now());
    });
    if (started.ok) void this.#deliveries.announce();
    return started;
  }

  /** Whether an ask came under this key before. */
  knows(person: string, key: string): Promise<Result<boolean>> {
    return this.#owned(person, async () => ok(this.#log.idempotent(key) !== undefined));
  }

  status(person: string, run: number): Promise<Result<RunStatusView>> {
    return this.#owned(person, async () => {
      const row = this.#log.run(run);
      return row ? ok(runStatus(this.#log, this.#writer, row)) : fail("unknown_run", `This chat has no run ${run}.`);
    });
  }

  /** What is promised after the reading's offset; waits up to `waitMs` when there is nothing yet. */
  chunks(person: string, reading: Reading, maxBytes: number, waitMs: number): Promise<Result<ChunksReply>> {
    return this.#owned(person, () => this.#chunks(reading, maxBytes, waitMs));
  }

  async #chunks(reading: Reading, maxBytes: number, waitMs: number): Promise<Result<ChunksReply>> {
    const span = this.#connections.locate(reading);
    if (!span.ok) return span;
    const { position } = span.value;
    const read = () => this.#log.read(position, this.#writer.durable, maxBytes, reading.run);
    const live = () => reading.run === undefined || this.#writer.openRun(reading.run) !== undefined;
    let page = read();
    if (page.records.length === 0 && waitMs > 0 && live()) {
      const full = this.#connections.full();
      if (full) return full;
      await this.#connections.nextPromise(reading.run, waitMs);
      page = read();
    }
    const more = page.next < this.#writer.durable;
    return ok({ records: page.records, offset: formatOffset(page.next), live: more || live() });
  }

  cancel(person: string, run: number): Promise<Result<RunStatus>> {
    return this.#owned(person, async () => {
      if (!this.#log.run(run)) return fail("unknown_run", `This chat has no run ${run}.`);
      return ok(await this.#supervisor.cancel(run));
    });
  }

  /** What a producer elsewhere asks of a run: see `producers-door.ts`. The Worker has seen that it may. */
  async produceOutside(asked: OutsideCall): Promise<Result<OutsideReply>> {
    if (!this.#log.chat || this.#erasing) return GONE;
    const present = await this.#present();
    if (!present.ok) return present;
    const log = this.#log;
    try {
      return await this.#door.answer(asked);
    } catch (error) {
      if (this.#log === log && !this.#erasing) throw error;
      return GONE;
    }
  }

  read(person: string): Promise<Result<ChatReply>> {
    return this.#owned(person, async () => {
      const { chat } = this.#log;
      return chat ? ok(chatView(this.#log, this.#writer, chat)) : GONE;
    });
  }

  rename(person: string, title: string): Promise<Result<ChatReply>> {
    return this.#owned(person, async () => {
      const record: TitleRecord = { type: "title", title };
      await this.#writer.write(record);
      // The list knows it by the time of the reply; what is still to be told after a failure, the alarm tells.
      this.#watch();
      await this.#deliveries.announce();
      return this.read(person);
    });
  }

  /** What to say to read this chat without being its owner; the same until it is shared no more. */
  share(person: string): Promise<Result<string>> {
    return this.#owned(person, async () => {
      const share = this.#log.chat?.share ?? newSecret();
      if (this.#log.chat?.share !== share) this.#log.setShare(share);
      return ok(share);
    });
  }

  unshare(person: string): Promise<Result<null>> {
    return this.#owned(person, async () => {
      if (this.#log.chat?.share) this.#log.setShare(null);
      return ok(null);
    });
  }

  /** The chat as it is now, for whoever says its secret. */
  async shared(secret: string): Promise<Result<ChatReply>> {
    const { chat } = this.#log;
    if (!chat?.share || this.#erasing || !isSame(secret, chat.share)) return NOT_SHARED;
    const present = await this.#present();
    return present.ok ? ok(chatView(this.#log, this.#writer, chat)) : present;
  }

  /** Stops what is running and forgets everything. */
  async erase(person: string): Promise<Result<null>> {
    const chat = this.#chatOf(person);
    if (!chat.ok) return chat;
    this.#erasing = true;
    try {
      // First the intent, which outlives whatever may break off what follows.
      await this.#personOf(person).forget(person, this.ctx.id.toString());
      await this.#supervisor.abandon();
      for (const socket of this.ctx.getWebSockets()) socket.close(4404, "The chat was deleted.");
      this.#subscribers.endAll();
      await this.ctx.storage.deleteAlarm();
      await this.ctx.storage.deleteAll();
      this.#build();
    } finally {
      this.#erasing = false;
    }
    return ok(null);
  }

  /** Streams and sockets; everything else is a typed call. Only reachable through the namespace's binding. */
  override async fetch(request: Request): Promise<Response> {
    const asked = JSON.parse(request.headers.get("x-reading") ?? "") as Omit<ReadingRequest, "start">;
    const start = request.method === "POST" ? { start: await request.json<RunStart>() } : {};
    const result = await this.#connect({ ...asked, ...start });
    return result.ok ? result.value : problemResponse(result.failure, asked.requestId);
  }

  async #connect({ person, form, run, from, start }: ReadingRequest): Promise<Result<Response>> {
    if (start) {
      const started = await this.generate(person, start.ask, start.create);
      if (!started.ok) return started;
      if (form.kind === "socket") return fail("bad_request", "A socket reads a run; it does not start one.");
      const streamed = this.#connections.stream({ run: started.value.run, from: 0 }, form);
      if (streamed.ok) {
        streamed.value.headers.set("x-run-id", started.value.id);
        streamed.value.headers.set("x-chat-id", this.ctx.id.toString());
        const { cache, kept } = started.value;
        const said = start.ask.tier === "redis" ? cacheHeaders(cache, start.ask.cache.mode, kept) : {};
        for (const [name, value] of Object.entries(said)) streamed.value.headers.set(name, value);
      }
      return streamed;
    }
    const reading = { run, from };
    return this.#owned(person, async () =>
      form.kind === "socket" ? this.#connections.accept(this.ctx, reading) : this.#connections.stream(reading, form),
    );
  }

  override async webSocketMessage(socket: WebSocket, message: string | ArrayBuffer): Promise<void> {
    const cancelled = this.#connections.received(socket, message);
    if (cancelled !== undefined) await this.#supervisor.cancel(cancelled);
  }

  override webSocketClose(socket: WebSocket): void {
    this.#connections.left(socket);
  }

  override webSocketError(socket: WebSocket): void {
    this.#connections.left(socket);
  }

  /**
   * The watchdog. It stays as long as a run is open, so that the object is kept in memory with nobody reading; when the
   * process dies in the middle, the platform calls it again, and every open run is taken over.
   */
  override async alarm(): Promise<void> {
    this.#inAlarm = true;
    this.#supervisor.recover();
    // A timer that is left running would keep the object in memory, and billed, long after its last run.
    const settled = new AbortController();
    const timeIsUp = scheduler.wait(ALARM_MS, { signal: settled.signal }).catch(() => {});
    await Promise.race([this.#supervisor.settled(), timeIsUp]);
    settled.abort();
    let again = this.#log.chat?.evicted ? null : ((await this.#deliveries.deliver()) ?? (await this.#rest()));
    this.#inAlarm = false;
    if (!this.#log.chat || this.#erasing) return;
    // What began meanwhile counts on this alarm.
    if (this.#supervisor.busy) again = 0;
    if (again !== null) await this.ctx.storage.setAlarm(clock.now() + again);
  }
}

function isSame(one: string, other: string): boolean {
  const [a, b] = [new TextEncoder().encode(one), new TextEncoder().encode(other)];
  return a.length === b.length && crypto.subtle.timingSafeEqual(a, b);
}
