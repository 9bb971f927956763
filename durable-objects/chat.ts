// One chat: a thin shell. It joins the log, its writer, its readers and its producers, and forwards what the platform
// brings: calls, connections, socket frames and the alarm.
import { DurableObject } from "cloudflare:workers";
import { getLogger } from "@logtape/logtape";
import type { KeptChat } from "../archive/archive.ts";
import { archiveOf } from "../archive/config.ts";
import { archiveOutageOf } from "../archive/outage.ts";
import { cacheHeaders } from "../cache/cache-status.ts";
import { statsCountersOf } from "../cache/stats-counters.ts";
import type { Clock, Log } from "../producers/producer.ts";
import type { ExportedChat } from "../protocol/access.ts";
import { isSecret } from "../protocol/digest.ts";
import { formatOffset } from "../protocol/offsets.ts";
import { fail, ok, problemResponse, type Result } from "../protocol/problems.ts";
import type { RunStatus, TitleRecord } from "../protocol/records.ts";
import type { ChatReply, ChunksReply } from "../protocol/requests.ts";
import { type ChatRow, ChunkLog } from "./chunk-log.ts";
import { Connections, type Reading, type SocketForm, type StreamForm } from "./connections.ts";
import { Counting } from "./counting.ts";
import { Deliveries } from "./deliveries.ts";
import { durableDisk } from "./durable-disk.ts";
import type { KeptStub } from "./eviction.ts";
import { LogWriter } from "./log-writer.ts";
import { type ChatUpdate, unsettled } from "./outbox.ts";
import type { PersonObject } from "./person.ts";
import { type OutsideCall, type OutsideReply, ProducersDoor } from "./producers-door.ts";
import { Resting } from "./resting.ts";
import type { RunAsk } from "./run-ask.ts";
import { runLine } from "./run-line.ts";
import { newSecret } from "./secret.ts";
import { DELETED, REVOKED, Subscribers } from "./subscribers.ts";
import { type Started, Supervisor } from "./supervisor.ts";
import { tiersOf } from "./tiers.ts";
import { chatExport, chatView, type RunStatusView, runStatus } from "./views.ts";
import { Watchdog } from "./watchdog.ts";

const clock: Clock = { now: () => Date.now(), after: (ms, callback) => void setTimeout(callback, ms) };
const logger = getLogger(["keepstream", "chat"]);

/** A run to start, and whose tenant the chat is where it does not exist yet. */
export interface RunStart {
  ask: RunAsk;
  create: { tenant: string } | null;
}

/** What becomes of a chat that the archive has, where its object is told of it; of one that it has not all of, nothing. */
type Adoption = "restored" | "present" | "deleted" | "incomplete";

const NOT_SHARED = fail("not_found", "There is no such shared chat; it may be shared no more.");
const GONE = fail("unknown_chat", "There is no such chat; it may have been deleted.");

/** What a stream or a socket asks of `fetch`: as JSON in the `x-reading` header, `start` as the body. */
export interface ReadingRequest {
  person: string;
  requestId: string;
  form: StreamForm | SocketForm;
  run?: number;
  from?: Reading["from"];
  until: Reading["until"];
  token: Reading["token"];
  /** Start this run first, and read it. */
  start?: RunStart;
}

export class ChatObject extends DurableObject<Env> {
  #log!: ChunkLog;
  #writer!: LogWriter;
  #connections!: Connections;
  #supervisor!: Supervisor;
  #door!: ProducersDoor;
  #deliveries!: Deliveries;
  #counting!: Counting;
  #resting!: Resting;
  readonly #watchdog: Watchdog;
  /** Asks that are being begun. */
  #beginning = 0;
  /** The chat is being deleted: nothing of it can be relied on any more. */
  #erasing = false;

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    this.#watchdog = new Watchdog(ctx.storage, clock);
    this.#build();
    this.#connections.wake(ctx);
    if (!this.#writer.openRuns().next().done || this.#isBehind()) void this.#watchdog.watchAgain();
  }

  /** Whether the alarm has something to do that it may not know of: an archive, or resting there, was switched on later. */
  #isBehind(): boolean {
    const { archive, config } = archiveOf(this.env);
    const { chat, last } = this.#log;
    if (!archive || !chat || chat.evicted) return false;
    return chat.archived < last || config.evictAfterMs !== null;
  }

  /** Everything that stands on the log as it is on disk. */
  #build(): void {
    const disk = durableDisk(this.ctx.storage);
    const log = new ChunkLog(disk);
    const isThere = () => this.#log === log && !this.#erasing;
    const tell: Log = (message, details, level) => {
      const run = typeof details.run === "number" ? { run: log.runId(details.run) } : {};
      logger[level ?? "warning"](message, { chat: log.chat?.chatId, ...details, ...run });
    };
    const subscribers = new Subscribers(log, clock, () => this.#writer);
    const counting = new Counting({ log, counters: statsCountersOf(this.env) });
    const writer = new LogWriter(log, () => disk.sync(), clock, {
      shown: (run, record) => subscribers.shown(run, record),
      promised: (run, record, position) => {
        subscribers.promised(run, record, position);
        if (record.type !== "run.started" && record.type !== "run.ended") return;
        const chat = log.chat?.chatId;
        const said = record.type === "run.started" ? "run started" : "run ended";
        logger.info(said, () => ({ chat, ...runLine(record, log.run(run ?? 0)?.trace ?? null) }));
        if (record.type === "run.started") return;
        counting.ended(record);
        // Beside an answer that goes on, what ended is not told by the alarm, which waits for all of them.
        if (!writer.openRuns().next().done) void this.#deliveries.announce();
      },
    });
    const door = new ProducersDoor({
      log,
      writer,
      clock,
      end: (run, epoch, ended, replace) => this.#supervisor.end(run, epoch, ended, replace),
    });
    const background = (work: Promise<unknown>) => this.ctx.waitUntil(work);
    const { archive, config } = archiveOf(this.env);
    this.#log = log;
    this.#writer = writer;
    this.#connections = new Connections(log, subscribers, () => writer.durable, clock.now);
    this.#door = door;
    this.#counting = counting;
    this.#supervisor = new Supervisor({
      chunkLog: log,
      writer,
      clock,
      producer: tiersOf(this.env, { log, writer, door, clock, background, tell }),
      begun: (open) => this.#watchdog.watch(open),
      log: tell,
    });
    this.#deliveries = new Deliveries({
      log,
      writer,
      clock,
      random: Math.random,
      archive,
      outage: archiveOutageOf(this.env),
      counting,
      tellList: (owner, update) => this.#tellList(owner, update),
      state: () => (isThere() ? (this.#supervisor.busy ? "busy" : "idle") : "gone"),
      warn: tell,
    });
    this.#resting = new Resting({
      log,
      archive,
      afterMs: config.evictAfterMs,
      clock,
      isThere,
      isQuiet: () => log.openRuns().length === 0 && subscribers.size === 0 && this.ctx.getWebSockets().length === 0,
      changed: () => this.#build(),
      lookIn: (ms) => this.#watchdog.lookIn(ms),
      warn: tell,
    });
  }

  #chatOf(person: string): Result<ChatRow> {
    const { chat } = this.#log;
    if (!chat || this.#erasing) return GONE;
    if (chat.owner !== person) {
      return fail("not_yours", "This chat belongs to somebody else. Send the cookie or the token it was started with.");
    }
    return ok(chat);
  }

  #present(): Promise<Result<null>> {
    return this.#resting.present(GONE);
  }

  /**
   * Takes a chat that the archive has and this object has not, as one that rests there, and puts it on its owner's list.
   * Whoever is here already stays as they are; being awake, they tell the archive what it has not heard yet.
   */
  async adopt({ id, owner, tenant, title, created, updated, through, reach }: KeptChat): Promise<Adoption> {
    if (this.#erasing) return "deleted";
    if (!this.#log.chat && reach < through) return "incomplete";
    const evicted = JSON.stringify({ through } satisfies KeptStub);
    if (!this.#log.chat) this.#log.create(id, owner, tenant, created, { archived: through, evicted });
    const { chat } = this.#log;
    // One that was made here and is on no list yet is gone on with.
    if (!chat || chat.evicted !== evicted || chat.delivered >= through) {
      if (chat?.evicted && chat.archived === 0) await this.#present();
      return "present";
    }
    const heard = { title, created, updated, through, archived: through };
    const nothing = { running: false, texts: [], settled: [], context: null };
    await this.#tellList(owner, { chatId: id, ...heard, ...nothing });
    const now = this.#log.chat;
    if (!now || this.#erasing) return "deleted";
    this.#log.setDelivered({ delivered: Math.max(now.delivered, through) });
    return "restored";
  }

  /** Gives up the chat's storage to the archive now, if nothing speaks against it. */
  evict(): Promise<boolean> {
    return this.#resting.evict();
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

  /** That it is awake is all that is asked. */
  async wake(): Promise<void> {}

  /** Starts a run; with `create`, in a chat that does not exist yet. */
  async generate(person: string, ask: RunAsk, create: RunStart["create"]): Promise<Result<Started>> {
    let run: number | undefined;
    this.#beginning++;
    try {
      const started = await this.#start(person, ask, create);
      if (started.ok) run = started.value.run;
      return started;
    } finally {
      this.#beginning--;
      await this.#takeBack(person, ask.hold, create, run);
    }
  }

  /**
   * Takes back what an ask was let in with of which nobody knows whether it came here; one that did, and began a run, keeps
   * it. False while that can't be told yet.
   */
  async disown(person: string, hold: string | undefined, create: RunStart["create"]): Promise<boolean> {
    if (this.#beginning > 0) return false;
    const began = hold !== undefined && this.#log.chat && this.#log.runs().some((run) => run.hold === hold);
    if (!began) await this.#takeBack(person, hold, create, undefined);
    return true;
  }

  /** The chat's id: of one that came from another namespace it is not this object's. */
  get #id(): string {
    return this.#log.chat?.chatId ?? this.ctx.id.toString();
  }

  /** What an ask was let in with and `run` does not hold: it was refused, is a repetition, or failed. */
  async #takeBack(
    person: string,
    hold: string | undefined,
    create: RunStart["create"],
    run: number | undefined,
  ): Promise<void> {
    if (create && !this.#log.chat) {
      // The list was told of a chat that does not come to be.
      await this.#personOf(person).withdraw(this.#id, hold);
    } else if (hold !== undefined && (run === undefined || this.#log.run(run)?.hold !== hold)) {
      this.ctx.waitUntil(this.#personOf(person).release(hold));
    }
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
    const id = this.#id;
    const started = await this.#supervisor.start(ask, () => {
      if (create && !this.#log.chat) this.#log.create(id, person, create.tenant, clock.now());
    });
    if (!started.ok) return started;
    // A kept answer is told of by the alarm, with others that come meanwhile; at once where a limit holds something for it.
    if (this.#writer.openRun(started.value.run)) this.#deliveries.announceSoon();
    else if (ask.hold !== undefined) void this.#deliveries.announce();
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
      const woken = await this.#connections.nextPromise(reading, waitMs);
      if (!woken.ok) return woken;
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

  /** All that is kept of the chat, in the person's own name. */
  export(person: string): Promise<Result<ExportedChat>> {
    return this.#owned(person, async () => {
      const { chat } = this.#log;
      return chat ? ok(chatExport(this.#log, this.#writer, chat)) : GONE;
    });
  }

  rename(person: string, title: string): Promise<Result<ChatReply>> {
    return this.#owned(person, async () => {
      const record: TitleRecord = { type: "title", title };
      await this.#writer.write(record);
      // The list knows it by the time of the reply; what is still to be told after a failure, the alarm tells.
      this.#watchdog.watch();
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
    if (!chat?.share || !(await isSecret(secret, chat.share)) || this.#erasing) return NOT_SHARED;
    const present = await this.#present();
    return present.ok ? ok(chatView(this.#log, this.#writer, chat)) : present;
  }

  /** Stops what is running and forgets everything. */
  async erase(person: string): Promise<Result<null>> {
    const chat = this.#chatOf(person);
    if (!chat.ok) return chat;
    this.#erasing = true;
    this.ctx.waitUntil(this.#counting.count());
    try {
      // First the intent, which outlives whatever may break off what follows.
      await this.#personOf(person).forget(person, this.#id, unsettled(this.#log));
      await this.#supervisor.abandon();
      this.#connections.endAll(this.ctx, DELETED);
      await this.#watchdog.stop();
      await this.ctx.storage.deleteAll();
      this.#build();
    } finally {
      this.#erasing = false;
    }
    return ok(null);
  }

  /** Sends away whoever reads here by a token that was revoked. */
  async dismiss(person: string, token: string): Promise<void> {
    if (!this.#chatOf(person).ok) return;
    this.#connections.endAll(this.ctx, REVOKED, token);
  }

  /** Streams and sockets; everything else is a typed call. Only reachable through the namespace's binding. */
  override async fetch(request: Request): Promise<Response> {
    const asked = JSON.parse(request.headers.get("x-reading") ?? "") as Omit<ReadingRequest, "start">;
    const start = request.method === "POST" ? { start: await request.json<RunStart>() } : {};
    const result = await this.#connect({ ...asked, ...start });
    return result.ok ? result.value : problemResponse(result.failure, asked.requestId);
  }

  async #connect({ person, form, run, from, until, token, start }: ReadingRequest): Promise<Result<Response>> {
    if (start) {
      const started = await this.generate(person, start.ask, start.create);
      if (!started.ok) return started;
      if (form.kind === "socket") return fail("bad_request", "A socket reads a run; it does not start one.");
      const streamed = this.#connections.stream({ run: started.value.run, from: 0, until, token }, form);
      if (streamed.ok) {
        streamed.value.headers.set("x-run-id", started.value.id);
        streamed.value.headers.set("x-chat-id", this.#id);
        const { cache, kept } = started.value;
        const said = start.ask.tier === "redis" ? cacheHeaders(cache, start.ask.cache.mode, kept) : {};
        for (const [name, value] of Object.entries(said)) streamed.value.headers.set(name, value);
      }
      return streamed;
    }
    const reading = { run, from, until, token };
    return this.#owned(person, async () =>
      form.kind === "socket"
        ? this.#connections.accept(this.ctx, reading, form)
        : this.#connections.stream(reading, form),
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

  /** Sees what is open to its end, then tells everybody who has to know, then looks whether the chat may rest. */
  override async alarm(): Promise<void> {
    await this.#watchdog.alarm({
      busy: () => this.#supervisor.busy,
      recover: () => this.#supervisor.recover(),
      settled: () => this.#supervisor.settled(),
      after: async () => {
        if (this.#log.chat?.evicted) return null;
        const again = (await this.#deliveries.deliver()) ?? (await this.#resting.rest());
        return this.#log.chat && !this.#erasing ? again : null;
      },
    });
  }
}
