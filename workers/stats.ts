// What GET /api/stats tells: the counters' figures, and the archive's for the time that the counters do not know.
import type { RunTally } from "../archive/tallies.ts";
import { BOUNDS } from "../cache/histogram.ts";
import type { Counted } from "../cache/stats-counters.ts";
import { statsReply, type Tally } from "../cache/stats-reply.ts";
import { HOUR_MS, spanOf } from "../cache/stats-span.ts";
import { because, type Reason } from "../protocol/reasons.ts";
import type { StatsReply, StatsWindow } from "../protocol/requests.ts";

export interface StatsSources {
  /** Null where there is none; what it gives is null when it can't be reached. */
  counters: { read(tenant: string, from: number, to: number, slotMs: number): Promise<Counted | null> } | null;
  archive: {
    tallies(tenant: string, from: number, to: number, slotMs: number, bounds: readonly number[]): Promise<RunTally[]>;
  } | null;
}

export async function statsOf(
  { counters, archive }: StatsSources,
  tenant: string,
  window: StatsWindow,
  now: number,
): Promise<StatsReply> {
  const span = spanOf(window, now);
  const slotMs = Math.min(span.stepMs, HOUR_MS);
  const counted = (await counters?.read(tenant, span.from, now, slotMs)) ?? null;
  // From this slot on the counters know every answer, but for the gaps.
  const known = counted?.since == null ? Number.POSITIVE_INFINITY : Math.ceil(counted.since / slotMs) * slotMs;
  const isSure = (time: number) => time >= known && !counted?.gaps.has(time);
  const unsure: number[] = [];
  for (let time = span.from; time <= now; time += slotMs) if (!isSure(time)) unsure.push(time);
  const [first, last] = [unsure[0], unsure.at(-1)];
  if (counted && (first === undefined || last === undefined))
    return statsReply(span, counted.tallies, "counters", null);
  const [from, to] = [first ?? span.from, Math.min((last ?? now) + slotMs, now + 1)];
  const archived = archive && (await archive.tallies(tenant, from, to, slotMs, BOUNDS).catch(() => null));
  if (!archived) {
    const missing = withoutArchive({ counters, archive }, counted);
    return statsReply(span, counted?.tallies ?? [], counted ? "counters" : "none", missing);
  }
  const missing =
    counters && !counted
      ? because("The counters can't be reached; these are the archive's figures.", "counters_down")
      : null;
  if (!counted) return statsReply(span, archived, "archive", missing);
  const sure = counted.tallies.filter(({ time }) => isSure(time));
  const others = better(
    counted.tallies.filter(({ time }) => !isSure(time)),
    archived.filter(({ time }) => !isSure(time)),
  );
  const told = [...others, ...sure];
  const source = told.some((tally) => counted.tallies.includes(tally)) ? "both" : "archive";
  return statsReply(span, told, source, missing);
}

/** Of each slot the figures of whoever knows more of its answers: the one may be behind, the other have been flushed. */
function better(counted: readonly Tally[], archived: readonly Tally[]): Tally[] {
  const times = new Set([...counted, ...archived].map(({ time }) => time));
  return [...times].flatMap((time) => {
    const [one, other] = [counted, archived].map((tallies) => tallies.filter((tally) => tally.time === time));
    const runs = (tallies: Tally[] = []) => tallies.reduce((sum, tally) => sum + tally.runs, 0);
    return (runs(one) > runs(other) ? one : other) ?? [];
  });
}

/** Why the archive does not stand in for what the counters do not know. */
function withoutArchive({ counters, archive }: StatsSources, counted: Counted | null): Reason {
  if (!counters && !archive) {
    const settings = ["UPSTASH_REDIS_REST_URL", "DATABASE_URL"];
    return because("Set UPSTASH_REDIS_REST_URL, or DATABASE_URL, to have figures.", "no_counters", { settings });
  }
  if (!counted) return because(outOfReach({ counters, archive }), "figures_down");
  const { since, gaps } = counted;
  if (gaps.size > 0) {
    const rest = archive ? "; the archive, which knows them, can't be reached" : "";
    return because(`Some answers could not be counted${rest}.`, "counted_in_part");
  }
  const told = since === null ? "Nothing has been counted yet" : `Counted since ${new Date(since).toISOString()}`;
  const when = since === null ? {} : { since };
  return archive
    ? because(`${told}; the archive, which knows what was before, can't be reached.`, "history_down", when)
    : because(`${told}.`, "counted_since", when);
}

function outOfReach({ counters, archive }: StatsSources): string {
  if (!archive) return "The counters can't be reached.";
  return counters ? "Neither the counters nor the archive can be reached." : "The archive can't be reached.";
}
