// One person: the list of their chats, what search finds in them, and the idempotency keys of their asks. Fed by the
// chats' outboxes, so it may be a moment behind them; the chats are the truth.
import { DurableObject } from "cloudflare:workers";
import type { Usage } from "../protocol/access.ts";
import { IDEMPOTENCY_WINDOW_MS, MAX_CHATS_PER_PERSON } from "../protocol/limits.ts";
import { fail, ok, type Result } from "../protocol/problems.ts";
import type { ChatListReply, ChatSummary, SearchReply } from "../protocol/requests.ts";
import { SNIPPET_CLOSE, SNIPPET_OPEN } from "../protocol/words.ts";
import { durableDisk } from "./durable-disk.ts";
import { isMigrated, migrate } from "./migrations.ts";
import type { ChatUpdate } from "./outbox.ts";
import { type Demand, QUOTA_STEP, Quota, type Standing } from "./quota.ts";
import { matchesTitle, matchQuery } from "./search-query.ts";
import type { Disk } from "./sql.ts";

const STEPS = [
  `CREATE TABLE chats (
     id TEXT PRIMARY KEY, title TEXT NOT NULL, created INTEGER NOT NULL, updated INTEGER NOT NULL, running INTEGER NOT NULL
   ) WITHOUT ROWID;
   CREATE TABLE deleted (id TEXT PRIMARY KEY) WITHOUT ROWID;
   CREATE TABLE idempotency (
     key TEXT PRIMARY KEY, fingerprint TEXT NOT NULL, chat TEXT NOT NULL, time INTEGER NOT NULL
   ) WITHOUT ROWID;
   CREATE VIRTUAL TABLE texts USING fts5 (text, chat UNINDEXED, message UNINDEXED, time UNINDEXED, tokenize = 'unicode61 remove_diacritics 2')`,
  `${QUOTA_STEP};
   ALTER TABLE chats ADD COLUMN context INTEGER NOT NULL DEFAULT 0;
   CREATE TABLE closed (id INTEGER PRIMARY KEY CHECK (id = 1))`,
  "CREATE TABLE erasing (id INTEGER PRIMARY KEY CHECK (id = 1), person TEXT NOT NULL)",
];

interface ChatColumns extends Record<string, string | number | null> {
  id: string;
  title: string;
  created: number;
  updated: number;
  running: number;
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

const ERASING = fail("conflict", "You are being erased here. Ask again when that is done.");
const CLOSED = fail("unauthenticated", "This token was revoked.");
const UNUSED: Usage = { asksThisMinute: 0, answersNow: 0, tokensToday: 0, dollarsToday: 0 };
const PAGE = 50;
const HITS = 30;
const ERASED_AT_ONCE = 20;
/** When a person's erasure that broke off goes on. */
const ERASE_AGAIN_MS = 30_000;
/** Chats that a full page may skip because a cursor's neighbours share its time. */
const CURSOR = /^(\d{1,15})-([0-9a-f]{64})$/;

export class PersonObject extends DurableObject<Env> {
  readonly #disk: Disk = durableDisk(this.ctx.storage);
  readonly #quota = new Quota(this.#disk);
  #ready = false;

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    if (isMigrated(this.#disk)) this.#open();
  }

  #open(): Disk {
    if (!this.#ready) migrate(this.#disk, STEPS);
    this.#ready = true;
    return this.#disk;
  }

  /**
   * Decides whether an ask may be, and in which chat it runs: in `chatId`, or, when the same key was used before, in the
   * chat it was used for. A new chat (`title` given) is put on the list at once, so that whoever asked finds it there.
   * What it may take is held (`demand`), where there are limits.
   */
  async admit(
    chatId: string,
    title: string | null,
    claim: Claim | null,
    demand: Demand | null,
    now: number,
  ): Promise<Admission> {
    const chat = this.#admit(chatId, title, claim, demand, now);
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
    if (disk.exec("SELECT id FROM closed").length > 0) return CLOSED;
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

  async usage(now: number): Promise<Usage> {
    return this.#ready ? this.#quota.usage(now) : UNUSED;
  }

  /** The token that this person is was revoked: they ask for nothing more. */
  async close(): Promise<void> {
    this.#open().exec("INSERT OR IGNORE INTO closed (id) VALUES (1)");
  }

  /** Takes what a chat's outbox delivers. Idempotent. */
  async update({ chatId, title, created, updated, running, texts, settled, context }: ChatUpdate): Promise<void> {
    const disk = this.#open();
    if (disk.exec("SELECT id FROM deleted WHERE id = ?", chatId).length > 0) return;
    disk.transaction(() => {
      this.#quota.settle(settled, Date.now());
      disk.exec(
        `INSERT INTO chats (id, title, created, updated, running, context)
         VALUES (?1, coalesce(?2, ''), ?3, ?4, ?5, coalesce(?6, 0))
         ON CONFLICT (id) DO UPDATE SET
           title = coalesce(?2, title), updated = max(updated, ?4), running = ?5, context = coalesce(?6, context)`,
        chatId,
        title,
        created,
        updated,
        running ? 1 : 0,
        context,
      );
      for (const { messageId, text, time } of texts) {
        disk.exec(
          "DELETE FROM texts WHERE rowid IN (SELECT rowid FROM texts WHERE chat = ? AND message = ?)",
          chatId,
          messageId,
        );
        disk.exec("INSERT INTO texts (text, chat, message, time) VALUES (?, ?, ?, ?)", text, chatId, messageId, time);
      }
    });
  }

  /**
   * Erases the person: all chats, and what is known of them here. What breaks off goes on by itself. What stays is what
   * they used these days, and which chats were deleted, so that a late word of one does not bring it back.
   */
  async erase(person: string): Promise<void> {
    this.#open().exec("INSERT OR REPLACE INTO erasing (id, person) VALUES (1, ?)", person);
    await this.ctx.storage.setAlarm(Date.now() + ERASE_AGAIN_MS);
    await this.#erase(person);
  }

  async #erase(person: string): Promise<void> {
    const disk = this.#open();
    for (;;) {
      const chats = disk.exec<{ id: string }>(`SELECT id FROM chats LIMIT ${ERASED_AT_ONCE}`);
      if (chats.length === 0) break;
      await Promise.all(chats.map(({ id }) => this.#eraseChat(id, person)));
    }
    for (const table of ["texts", "idempotency", "erasing"]) disk.exec(`DELETE FROM ${table}`);
    await this.ctx.storage.deleteAlarm();
  }

  async #eraseChat(id: string, person: string): Promise<void> {
    const erased = await this.env.CHAT.get(this.env.CHAT.idFromString(id)).erase(person);
    if (!erased.ok && erased.failure.code !== "unknown_chat") throw new Error(erased.failure.detail);
    await this.remove(id);
  }

  override async alarm(): Promise<void> {
    if (!this.#ready) return;
    const [erasing] = this.#disk.exec<{ person: string }>("SELECT person FROM erasing");
    if (erasing) await this.erase(erasing.person);
  }

  /** Forgets a chat; true when it was on the list. */
  async remove(chatId: string): Promise<boolean> {
    if (!this.#ready) return false;
    const disk = this.#open();
    this.#quota.forfeit(chatId, Date.now());
    if (disk.exec("SELECT id FROM chats WHERE id = ?", chatId).length === 0) return false;
    disk.transaction(() => {
      disk.exec("DELETE FROM chats WHERE id = ?", chatId);
      disk.exec("DELETE FROM texts WHERE chat = ?", chatId);
      disk.exec("DELETE FROM idempotency WHERE chat = ?", chatId);
      disk.exec("INSERT OR IGNORE INTO deleted (id) VALUES (?)", chatId);
    });
    return true;
  }

  /** A page of chats, newest first, after the cursor of the page before. */
  async list(cursor: string | null): Promise<Result<ChatListReply>> {
    const [, updated, id] = CURSOR.exec(cursor ?? "") ?? [];
    if (cursor !== null && !id) return fail("bad_request", "cursor: use the one the page before gave you, or none.");
    if (!this.#ready) return ok({ chats: [], cursor: null });
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

  /** Messages and titles that match, best first. */
  async search(query: string): Promise<SearchReply> {
    const match = matchQuery(query);
    if (!this.#ready || !match) return { hits: [] };
    const disk = this.#open();
    const hits = disk.exec<{ chatId: string; title: string; messageId: string; snippet: string; time: number }>(
      `SELECT texts.chat AS chatId, chats.title AS title, message AS messageId, texts.time AS time,
              snippet(texts, 0, '${SNIPPET_OPEN}', '${SNIPPET_CLOSE}', '…', 16) AS snippet
       FROM texts JOIN chats ON chats.id = texts.chat WHERE texts MATCH ? ORDER BY rank LIMIT ${HITS}`,
      match,
    );
    // Folding is ours, so the titles are gone through here; there are at most as many as a person may keep chats.
    const named = matchesTitle(query);
    const titled = disk
      .exec<ChatColumns>("SELECT id, title, created, updated, running FROM chats ORDER BY updated DESC")
      .filter(({ id, title }) => named(title) && !hits.some((hit) => hit.chatId === id))
      .slice(0, HITS)
      .map(({ id, title, updated }) => ({ chatId: id, title, messageId: null, snippet: title, time: updated }));
    return { hits: [...titled, ...hits] };
  }
}

function toSummary({ id, title, created, updated, running }: ChatColumns): ChatSummary {
  return { id, title, createdAt: created, updatedAt: updated, running: running === 1 };
}
