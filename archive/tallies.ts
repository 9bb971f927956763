// What the archive knows of a tenant's runs over time: the same figures, in the same slots and buckets, as the counters
// have, so that either can stand in for the other.
import { sql } from "drizzle-orm";
import type { AnyPgColumn } from "drizzle-orm/pg-core";
import type { CacheStatus } from "../protocol/records.ts";
import type { StatsFigures } from "../protocol/requests.ts";
import type { Database } from "./database.ts";
import { runs } from "./schema.ts";

/** The runs of one cache status that ended within one slot of time. */
export interface RunTally {
  /** When the slot begins, Unix ms. */
  time: number;
  cache: CacheStatus;
  runs: number;
  spent: StatsFigures["spent"];
  saved: StatsFigures["saved"];
  /** Those a provider was asked for whose price is not known. */
  unpriced: number;
  /** How many of the completed ones took how long, by bucket. */
  firstToken: Map<number, number>;
  total: Map<number, number>;
}

export interface TallyQuery {
  tenant: string;
  /** Runs that ended from `from` on and before `to`, Unix ms. */
  from: number;
  to: number;
  slotMs: number;
  /** The buckets' upper bounds, ms. */
  bounds: readonly number[];
}

type Sums = { slot: number; cache: CacheStatus } & Record<
  "runs" | "input" | "output" | "cost" | "saved_input" | "saved_output" | "saved_cost" | "saved_ms" | "unpriced",
  number
>;

interface Bucket {
  slot: number;
  cache: CacheStatus;
  kind: "first" | "total";
  bucket: number;
  runs: number;
}

export async function runTallies(db: Database, { tenant, from, to, slotMs, bounds }: TallyQuery): Promise<RunTally[]> {
  const slot = sql`floor(extract(epoch from ${runs.endedAt}) * 1000 / ${slotMs}::bigint)::float8`;
  const within = sql`${runs.tenant} = ${tenant} and ${runs.endedAt} >= ${new Date(from).toISOString()}::timestamptz
    and ${runs.endedAt} < ${new Date(to).toISOString()}::timestamptz`;
  const sum = (column: AnyPgColumn) => sql`coalesce(sum(${column}), 0)::float8`;
  const bucketOf = (column: AnyPgColumn) => sql`width_bucket(${column}::float8, ${`{${bounds.join(",")}}`}::float8[])`;
  const [sums, buckets] = await db.batch([
    db.execute<Sums>(sql`
      select ${slot} as slot, ${runs.cache} as cache, count(*)::int as runs,
        ${sum(runs.inputTokens)} as input, ${sum(runs.outputTokens)} as output, ${sum(runs.cost)} as cost,
        ${sum(runs.savedInputTokens)} as saved_input, ${sum(runs.savedOutputTokens)} as saved_output,
        ${sum(runs.savedCost)} as saved_cost, ${sum(runs.savedMs)} as saved_ms,
        (count(*) filter (where ${runs.cost} is null and ${runs.requests} > 0))::int as unpriced
      from ${runs} where ${within} group by 1, 2`),
    db.execute<Bucket & Record<string, unknown>>(sql`
      select slot, cache, kind, bucket, count(*)::int as runs from (
        select ${slot} as slot, ${runs.cache} as cache, 'first' as kind, ${bucketOf(runs.firstTokenMs)} as bucket
        from ${runs} where ${within} and ${runs.status} = 'completed' and ${runs.firstTokenMs} is not null
        union all
        select ${slot}, ${runs.cache}, 'total', ${bucketOf(runs.totalMs)}
        from ${runs} where ${within} and ${runs.status} = 'completed'
      ) as taken group by 1, 2, 3, 4`),
  ]);
  const tallies = new Map<string, RunTally>();
  for (const row of sums.rows) {
    tallies.set(`${row.slot} ${row.cache}`, {
      time: row.slot * slotMs,
      cache: row.cache,
      runs: row.runs,
      spent: { inputTokens: row.input, outputTokens: row.output, cost: row.cost },
      saved: { inputTokens: row.saved_input, outputTokens: row.saved_output, cost: row.saved_cost, ms: row.saved_ms },
      unpriced: row.unpriced,
      firstToken: new Map(),
      total: new Map(),
    });
  }
  for (const row of buckets.rows) {
    const tally = tallies.get(`${row.slot} ${row.cache}`);
    (row.kind === "first" ? tally?.firstToken : tally?.total)?.set(row.bucket, row.runs);
  }
  return [...tallies.values()];
}
