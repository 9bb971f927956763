// One person: the list of their chats, what search finds in them, and the idempotency keys of their asks. Fed by the
// chats' outboxes, so it may be a moment behind them; the chats are the truth.
import { DurableObject } from "cloudflare:workers";
import { getLogger } from "@logtape/logtape";
import { archiveOf } from "../archive/config.ts";
import { reasonOf } from "../archive/reason.ts";
import { placesOf, searchWords } from "../archive/search-words.ts";
import { snippetOf } from "../archive/snippet.ts";
import type { Usage } from "../protocol/access.ts";
import { IDEMPOTENCY_WINDOW_MS, MAX_CHATS_PER_PERSON } from "../protocol/limits.ts";
import { fail, ok, type Result } from "../protocol/problems.ts";
import type { ChatListReply, ChatSummary, SearchReply } from "../protocol/requests.ts";
import { chatOf } from "./chat-address.ts";
import { durableDisk } from "./durable-disk.ts";
import { isMigrated, migrate } from "./migrations.ts";
import type { ChatUpdate } from "./outbox.ts";
import { type Demand, QUOTA_STEP, Quota, type Settlement, type Standing } from "./quota.ts";
import { matchesTitle, matchOf } from "./search-query.ts";
import type { Disk } from "./sql.ts";

const STEPS = [
  `CREATE TABLE chats (
     id TEXT PRIMARY KEY, title TEXT NOT NULL, created INTEGER NOT NULL, updated INTEGER NOT NULL, running INTEGER NOT NULL,
     context INTEGER NOT NULL DEFAULT 0, told INTEGER NOT NULL DEFAULT 0, archived INTEGER NOT NULL DEFAULT 0
   ) WITHOUT ROWID;
   CREATE TABLE deleted (id TEXT PRIMARY KEY) WITHOUT ROWID;
   CREATE TABLE erasures (chat TEXT PRIMARY KEY, person TEXT NOT NULL, since INTEGER NOT NULL) WITHOUT ROWID;
   CREATE TABLE erasing (id INTEGER PRIMARY KEY CHECK (id = 1), person TEXT NOT NULL);
   CREATE TABLE closed (id INTEGER PRIMARY KEY CHECK (id = 1), sweep INTEGER);
   CREATE TABLE idempotency (
     key TEXT PRIMARY KEY, fingerprint TEXT NOT NULL, chat TEXT NOT NULL, time INTEGER NOT NULL
   ) WITHOUT ROWID;
   CREATE VIRTUAL TABLE texts USING fts5 (words, text UNINDEXED, chat UNINDEXED, message UNINDEXED, time UNINDEXED, tokenize = 'ascii');
   -- Where each text is: a full-text index finds a row by its words or its number, and by nothing else.
   CREATE TABLE places (place INTEGER PRIMARY KEY, chat TEXT NOT NULL, message TEXT NOT NULL, UNIQUE (chat, message));
   ${QUOTA_STEP}`,
  // A text that is deleted leaves no word in the index either. Those of before are dropped with it.
  `INSERT INTO texts (texts, rank) VALUES ('secure-delete', 1);
   INSERT INTO texts (texts) VALUES ('optimize')`,
  // Of a person's tokens one may be revoked and another not. Those of before are known to be revoked everywhere.
  "DROP TABLE closed; CREATE TABLE revoked (token TEXT PRIMARY KEY, sweep INTEGER) WITHOUT ROWID",
];

interface ChatColumns extends Record<string, string | number | null> {
  id: string;
  title: string;
  created: number;
  updated: number;
  running: number;
}

interface TextHit {
  chatId: string;
  title: string;
  messageId: string;
  snippet: string;
  time: number;
}

interface TextColumns extends Record<string, string | number> {
  chatId: string;
  title: string;
  messageId: string;
  text: string;
  time: number;
}

/** A request that may be a repetition of an earlier one. */
export interface Claim {
  key: string;
  fingerprint: string;
}

/** What becomes of an ask: the chat in which it runs, or why it may not be. */
export interface Admission {
  chat: Result<string>;
  /** What is left of the asker's limits now. */
  standings: Standing[];
}

/** What becomes of what a chat's outbox delivers. */
type Heard = "kept" | "deleted";

const ERASING = fail("conflict", "You are being erased here. Ask again when that is done.");
const CLOSED = fail("unauthenticated", "This token was revoked.");
const UNUSED: Usage = { asksThisMinute: 0, answersNow: 0, tokensToday: 0, dollarsToday: 0 };
const logger = getLogger(["keepstream", "person"]);

const PAGE = 50;
const HITS = 30;
const ERASED_AT_ONCE = 20;
/** When a person's erasure that broke off goes on. */
const ERASE_AGAIN_MS = 30_000;
/** The chat's own object is still busy with its deletion when it tells of it. */
const CARRY_OUT_AFTER_MS = 100;
const CARRY_OUT_AGAIN_MS = 1_000;
const CARRY_OUT_AGAIN_AT_MOST_MS = 600_000;
/** Deletions carried out together. */
const ERASURES = 50;
/** When whoever came back by a token that was just revoked is sent away for good: it is remembered for less, elsewhere. */
const SWEEP_AFTER_MS = 6_000;
const DISMISSED_AT_ONCE = 50;
/** Chats ahead of the archive that are searched here meanwhile; with more of them, all are. */
const AHEAD = 100;
/** How many of them a look at the list wakes at most, how often, and when they last said something, ms. */
const WOKEN_AT_ONCE = 20;
const WAKE_AGAIN_MS = 60_000;
const QUIET_MS = 60_000;
/** Chats that a full page may skip because a cursor's neighbours share its time. */
const CURSOR = /^(\d{1,15})-([0-9a-f]{64})$/;

export class PersonObject extends DurableObject<Env> {
  readonly #disk: Disk = durableDisk(this.ctx.storage);
  readonly #quota = new Quota(this.#disk);
  #ready = false;
  /** When chats were last woken, Unix ms. */
  #wokeAt = 0;
  /** The erasure that is under way. */
  #erasure: Promise<void> | undefined;

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    if (isMigrated(this.#disk)) void this.#watchAgain(this.#open());
  }

  /** The platform gives up an alarm whose handler failed too often: whatever wakes the person next sets it again. */
  async #watchAgain(disk: Disk): Promise<void> {
    const unfinished =
      "SELECT 1 FROM erasing UNION ALL SELECT 1 FROM erasures UNION ALL SELECT 1 FROM revoked WHERE sweep > 0";
    if (disk.exec(`${unfinished} LIMIT 1`).length > 0) await this.#ringBy(Date.now() + CARRY_OUT_AGAIN_MS);
  }

  /** Sees to it that the alarm rings by then; one that rings before is left as it is. */
  async #ringBy(time: number): Promise<void> {
    const rings = await this.ctx.storage.getAlarm();
    if (rings === null || rings > time) await this.ctx.storage.setAlarm(time);
  }

  #open(): Disk {
    if (!this.#ready) migrate(this.#disk, STEPS);
    this.#ready = true;
    return this.#disk;
  }

  /**
   * Decides whether an ask may be, and in which chat it runs: in `chatId`, or, when the same key was used before, in the
   * chat it was used for. A new chat (`title` given) is put on the list at once, so that whoever asked finds it there.
   * What it may take is held (`demand`), where there are limits. `token` is the made token by which they came.
   */
  async admit(
    chatId: string,
    title: string | null,
    claim: Claim | null,
    demand: Demand | null,
    now: number,
    token: string | null = null,
  ): Promise<Admission> {
    const chat = this.#isRevoked(token) ? CLOSED : this.#admit(chatId, title, claim, demand, now);
    return { chat, standings: demand ? this.#quota.standings(demand.limits, now) : [] };
  }

  #admit(
    chatId: string,
    title: string | null,
    claim: Claim | null,
    demand: Demand | null,
    now: number,
  ): Result<string> {
    const disk = this.#open();
    if (disk.exec("SELECT id FROM erasing").length > 0) return ERASING;
    if (claim) {
      disk.exec("DELETE FROM idempotency WHERE time < ?", now - IDEMPOTENCY_WINDOW_MS);
      const [known] = disk.exec<{ fingerprint: string; chat: string }>(
        "SELECT fingerprint, chat FROM idempotency WHERE key = ?",
        claim.key,
      );
      if (known && known.fingerprint !== claim.fingerprint) {
        return fail("idempotency_conflict", "This Idempotency-Key came with another request before. Use a new key.");
      }
      if (known) return ok(known.chat);
    }
    if (title !== null) {
      const kept = disk.exec<{ count: number }>("SELECT count(*) AS count FROM chats")[0]?.count ?? 0;
      if (kept >= MAX_CHATS_PER_PERSON) {
        const detail = `You keep ${kept} chats; the limit is ${MAX_CHATS_PER_PERSON}. Delete one to start another.`;
        return fail("too_many_chats", detail, { limit: MAX_CHATS_PER_PERSON, value: kept });
      }
    }
    const held = demand && this.#quota.take(demand, chatId, this.#context(chatId), now);
    if (held && !held.ok) return held;
    if (title !== null) {
      disk.exec(
        "INSERT INTO chats (id, title, created, updated, running) VALUES (?, ?, ?, ?, 1)",
        chatId,
        title,
        now,
        now,
      );
    }
    if (claim) {
      const { key, fingerprint } = claim;
      disk.exec(
        "INSERT INTO idempotency (key, fingerprint, chat, time) VALUES (?, ?, ?, ?)",
        key,
        fingerprint,
        chatId,
        now,
      );
    }
    return ok(chatId);
  }

  /** Tokens that an ask in this chat brings along: what the last answer had before it, and its own. */
  #context(chatId: string): number {
    return this.#disk.exec<{ context: number }>("SELECT context FROM chats WHERE id = ?", chatId)[0]?.context ?? 0;
  }

  /** Gives back what was held for an ask that began no run. */
  async release(hold: string): Promise<void> {
    if (this.#ready) this.#quota.release(hold);
  }

  /** Takes back what was admitted for a chat that does not come to be: its place on the list, its claim, what was held. */
  async withdraw(chatId: string, hold: string | undefined): Promise<void> {
    const disk = this.#open();
    if (hold !== undefined) this.#quota.release(hold);
    disk.transaction(() => {
      // Another ask under the same claim may have made it after all.
      if (disk.exec("SELECT id FROM chats WHERE id = ? AND told > 0", chatId).length > 0) return;
      disk.exec("DELETE FROM chats WHERE id = ?", chatId);
      disk.exec("DELETE FROM idempotency WHERE chat = ?", chatId);
    });
  }

  /** Whether anything was ever kept of this person. */
  async isKnown(): Promise<boolean> {
    return this.#ready;
  }

  async usage(now: number): Promise<Usage> {
    return this.#ready ? this.#quota.usage(now) : UNUSED;
  }

  #isRevoked(token: string | null): boolean {
    return token !== null && this.#open().exec("SELECT token FROM revoked WHERE token = ?", token).length > 0;
  }

  /** One of this person's tokens was revoked: nobody asks for anything more by it. */
  async close(person: string, token: string): Promise<void> {
    const sweep = Date.now() + SWEEP_AFTER_MS;
    this.#open().exec("INSERT OR REPLACE INTO revoked (token, sweep) VALUES (?, ?)", token, sweep);
    await this.#ringBy(sweep);
    await this.#dismissReaders(person, token);
  }

  /** Whoever reads by a token that was revoked is sent away, wherever that is. */
  async #dismissReaders(person: string, token: string): Promise<void> {
    const chats = this.#open().exec<{ id: string }>("SELECT id FROM chats ORDER BY updated DESC");
    for (let from = 0; from < chats.length; from += DISMISSED_AT_ONCE) {
      const some = chats.slice(from, from + DISMISSED_AT_ONCE);
      const sent = some.map(({ id }) => chatOf(this.env.CHAT, id).dismiss(person, token));
      await Promise.allSettled(sent);
    }
  }

  /** Once more, when nobody lets a token in any longer. Null when that is done, else how long to wait, ms. */
  async #sweep(): Promise<number | null> {
    const disk = this.#open();
    for (;;) {
      const [next] = disk.exec<{ token: string; sweep: number }>(
        "SELECT token, sweep FROM revoked WHERE sweep IS NOT NULL ORDER BY sweep LIMIT 1",
      );
      const left = next ? next.sweep - Date.now() : null;
      if (!next || left === null || left > 0) return left;
      await this.#dismissReaders(this.ctx.id.name ?? "", next.token);
      disk.exec("UPDATE revoked SET sweep = NULL WHERE token = ? AND sweep = ?", next.token, next.sweep);
    }
  }

  /** Takes what a chat's outbox delivers, unless the chat was deleted. Idempotent. */
  async update(update: ChatUpdate): Promise<Heard> {
    const { chatId, title, created, updated, running, through, archived, texts, settled, context } = update;
    const disk = this.#open();
    if (disk.exec("SELECT id FROM deleted WHERE id = ?", chatId).length > 0) return "deleted";
    disk.transaction(() => {
      this.#quota.settle(settled, Date.now());
      disk.exec(
        `INSERT INTO chats (id, title, created, updated, running, context, told, archived)
         VALUES (?1, coalesce(?2, ''), ?3, ?4, ?5, coalesce(?6, 0), ?7, ?8)
         ON CONFLICT (id) DO UPDATE SET
           title = coalesce(?2, title), created = ?3, updated = max(updated, ?4), running = ?5, context = coalesce(?6, context),
           told = max(told, ?7), archived = max(archived, ?8)`,
        chatId,
        title,
        created,
        updated,
        running ? 1 : 0,
        context,
        through,
        archived,
      );
      for (const { messageId, text, time } of texts) {
        const here = "FROM places WHERE chat = ? AND message = ?";
        disk.exec(`DELETE FROM texts WHERE rowid = (SELECT place ${here})`, chatId, messageId);
        disk.exec(`DELETE ${here}`, chatId, messageId);
        disk.exec("INSERT INTO places (chat, message) VALUES (?, ?)", chatId, messageId);
        disk.exec(
          `INSERT INTO texts (rowid, words, text, chat, message, time) SELECT place, ?, ?, chat, message, ? ${here}`,
          [...placesOf(text).keys()].join(" "),
          text,
          time,
          chatId,
          messageId,
        );
      }
    });
    return "kept";
  }

  /**
   * Erases the person: all chats, and what is known of them here. What breaks off goes on by itself, and a chat that can't
   * be erased yet is carried out as any deletion is: it holds up neither the others nor its person. What stays is what they
   * used these days, and which chats were deleted, so that a late word of one does not bring it back.
   */
  async erase(person: string): Promise<void> {
    this.#open().exec("INSERT OR REPLACE INTO erasing (id, person) VALUES (1, ?)", person);
    await this.#ringBy(Date.now() + ERASE_AGAIN_MS);
    await this.#erase(person);
  }

  /** One at a time: another one, of the alarm's, would erase what began after the first. */
  #erase(person: string): Promise<void> {
    this.#erasure ??= this.#eraseAll(person).finally(() => {
      this.#erasure = undefined;
    });
    return this.#erasure;
  }

  async #eraseAll(person: string): Promise<void> {
    const disk = this.#open();
    while (disk.exec("SELECT id FROM erasing").length > 0) {
      const chats = disk.exec<{ id: string }>(`SELECT id FROM chats LIMIT ${ERASED_AT_ONCE}`);
      if (chats.length > 0) await Promise.all(chats.map(({ id }) => this.#eraseChat(id, person)));
      else for (const table of ["texts", "places", "idempotency", "erasing"]) disk.exec(`DELETE FROM ${table}`);
    }
  }

  async #eraseChat(id: string, person: string): Promise<void> {
    try {
      await this.#eraseObject(id, person);
    } catch (error) {
      logger.warn("a chat of a person who is being erased can't be erased yet; trying again until it is", {
        chat: id,
        error: reasonOf(error),
      });
    }
    await this.remove(person, id);
  }

  /** Has a chat's own object forget everything. One that is gone has. */
  async #eraseObject(id: string, person: string): Promise<void> {
    const erased = await chatOf(this.env.CHAT, id).erase(person);
    if (!erased.ok && erased.failure.code !== "unknown_chat") throw new Error(erased.failure.detail);
  }

  /** Forgets a chat that is on the list; false when it is not. */
  async remove(person: string, chatId: string): Promise<boolean> {
    if (!this.#ready || this.#open().exec("SELECT id FROM chats WHERE id = ?", chatId).length === 0) return false;
    await this.forget(person, chatId);
    return true;
  }

  /**
   * Forgets a chat, and sees to it that everybody else does: its own object and the archive are told until they have.
   * Only for who knows that the chat is this person's. `settled` is what its runs took and it could not tell before.
   */
  async forget(person: string, chatId: string, settled: readonly Settlement[] = []): Promise<void> {
    const disk = this.#open();
    this.#quota.settle(settled, Date.now());
    this.#quota.forfeit(chatId, Date.now());
    disk.transaction(() => {
      disk.exec("DELETE FROM chats WHERE id = ?", chatId);
      disk.exec("DELETE FROM texts WHERE rowid IN (SELECT place FROM places WHERE chat = ?)", chatId);
      disk.exec("DELETE FROM places WHERE chat = ?", chatId);
      disk.exec("DELETE FROM idempotency WHERE chat = ?", chatId);
      disk.exec("INSERT OR IGNORE INTO deleted (id) VALUES (?)", chatId);
      disk.exec("INSERT OR IGNORE INTO erasures (chat, person, since) VALUES (?, ?, ?)", chatId, person, Date.now());
    });
    await this.ctx.storage.setAlarm(Date.now() + CARRY_OUT_AFTER_MS);
  }

  /** Goes on with what broke off, and carries out deletions. Whatever of it fails, the next alarm is set. */
  override async alarm(): Promise<void> {
    const works = [this.#carryOut(), this.#sweep(), this.#eraseOn()];
    const left = await Promise.all(
      works.map((work) =>
        work.catch((error) => {
          logger.warn("work on a person broke off; trying again", { error: reasonOf(error) });
          return ERASE_AGAIN_MS;
        }),
      ),
    );
    const due = left.filter((ms) => ms !== null);
    // What came meanwhile may be due before.
    if (due.length > 0) await this.#ringBy(Date.now() + Math.min(...due));
  }

  /** Goes on with an erasure that broke off. Null when there is none any more. */
  async #eraseOn(): Promise<null> {
    const [erasing] = this.#open().exec<{ person: string }>("SELECT person FROM erasing");
    if (erasing) await this.#erase(erasing.person);
    return null;
  }

  /**
   * Carries out what is left of deletions, passing over what fails. Null when that is all, else how long to wait before the
   * next attempt, ms: the longer it has failed, the longer.
   */
  async #carryOut(): Promise<number | null> {
    const disk = this.#open();
    const { archive } = archiveOf(this.env);
    let oldestLeft: number | null = null;
    let [since, last] = [-1, ""];
    for (;;) {
      const erasures = disk.exec<{ chat: string; person: string; since: number }>(
        `SELECT chat, person, since FROM erasures WHERE (since, chat) > (?, ?) ORDER BY since, chat LIMIT ${ERASURES}`,
        since,
        last,
      );
      const newest = erasures.at(-1);
      if (!newest) break;
      [since, last] = [newest.since, newest.chat];
      // Most often it is gone already; a deletion that broke off is completed.
      const objects = await Promise.allSettled(erasures.map(({ chat, person }) => this.#eraseObject(chat, person)));
      const gone = erasures.filter((_, i) => objects[i]?.status === "fulfilled").map(({ chat }) => chat);
      const failures = objects.flatMap((each) => (each.status === "rejected" ? [each.reason] : []));
      let carriedOut = gone;
      try {
        if (gone.length > 0) await archive?.erase(gone, Date.now());
      } catch (error) {
        failures.push(error);
        carriedOut = [];
      }
      disk.transaction(() => {
        for (const id of carriedOut) disk.exec("DELETE FROM erasures WHERE chat = ?", id);
      });
      if (failures.length === 0) continue;
      oldestLeft ??= erasures.find(({ chat }) => !carriedOut.includes(chat))?.since ?? null;
      logger.warn("chats are not deleted everywhere yet; trying again until they are", {
        chats: erasures.length - carriedOut.length,
        error: reasonOf(failures[0]),
      });
      // Where the archive does not answer, it does not for the others either.
      if (carriedOut.length < gone.length) break;
    }
    if (oldestLeft === null) return null;
    return Math.min(Math.max(Date.now() - oldestLeft, CARRY_OUT_AGAIN_MS), CARRY_OUT_AGAIN_AT_MOST_MS);
  }

  /** A page of chats, newest first, after the cursor of the page before. */
  async list(cursor: string | null): Promise<Result<ChatListReply>> {
    const [, updated, id] = CURSOR.exec(cursor ?? "") ?? [];
    if (cursor !== null && !id) return fail("bad_request", "cursor: use the one the page before gave you, or none.");
    if (!this.#ready) return ok({ chats: [], cursor: null });
    this.#wakeAhead();
    const rows = this.#open().exec<ChatColumns>(
      `SELECT id, title, created, updated, running FROM chats
       WHERE (updated, id) < (?, ?) ORDER BY updated DESC, id DESC LIMIT ${PAGE + 1}`,
      Number(updated ?? Number.MAX_SAFE_INTEGER),
      id ?? "",
    );
    const chats = rows.slice(0, PAGE).map(toSummary);
    const last = chats.at(-1);
    return ok({ chats, cursor: rows.length > PAGE && last ? `${last.updatedAt}-${last.id}` : null });
  }

  /** A page of all chats, by their ids, after the last one of the page before: unlike the list, it has each whatever moves meanwhile. */
  async chatIds(after: string): Promise<string[]> {
    if (!this.#ready) return [];
    const rows = this.#open().exec<{ id: string }>(
      `SELECT id FROM chats WHERE id > ? ORDER BY id LIMIT ${PAGE}`,
      after,
    );
    return rows.map(({ id }) => id);
  }

  /**
   * Wakes some chats that are ahead of the archive and have long been quiet: one that nobody visits has no alarm, and would
   * never tell an archive that was switched on after its last word.
   */
  #wakeAhead(): void {
    const now = Date.now();
    if (!archiveOf(this.env).archive || now < this.#wokeAt + WAKE_AGAIN_MS) return;
    this.#wokeAt = now;
    const ahead = this.#open().exec<{ id: string }>(
      "SELECT id FROM chats WHERE told > archived AND updated < ? ORDER BY updated DESC LIMIT ?",
      now - QUIET_MS,
      WOKEN_AT_ONCE,
    );
    this.ctx.waitUntil(Promise.allSettled(ahead.map(({ id }) => chatOf(this.env.CHAT, id).wake())));
  }

  /** Messages and titles that match, best first. */
  async search(query: string): Promise<SearchReply> {
    const words = searchWords(query);
    if (!this.#ready || words.length === 0) return { hits: [] };
    const disk = this.#open();
    const hits = (await this.#searchArchive(query, words)) ?? this.#searchTexts(words);
    // Folding is ours, so the titles are gone through here; there are at most as many as a person may keep chats.
    const named = matchesTitle(query);
    const titled = disk
      .exec<ChatColumns>("SELECT id, title, created, updated, running FROM chats ORDER BY updated DESC")
      .filter(({ id, title }) => named(title) && !hits.some((hit) => hit.chatId === id))
      .slice(0, HITS)
      .map(({ id, title, updated }) => ({ chatId: id, title, messageId: null, snippet: title, time: updated }));
    return { hits: [...titled, ...hits] };
  }

  /** What the archive finds, with what it can't know yet; undefined when it is off, behind or does not answer. */
  async #searchArchive(query: string, words: string[]): Promise<TextHit[] | undefined> {
    const { archive } = archiveOf(this.env);
    const owner = this.ctx.id.name;
    if (!archive || owner === undefined) return undefined;
    const disk = this.#open();
    const ahead = disk.exec<{ id: string }>(`SELECT id FROM chats WHERE told > archived LIMIT ${AHEAD + 1}`);
    if (ahead.length > AHEAD) return undefined;
    try {
      const ids = ahead.map(({ id }) => id);
      const archived = await archive.search(owner, query, ids);
      const fresh = ids.length === 0 ? [] : this.#searchTexts(words, ids);
      // A title may have changed, or a chat been deleted, since the archive was told.
      const titles = new Map(
        disk.exec<{ id: string; title: string }>("SELECT id, title FROM chats").map(({ id, title }) => [id, title]),
      );
      const known = archived.flatMap((hit) => {
        const title = titles.get(hit.chatId);
        return title === undefined ? [] : [{ ...hit, title }];
      });
      return [...fresh, ...known].slice(0, HITS);
    } catch (error) {
      logger.warn("the archive can't be searched; searching the person's own texts", { error: reasonOf(error) });
      return undefined;
    }
  }

  /** What is found here, in all chats or in some. */
  #searchTexts(words: string[], chats?: string[]): TextHit[] {
    const found = this.#open().exec<TextColumns>(
      `SELECT texts.chat AS chatId, chats.title AS title, message AS messageId, texts.time AS time, texts.text AS text
       FROM texts JOIN chats ON chats.id = texts.chat WHERE texts MATCH ?
       ${chats ? "AND texts.chat IN (SELECT value FROM json_each(?))" : ""} ORDER BY rank LIMIT ${HITS}`,
      matchOf(words),
      ...(chats ? [JSON.stringify(chats)] : []),
    );
    return found.map(({ text, ...hit }) => ({ ...hit, snippet: snippetOf(text, words) }));
  }
}

function toSummary({ id, title, created, updated, running }: ChatColumns): ChatSummary {
  return { id, title, createdAt: created, updatedAt: updated, running: running === 1 };
}
