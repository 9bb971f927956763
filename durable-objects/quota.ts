// What a person may use: asks a minute, answers at once, tokens and money a day. An ask is counted, and what it may take
// is held, before it reaches a provider; its receipt settles what it took. All of it is in rows, decided in one turn of
// one object, so that it is exact however many ask at once, and no restart forgets it.
import type { Limits, Usage } from "../protocol/access.ts";
import { fail, ok, type Result } from "../protocol/problems.ts";
import type { Sql } from "./sql.ts";

export const QUOTA_STEP = `CREATE TABLE pace (id INTEGER PRIMARY KEY CHECK (id = 1), began INTEGER NOT NULL, asks INTEGER NOT NULL);
   CREATE TABLE holds (
     id TEXT PRIMARY KEY, chat TEXT NOT NULL, tokens INTEGER NOT NULL, dollars REAL NOT NULL, time INTEGER NOT NULL
   ) WITHOUT ROWID;
   CREATE TABLE usage (day INTEGER PRIMARY KEY, tokens INTEGER NOT NULL, dollars REAL NOT NULL);
   CREATE TABLE settled (run TEXT PRIMARY KEY, day INTEGER NOT NULL) WITHOUT ROWID`;

/** What an ask may take, at most as far as can be told before it is answered. */
export interface Demand {
  limits: Limits;
  /** Names what is held for it. */
  hold: string;
  /** Tokens that go in, besides what the chat brings along, and that come out. */
  input: number;
  output: number;
  /** US dollars a token; 0 where nobody knows. */
  inputPrice: number;
  outputPrice: number;
}

/** What a run took, by its receipt. */
export interface Settlement {
  run: string;
  hold: string;
  tokens: number;
  dollars: number;
}

/** How one limit stands, as the `RateLimit` headers tell it. */
export interface Standing {
  name: "asks" | "answers" | "tokens" | "cents";
  quota: number;
  /** Seconds; null for what is not counted over time. */
  window: number | null;
  remaining: number;
  /** Seconds after which there is more; null when that is not known. */
  reset: number | null;
}

const MINUTE_MS = 60_000;
const DAY_MS = 24 * 3_600_000;
/**
 * What is held for an answer that nobody ever settled: its chat was lost on the way to beginning it. One of the temporal
 * tier may wait a day for a worker.
 */
const HOLD_MS = 30 * 3_600_000;
/** A receipt may come again for as long as its chat could not be told that it came. */
const REMEMBER_DAYS = 7;
/** Seconds after which an answer at once may have ended. */
const SOON = 5;

export class Quota {
  readonly #sql: Sql;

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  /** Counts the ask and holds what it may take; or refuses it, and nothing has changed. `context` is what its chat brings along. */
  take(demand: Demand, chat: string, context: number, now: number): Result<null> {
    this.#sql.exec("DELETE FROM holds WHERE time < ?", now - HOLD_MS);
    const { limits, hold, input, output, inputPrice, outputPrice } = demand;
    const needed = input + context + output;
    const dollars = (input + context) * inputPrice + output * outputPrice;
    const pace = this.#pace(now);
    const used = this.usage(now);
    const untilMinute = Math.max(1, Math.ceil((pace.began + MINUTE_MS - now) / 1000));
    const untilDay = Math.ceil((DAY_MS - (now % DAY_MS)) / 1000);
    const { asksPerMinute, answersAtOnce, tokensPerDay, dollarsPerDay } = limits;
    if (asksPerMinute !== null && pace.asks >= asksPerMinute) {
      const detail = `You asked ${pace.asks} times within a minute; the limit is ${asksPerMinute}.`;
      return fail("rate_limited", detail, { limit: asksPerMinute, value: pace.asks, retryAfter: untilMinute });
    }
    if (answersAtOnce !== null && used.answersNow >= answersAtOnce) {
      const detail = `${used.answersNow} answers of yours are being written; the limit is ${answersAtOnce}. Wait for one to end, or stop one.`;
      return fail("rate_limited", detail, { limit: answersAtOnce, value: used.answersNow, retryAfter: SOON });
    }
    if (tokensPerDay !== null && used.tokensToday + needed > tokensPerDay) {
      const detail = `This ask may take ${needed} tokens; ${Math.max(0, tokensPerDay - used.tokensToday)} of today's ${tokensPerDay} are left.`;
      const fits = (left: number) => left - input - context;
      return overBudget(detail, tokensPerDay, used.tokensToday, needed, untilDay, fits);
    }
    if (dollarsPerDay !== null && used.dollarsToday + dollars > dollarsPerDay) {
      const detail = `This ask may cost ${money(dollars)}; ${money(Math.max(0, dollarsPerDay - used.dollarsToday))} of today's ${money(dollarsPerDay)} are left.`;
      const fits = (left: number) => (outputPrice > 0 ? (left - (input + context) * inputPrice) / outputPrice : 0);
      return overBudget(detail, dollarsPerDay, used.dollarsToday, dollars, untilDay, fits);
    }
    this.#sql.exec("INSERT OR REPLACE INTO pace (id, began, asks) VALUES (1, ?, ?)", pace.began, pace.asks + 1);
    this.#sql.exec(
      "INSERT INTO holds (id, chat, tokens, dollars, time) VALUES (?, ?, ?, ?, ?)",
      hold,
      chat,
      needed,
      dollars,
      now,
    );
    return ok(null);
  }

  /** Each limit there is, and what is left of it. */
  standings({ asksPerMinute, answersAtOnce, tokensPerDay, dollarsPerDay }: Limits, now: number): Standing[] {
    const { began, asks } = this.#pace(now);
    const { answersNow, tokensToday, dollarsToday } = this.usage(now);
    const untilDay = Math.ceil((DAY_MS - (now % DAY_MS)) / 1000);
    const standing = (
      name: Standing["name"],
      quota: number | null,
      used: number,
      window: number | null,
      reset: number | null,
    ): Standing[] =>
      quota === null
        ? []
        : [{ name, quota: Math.floor(quota), window, remaining: Math.max(0, Math.floor(quota - used)), reset }];
    return [
      ...standing("asks", asksPerMinute, asks, 60, Math.max(1, Math.ceil((began + MINUTE_MS - now) / 1000))),
      ...standing("answers", answersAtOnce, answersNow, null, null),
      ...standing("tokens", tokensPerDay, tokensToday, DAY_MS / 1000, untilDay),
      ...standing(
        "cents",
        dollarsPerDay === null ? null : dollarsPerDay * 100,
        dollarsToday * 100,
        DAY_MS / 1000,
        untilDay,
      ),
    ];
  }

  /** Gives back what was held for an ask that began no run. */
  release(hold: string): void {
    this.#sql.exec("DELETE FROM holds WHERE id = ?", hold);
  }

  /** Takes what runs took, each once however often it is told; what was held for them is free again. */
  settle(settlements: readonly Settlement[], now: number): void {
    const day = dayOf(now);
    for (const { run, hold, tokens, dollars } of settlements) {
      if (this.#sql.exec("SELECT run FROM settled WHERE run = ?", run).length > 0) continue;
      this.#sql.exec("INSERT INTO settled (run, day) VALUES (?, ?)", run, day);
      this.#spend(day, tokens, dollars);
      this.release(hold);
    }
    if (settlements.length > 0) {
      this.#sql.exec("DELETE FROM settled WHERE day < ?", day - REMEMBER_DAYS);
      this.#sql.exec("DELETE FROM usage WHERE day < ?", day - REMEMBER_DAYS);
    }
  }

  /** A chat is gone, and its receipts with it: what was held for it counts as used. */
  forfeit(chat: string, now: number): void {
    const held = this.#sql.exec<{ id: string; tokens: number; dollars: number }>(
      "SELECT id, tokens, dollars FROM holds WHERE chat = ?",
      chat,
    );
    for (const { id, tokens, dollars } of held) {
      this.#spend(dayOf(now), tokens, dollars);
      this.release(id);
    }
  }

  usage(now: number): Usage {
    const [held] = this.#sql.exec<{ count: number; tokens: number; dollars: number }>(
      "SELECT count(*) AS count, coalesce(sum(tokens), 0) AS tokens, coalesce(sum(dollars), 0) AS dollars FROM holds",
    );
    const [today] = this.#sql.exec<{ tokens: number; dollars: number }>(
      "SELECT tokens, dollars FROM usage WHERE day = ?",
      dayOf(now),
    );
    return {
      asksThisMinute: this.#pace(now).asks,
      answersNow: held?.count ?? 0,
      tokensToday: (today?.tokens ?? 0) + (held?.tokens ?? 0),
      dollarsToday: (today?.dollars ?? 0) + (held?.dollars ?? 0),
    };
  }

  /** The minute that runs: it begins with the first ask after the one before. */
  #pace(now: number): { began: number; asks: number } {
    const [pace] = this.#sql.exec<{ began: number; asks: number }>("SELECT began, asks FROM pace");
    return pace && pace.began + MINUTE_MS > now && pace.began <= now ? pace : { began: now, asks: 0 };
  }

  #spend(day: number, tokens: number, dollars: number): void {
    this.#sql.exec(
      `INSERT INTO usage (day, tokens, dollars) VALUES (?1, ?2, ?3)
       ON CONFLICT (day) DO UPDATE SET tokens = tokens + ?2, dollars = dollars + ?3`,
      day,
      tokens,
      dollars,
    );
  }
}

/**
 * An ask for which a day's budget has no room: with how long its answer may be at most to fit, and when there is more.
 * `fits` gives how many tokens of an answer there is room for. One that is too much for a whole day never fits.
 */
function overBudget(
  detail: string,
  limit: number,
  used: number,
  needed: number,
  untilDay: number,
  fits: (left: number) => number,
): Result<never> {
  const tomorrow = needed <= limit;
  const now = Math.floor(fits(limit - used));
  const atMost = Math.floor(fits(limit));
  const less = now > 0 ? `Ask for less by maxOutputTokens (${now} at most)` : null;
  const later = tomorrow
    ? "tomorrow (UTC)"
    : atMost > 0 && atMost > now
      ? `tomorrow (UTC) with maxOutputTokens of ${atMost} at most`
      : null;
  const helps = less && later ? `${less}, or ${later}.` : less ? `${less}.` : later ? `Ask ${later}.` : TOO_LONG;
  return fail("budget_exceeded", `${detail} ${helps}`, {
    limit,
    value: used,
    ...(tomorrow && { retryAfter: untilDay }),
  });
}

/** No answer is so short that its question would fit. */
const TOO_LONG = "What goes in alone is more than a day's budget: shorten the prompt, or begin another chat.";

const dayOf = (now: number): number => Math.floor(now / DAY_MS);
const money = (dollars: number): string => `$${dollars.toFixed(dollars < 0.1 ? 4 : 2)}`;
