// Counters of what answers cost and how long they took, in Redis: one hash for each tenant and hour, kept for the longest
// window, and one for each five minutes, kept for the shortest. An answer is counted once, after its end, in one request or
// with others; that is best effort, and where it failed the archive knows better.
import type { CacheStatus, RunEndedRecord } from "../protocol/records.ts";
import { type CacheClock, platformClock } from "./budget.ts";
import { type CacheConfig, cacheConfigOf } from "./config.ts";
import { bucketOf } from "./histogram.ts";
import { type Outage, outageOf } from "./outage.ts";
import { connect } from "./response-cache.ts";
import type { Tally } from "./stats-reply.ts";
import { HOUR_MS } from "./stats-span.ts";

const COUNT_MS = 200;
const READ_MS = 1_000;
const PREFIX = "keepstream:stats:";

/** The slots that are counted, shortest first, and how long each is kept, seconds. */
const SLOTS = [
  { name: "m", ms: HOUR_MS / 12, keep: 2 * 3_600 },
  { name: "h", ms: HOUR_MS, keep: 8 * 24 * 3_600 },
] as const;

/** Money is counted in whole billionths of a dollar, which add up without loss. */
const NANO = 1e9;

export interface Counted {
  /** The counters know all answers that ended from here on, Unix ms; null when they know none. */
  since: number | null;
  tallies: Tally[];
}

export class StatsCounters {
  readonly #counting: ReturnType<typeof connect>;
  readonly #reading: ReturnType<typeof connect>;
  readonly #outage: Outage;
  readonly #clock: CacheClock;
  /** Something was not counted: from the next count on, what was before is the archive's to tell. */
  #missed = false;

  constructor(redis: NonNullable<CacheConfig["redis"]>, outage: Outage, clock: CacheClock) {
    this.#counting = connect(redis, COUNT_MS, clock);
    this.#reading = connect(redis, READ_MS, clock);
    this.#outage = outage;
    this.#clock = clock;
  }

  /** Counts answers that have ended. Never rejects. */
  async count(tenant: string, ...answers: RunEndedRecord[]): Promise<void> {
    try {
      await this.#counting((redis) => {
        const pipeline = redis.pipeline();
        for (const { name, ms, keep } of SLOTS) {
          for (const [slot, counts] of sumsOf(answers, ms)) {
            const key = `${PREFIX}${tenant}:${name}:${slot}`;
            for (const [field, amount] of counts) if (amount !== 0) pipeline.hincrby(key, field, amount);
            pipeline.expire(key, keep);
          }
        }
        pipeline.set(`${PREFIX}${tenant}:since`, this.#clock.now(), this.#missed ? {} : { nx: true });
        return pipeline.exec();
      });
    } catch (error) {
      this.#missed = true;
      this.#outage.failed(error);
      return;
    }
    this.#missed = false;
    this.#outage.over();
  }

  /** What a tenant's answers from `from` to `to` come to, by slots. Null when the counters can't be reached. */
  async read(tenant: string, from: number, to: number, slotMs: number): Promise<Counted | null> {
    const slot = SLOTS.find(({ ms }) => ms === slotMs);
    if (!slot) throw new Error(`There are no counters of ${slotMs} ms.`);
    const times: number[] = [];
    for (let time = from; time <= to; time += slotMs) times.push(time);
    try {
      const [since, ...hashes] = await this.#reading((redis) => {
        const pipeline = redis.pipeline();
        pipeline.get(`${PREFIX}${tenant}:since`);
        for (const time of times) pipeline.hgetall(`${PREFIX}${tenant}:${slot.name}:${Math.floor(time / slotMs)}`);
        return pipeline.exec<unknown[]>();
      });
      this.#outage.over();
      const tallies = hashes.flatMap((hash, i) => talliesOf(times[i] ?? 0, fieldsOf(hash)));
      return { since: since == null ? null : Number(since), tallies };
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
