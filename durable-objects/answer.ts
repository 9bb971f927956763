// One shared answer: a thin shell, as a chat's is. Chats follow it through `answer-door.ts`; when it is whole it goes to
// the cache, whatever fails in between, and then away.
import { DurableObject } from "cloudflare:workers";
import { getLogger } from "@logtape/logtape";
import { type ResponseCache, responseCacheOf } from "../cache/response-cache.ts";
import type { Clock, Log } from "../producers/producer.ts";
import type { Receipt } from "../protocol/records.ts";
import { type Asking, FAREWELL, type Farewell } from "./asking.ts";
import { ChunkLog } from "./chunk-log.ts";
import { durableDisk } from "./durable-disk.ts";
import { LogWriter } from "./log-writer.ts";
import { ownProducer } from "./own-producer.ts";
import { SharedAnswer } from "./shared-answer.ts";
import { sseSink } from "./sinks.ts";
import { type Reader, Subscribers } from "./subscribers.ts";
import { Supervisor } from "./supervisor.ts";
import { surroundingsOf } from "./tiers.ts";
import { Watchdog } from "./watchdog.ts";

const clock: Clock = { now: () => Date.now(), after: (ms, callback) => void setTimeout(callback, ms) };
const logger = getLogger(["keepstream", "answer"]);

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
  readonly #watchdog: Watchdog;
  #failures = 0;

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    this.#watchdog = new Watchdog(ctx.storage, clock);
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
    const tell: Log = (message, details, level) => logger[level ?? "warning"](message, { answer: name, ...details });
    const own = ownProducer(surroundingsOf(this.env, clock, tell));
    this.#log = log;
    this.#writer = writer;
    this.#subscribers = subscribers;
    this.#shared = shared;
    this.#supervisor = new Supervisor({
      chunkLog: log,
      writer,
      clock,
      producer: () => own,
      begun: () => this.#watchdog.watch(),
      conversation: (message) => shared.conversation(message),
      log: tell,
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

  /** Sees what is open to its end; then the cache, then nothing more. */
  override async alarm(): Promise<void> {
    const again = await this.#watchdog.alarm({
      busy: () => this.#supervisor.busy,
      recover: () => this.#shared.recover(),
      settled: () => this.#supervisor.settled(),
      after: async () => (this.#supervisor.busy ? 0 : await this.#keep()),
    });
    if (again === null) await this.#forget();
  }

  /** Brings the answer to the cache. Gives when to come back, ms from now; null when there is nothing left to do. */
  async #keep(): Promise<number | null> {
    const { kept, endedAt } = this.#shared;
    const now = clock.now();
    const delivered = this.#log.chat?.delivered ?? 0;
    const over = (endedAt ?? 0) + LINGER_MS;
    const lingers = over > now || this.#subscribers.size > 0;
    // However long the cache is away, who asked is known no longer than that.
    if (!lingers) this.#shared.forgetAskers();
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
    return lingers ? Math.max(1_000, over - now) : null;
  }

  async #forget(): Promise<void> {
    await this.ctx.storage.deleteAll();
    this.#build();
  }
}
