// Answers kept in Redis, reached over HTTP. A look-up has a budget and never throws: whatever goes wrong is
// `unavailable`, and the answer is made as if none were kept.
import { Redis } from "@upstash/redis/cloudflare";
import type { Outage } from "../protocol/outage.ts";
import { type CacheClock, platformClock, withinBudget } from "./budget.ts";
import { type CacheConfig, cacheConfigOf } from "./config.ts";
import { decodeAnswer, encodeAnswer, type KeptAnswer } from "./kept-answer.ts";
import { outageOf } from "./outage.ts";

export type Found = { kind: "hit"; answer: KeptAnswer } | { kind: "miss" } | { kind: "unavailable" };

const KEEP_MS = 5_000;
/** The smallest limit of a request that Upstash has is 1 MB; the value travels as it is. */
const MAX_ANSWER_BYTES = 900_000;

const PREFIX = "keepstream:answer:";

export class ResponseCache {
  readonly #lookUp: Calling;
  readonly #keeping: Calling;
  readonly #clock: CacheClock;
  readonly #outage: Outage;

  constructor(redis: NonNullable<CacheConfig["redis"]>, lookUpMs: number, outage: Outage, clock: CacheClock) {
    this.#lookUp = connect(redis, lookUpMs, clock);
    this.#keeping = connect(redis, KEEP_MS, clock);
    this.#outage = outage;
    this.#clock = clock;
  }

  async find(key: string): Promise<Found> {
    let json: string | null;
    try {
      json = await this.#lookUp((redis) => redis.get<string>(PREFIX + key));
    } catch (error) {
      this.#outage.failed(error);
      return { kind: "unavailable" };
    }
    this.#outage.over();
    const answer = json === null ? undefined : decodeAnswer(json);
    return answer && answer.keptUntil > this.#clock.now() ? { kind: "hit", answer } : { kind: "miss" };
  }

  /** Keeps an answer for as long as it says. False for one that is too large to be kept. Rejects when it could not be. */
  async keep(key: string, answer: KeptAnswer): Promise<boolean> {
    const json = encodeAnswer(answer);
    if (new TextEncoder().encode(json).byteLength > MAX_ANSWER_BYTES) return false;
    const ms = answer.keptUntil - this.#clock.now();
    if (ms <= 0) return true;
    try {
      await this.#keeping((redis) => redis.set(PREFIX + key, json, { px: Math.ceil(ms) }));
    } catch (error) {
      this.#outage.failed(error);
      throw error;
    }
    this.#outage.over();
    return true;
  }
}

const shared = new WeakMap<object, ResponseCache | null>();

/** The cache of an environment, for all objects of an isolate; null where none is set up. */
export function responseCacheOf(environment: object): ResponseCache | null {
  const known = shared.get(environment);
  if (known !== undefined) return known;
  const { redis, lookUpMs } = cacheConfigOf(environment);
  const cache = redis && new ResponseCache(redis, lookUpMs, outageOf(environment), platformClock);
  shared.set(environment, cache);
  return cache;
}

/** Makes one call of the cache, which is given up when its budget is used up. */
type Calling = <T>(call: (redis: Redis) => Promise<T>) => Promise<T>;

/**
 * One request a command, made once. A client that gathers commands would have one request wait for what another one began,
 * which never comes when that is cancelled; one that does not may be shared.
 */
export function connect(
  { url, token }: NonNullable<CacheConfig["redis"]>,
  budgetMs: number,
  { timer }: CacheClock,
): Calling {
  let own: AbortSignal | undefined;
  const redis = new Redis({
    url,
    token,
    // `retry: false` would try twice.
    retry: { retries: 0 },
    // Asked for by each request as it is made.
    signal: () => own as AbortSignal,
    automaticDeserialization: false,
    enableAutoPipelining: false,
    enableTelemetry: false,
    // What is kept is JSON, which travels as it is.
    responseEncoding: false,
    readYourWrites: false,
  });
  return (call) =>
    withinBudget(timer, budgetMs, (signal) => {
      own = signal;
      return call(redis);
    });
}
