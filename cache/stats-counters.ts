// Counters of what answers cost and how long they took, in Redis: one hash for each tenant and hour, kept for the longest
// window, and one for each five minutes, kept for the shortest. An answer is counted once, after its end, in one request or
// with others. An index beside the hashes has how many answers are in each, so that one which Redis gave up is missed, and
// the marks of those whose answers were not all counted: of both the archive knows better.

import type { Outage } from "../protocol/outage.ts";
import type { CacheStatus, RunEndedRecord } from "../protocol/records.ts";
import { type CacheClock, platformClock } from "./budget.ts";
import { type CacheConfig, cacheConfigOf } from "./config.ts";
import { bucketOf } from "./histogram.ts";
import { outageOf } from "./outage.ts";
import { connect } from "./response-cache.ts";
import type { Tally } from "./stats-reply.ts";
import { HOUR_MS } from "./stats-span.ts";

const COUNT_MS = 200;
const READ_MS = 1_000;
const PREFIX = "keepstream:stats:";

/** How long it is known what was counted, seconds: for as long as the longest window. */
const KEEP = 8 * 24 * 3_600;

/** The slots that are counted, shortest first, and how long each is kept, seconds. */
const SLOTS = [
  { name: "m", ms: HOUR_MS / 12, keep: 2 * 3_600 },
  { name: "h", ms: HOUR_MS, keep: KEEP },
] as const;

/** Of an index, besides the number of answers by slot: since when it counts, and of which slots some are missing. */
const SINCE = "since";
const MISSED = "missed:";

const indexOf = (tenant: string, name: string) => `${PREFIX}${tenant}:${name}`;

/** Money is counted in whole billionths of a dollar, which add up without loss. */
const NANO = 1e9;

export interface Counted {
  /** The counters know all answers that ended from here on, but for the gaps, Unix ms; null when they know none. */
  since: number | null;
  /** The slots of which they do not have every answer. */
  gaps: ReadonlySet<number>;
  tallies: Tally[];
}

export class StatsCounters {
  readonly #counting: ReturnType<typeof connect>;
  readonly #reading: ReturnType<typeof connect>;
  readonly #outage: Outage;
  readonly #clock: CacheClock;

  constructor(redis: NonNullable<CacheConfig["redis"]>, outage: Outage, clock: CacheClock) {
    this.#counting = connect(redis, COUNT_MS, clock);
    this.#reading = connect(redis, READ_MS, clock);
    this.#outage = outage;
    this.#clock = clock;
  }

  /** Counts answers that have ended. False when nobody can say that they are counted. Never rejects. */
  async count(tenant: string, answers: readonly RunEndedRecord[]): Promise<boolean> {
    const slots: { index: string; oldest: number; runs: number; at: number }[] = [];
    const replies = await this.#tried(
      this.#counting((redis) => {
        const transaction = redis.multi();
        for (const { name, ms, keep } of SLOTS) {
          const index = indexOf(tenant, name);
          for (const [slot, counts] of sumsOf(answers, ms)) {
            const key = `${index}:${slot}`;
            for (const [field, amount] of counts) if (amount !== 0) transaction.hincrby(key, field, amount);
            transaction.expire(key, keep);
            const runs = answers.filter(({ time }) => Math.floor(time / ms) === slot).length;
            slots.push({ index, oldest: slot - (keep * 1000) / ms, runs, at: transaction.length() });
            transaction.hincrby(index, String(slot), runs);
          }
        }
        return transaction.exec<unknown[]>();
      }),
    );
    const begun = slots.filter(({ at, runs }) => Number(replies?.[at]) === runs);
    await Promise.all(begun.map(({ index, oldest }) => this.#tend(index, oldest)));
    return replies !== null;
  }

  /** What whoever is the first in a slot does for its index: it may be new, and slots before `oldest` are gone. */
  async #tend(index: string, oldest: number): Promise<void> {
    const replies = await this.#tried(
      this.#counting((redis) => {
        const pipeline = redis.pipeline();
        pipeline.hsetnx(index, SINCE, this.#clock.now());
        pipeline.expire(index, KEEP);
        pipeline.hgetall(index);
        return pipeline.exec<unknown[]>();
      }),
    );
    const fields = fieldsOf(replies?.[2]).map(([field]) => field);
    const gone = fields.filter((field) => Number(field.replace(MISSED, "")) < oldest);
    if (gone.length > 0) await this.#tried(this.#counting((redis) => redis.hdel(index, ...gone)));
  }

  /** Marks what was not counted, for all that is known of it; again changes nothing. False when it could not. Never rejects. */
  async miss(tenant: string, times: readonly number[]): Promise<boolean> {
    const replies = await this.#tried(
      this.#counting((redis) => {
        const pipeline = redis.pipeline();
        for (const { name, ms } of SLOTS) {
          const index = indexOf(tenant, name);
          for (const slot of new Set(times.map((time) => Math.floor(time / ms)))) {
            pipeline.hset(index, { [`${MISSED}${slot}`]: 1 });
          }
          pipeline.expire(index, KEEP);
        }
        return pipeline.exec();
      }),
    );
    return replies !== null;
  }

  /** What a tenant's answers from `from` to `to` come to, by slots. Null when the counters can't be reached. */
  async read(tenant: string, from: number, to: number, slotMs: number): Promise<Counted | null> {
    const slot = SLOTS.find(({ ms }) => ms === slotMs);
    if (!slot) throw new Error(`There are no counters of ${slotMs} ms.`);
    const index = indexOf(tenant, slot.name);
    const times: number[] = [];
    for (let time = from; time <= to; time += slotMs) times.push(time);
    const replies = await this.#tried(
      this.#reading((redis) => {
        // The index first: what is counted meanwhile, the hashes have and it has not.
        const pipeline = redis.pipeline();
        pipeline.hgetall(index);
        for (const time of times) pipeline.hgetall(`${index}:${Math.floor(time / slotMs)}`);
        return pipeline.exec<unknown[]>();
      }),
    );
    if (!replies) return null;
    const [indexed, ...hashes] = replies;
    const known = new Map(fieldsOf(indexed));
    const tallies = times.map((time, i) => talliesOf(time, fieldsOf(hashes[i])));
    const gaps = times.filter((time, i) => {
      const at = Math.floor(time / slotMs);
      const runs = tallies[i]?.reduce((sum, tally) => sum + tally.runs, 0) ?? 0;
      return known.has(`${MISSED}${at}`) || runs < (known.get(String(at)) ?? 0);
    });
    return { since: known.get(SINCE) ?? null, gaps: new Set(gaps), tallies: tallies.flat() };
  }

  /** Null when the request failed, which is told once an outage. */
  async #tried<T>(request: Promise<T>): Promise<T | null> {
    try {
      const reply = await request;
      this.#outage.over();
      return reply;
    } catch (error) {
      this.#outage.failed(error);
      return null;
    }
  }
}

const shared = new WeakMap<object, StatsCounters | null>();

/** The counters of an environment, for all objects of an isolate; null where there is no cache. */
export function statsCountersOf(environment: object): StatsCounters | null {
  const known = shared.get(environment);
  if (known !== undefined) return known;
  const { redis } = cacheConfigOf(environment);
  const counters = redis && new StatsCounters(redis, outageOf(environment), platformClock);
  shared.set(environment, counters);
  return counters;
}

/** What answers add to each slot of time, by field. */
function sumsOf(answers: readonly RunEndedRecord[], ms: number): Map<number, Map<string, number>> {
  const slots = new Map<number, Map<string, number>>();
  for (const ended of answers) {
    const slot = Math.floor(ended.time / ms);
    const sums = slots.get(slot) ?? new Map<string, number>();
    slots.set(slot, sums);
    for (const [name, amount] of Object.entries(countsOf(ended))) {
      const field = `${ended.receipt.cache}:${name}`;
      sums.set(field, (sums.get(field) ?? 0) + amount);
    }
  }
  return slots;
}

/** What one answer adds, by field. */
function countsOf({ status, receipt }: RunEndedRecord): Record<string, number> {
  const { inputTokens, outputTokens, cost, requests, saved, firstTokenMs, totalMs } = receipt;
  const counts: Record<string, number> = {
    runs: 1,
    in: inputTokens ?? 0,
    out: outputTokens ?? 0,
    cost: Math.round((cost ?? 0) * NANO),
    unpriced: cost === null && requests > 0 ? 1 : 0,
    savedIn: saved?.inputTokens ?? 0,
    savedOut: saved?.outputTokens ?? 0,
    savedCost: Math.round((saved?.cost ?? 0) * NANO),
    savedMs: saved?.ms ?? 0,
  };
  // How long a broken answer took says nothing of how long answers take.
  if (status === "completed") {
    counts[`total${bucketOf(totalMs)}`] = 1;
    if (firstTokenMs !== null) counts[`first${bucketOf(firstTokenMs)}`] = 1;
  }
  return counts;
}

/** The client gives a hash as Redis does, as a list of names and values in turn. */
function fieldsOf(hash: unknown): [string, number][] {
  const list = Array.isArray(hash) ? hash : Object.entries(hash ?? {}).flat();
  return Array.from({ length: list.length / 2 }, (_, i) => [String(list[2 * i]), Number(list[2 * i + 1])]);
}

function talliesOf(time: number, fields: [string, number][]): Tally[] {
  const byStatus = new Map<CacheStatus, Map<string, number>>();
  for (const [name, amount] of fields) {
    const [status = "", field = ""] = name.split(":");
    const known = byStatus.get(status as CacheStatus) ?? new Map();
    byStatus.set(status as CacheStatus, known.set(field, amount));
  }
  return [...byStatus].map(([cache, counts]): Tally => {
    const of = (field: string) => counts.get(field) ?? 0;
    return {
      time,
      cache,
      runs: of("runs"),
      spent: { inputTokens: of("in"), outputTokens: of("out"), cost: of("cost") / NANO },
      saved: {
        inputTokens: of("savedIn"),
        outputTokens: of("savedOut"),
        cost: of("savedCost") / NANO,
        ms: of("savedMs"),
      },
      unpriced: of("unpriced"),
      firstToken: buckets(counts, "first"),
      total: buckets(counts, "total"),
    };
  });
}

function buckets(counts: ReadonlyMap<string, number>, prefix: string): Map<number, number> {
  const histogram = new Map<number, number>();
  for (const [field, amount] of counts) {
    if (field.startsWith(prefix)) histogram.set(Number(field.slice(prefix.length)), amount);
  }
  return histogram;
}
