// One shared answer: a thin shell, as a chat's is. Chats follow it through `answer-door.ts`; when it is whole it goes to
// the cache, whatever fails in between, and then away.
import { DurableObject } from "cloudflare:workers";
import { getLogger } from "@logtape/logtape";
import { type ResponseCache, responseCacheOf } from "../cache/response-cache.ts";
import type { Clock } from "../producers/producer.ts";
import type { Receipt } from "../protocol/records.ts";
import { providersOf } from "../providers/registry.ts";
import { type Asking, FAREWELL, type Farewell } from "./asking.ts";
import { ChunkLog } from "./chunk-log.ts";
import { durableDisk } from "./durable-disk.ts";
import { LogWriter } from "./log-writer.ts";
import { ownProducer } from "./own-producer.ts";
import { SharedAnswer } from "./shared-answer.ts";
import { sseSink } from "./sinks.ts";
import { type Reader, Subscribers } from "./subscribers.ts";
import { Supervisor } from "./supervisor.ts";

const clock: Clock = { now: () => Date.now(), after: (ms, callback) => void setTimeout(callback, ms) };
const logger = getLogger(["keepstream", "answer"]);

const ALARM_MS = 10 * 60_000;
const RETRY_MS = [1_000, 5_000, 30_000, 120_000, 600_000];
/** How long an answer stays after its last work: for those who asked the cache just before it was there. */
const LINGER_MS = 60_000;

export class AnswerObject extends DurableObject<Env> {
  #log!: ChunkLog;
  #writer!: LogWriter;
  #subscribers!: Subscribers;
  #supervisor!: Supervisor;
  #shared!: SharedAnswer;
  readonly #cache: ResponseCache | null = responseCacheOf(this.env);
  #inAlarm = false;
  #failures = 0;

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    this.#build();
  }

  #build(): void {
    const disk = durableDisk(this.ctx.storage);
    const log = new ChunkLog(disk);
    const subscribers = new Subscribers(log, clock, () => this.#writer);
    const name = this.ctx.id.name ?? "";
    const shared = new SharedAnswer({
      name,
      sql: disk,
      log,
      clock,
      writer: () => this.#writer,
      supervisor: () => this.#supervisor,
    });
    const writer = new LogWriter(log, () => disk.sync(), clock, shared.listen(subscribers));
    const providers = providersOf(this.env);
    const warn = (message: string, details: Record<string, unknown>) =>
      logger.warn(message, { answer: name, ...details });
    const own = ownProducer({
      clock,
      random: Math.random,
      cost: ({ provider, ask }, bill) => providers.costOf(provider.name, ask.model, bill),
      provider: (of) => providers.get(of),
      log: warn,
    });
    this.#log = log;
    this.#writer = writer;
    this.#subscribers = subscribers;
    this.#shared = shared;
    this.#supervisor = new Supervisor({
      chunkLog: log,
      writer,
      clock,
      producer: () => own,
      begun: () => void (this.#inAlarm || this.ctx.storage.setAlarm(clock.now())),
      conversation: (message) => shared.conversation(message),
      log: warn,
    });
  }

  /** Follows the answer; 404 where there is none and none is to be made. Only reachable through the namespace's binding. */
  override async fetch(request: Request): Promise<Response> {
    const asking = await request.json<Asking>();
    const run = this.#shared.join(asking);
    if (run === undefined) return new Response(null, { status: 404 });
    let reader: Reader | undefined;
    const owner = {
      drained: () => reader && !reader.live && this.#subscribers.resume(reader),
      closed: () => reader && this.#subscribers.remove(reader),
    };
    const farewell = () => {
      const pays: Farewell = { pays: this.#shared.pays(asking.run, run) };
      return `event: ${FAREWELL}\ndata: ${JSON.stringify(pays)}\n\n`;
    };
    const { body, sink } = sseSink(owner, undefined, farewell);
    reader = this.#subscribers.add(run, 0, sink);
    return new Response(body);
  }

  leave(asker: string): Promise<Receipt | null> {
    return this.#shared.leave(asker);
  }

  /** The watchdog, as a chat's; and what comes after the end: the cache, then nothing more. */
  override async alarm(): Promise<void> {
    this.#inAlarm = true;
    this.#shared.recover();
    const settled = new AbortController();
    const timeIsUp = scheduler.wait(ALARM_MS, { signal: settled.signal }).catch(() => {});
    await Promise.race([this.#supervisor.settled(), timeIsUp]);
    settled.abort();
    const next = this.#supervisor.busy ? 0 : await this.#keep();
    this.#inAlarm = false;
    if (this.#supervisor.busy) await this.ctx.storage.setAlarm(clock.now());
    else if (next !== null) await this.ctx.storage.setAlarm(clock.now() + next);
    else await this.#forget();
  }

  /** Brings the answer to the cache. Gives when to come back, ms from now; null when there is nothing left to do. */
  async #keep(): Promise<number | null> {
    const { kept, endedAt } = this.#shared;
    const now = clock.now();
    const delivered = this.#log.chat?.delivered ?? 0;
    if (kept && delivered < kept.position && kept.answer.keptUntil > now) {
      try {
        const took = await this.#cache?.keep(kept.key, kept.answer);
        if (took === false) {
          logger.warn("an answer is too large to be kept", {
            answer: this.#log.chat?.chatId,
            length: kept.answer.text.length,
          });
        }
      } catch {
        return RETRY_MS[Math.min(this.#failures++, RETRY_MS.length - 1)] ?? 0;
      }
      this.#failures = 0;
      this.#log.setDelivered({ delivered: kept.position });
      return LINGER_MS;
    }
    const over = (endedAt ?? 0) + LINGER_MS;
    return over > now || this.#subscribers.size > 0 ? Math.max(1_000, over - now) : null;
  }

  async #forget(): Promise<void> {
    await this.ctx.storage.deleteAll();
    this.#build();
  }
}
