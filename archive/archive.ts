// The archive in Postgres. What it is told it keeps once, however often it is told; what was deleted stays deleted. Every
// write first takes the lock of its chat's row and looks whether that is a tombstone, in the same transaction.
import { and, asc, desc, eq, gt, inArray, isNull, notInArray, type SQL, sql } from "drizzle-orm";
import type { TokenSummary } from "../protocol/access.ts";
import type { Connect, Database } from "./database.ts";
import { type ChatFacts, chatRow, messageRows, runRows } from "./facts.ts";
import { chats, logParts, messages, runs, snapshots, tokens } from "./schema.ts";
import { queryOf } from "./search-words.ts";
import { snippetOf } from "./snippet.ts";
import { type RunTally, runTallies } from "./tallies.ts";

/** How long a call may take, ms. Nobody waits for a write; somebody does for what is read. */
const WRITE_MS = 15_000;
const READ_MS = 1_500;
const SNAPSHOT_MS = 10_000;

const HITS = 30;
/** Of a log's parts so many bytes are read at once, and one part more. */
const LOG_BYTES = 4_000_000;

export interface TextHit {
  chatId: string;
  messageId: string;
  snippet: string;
  time: number;
}

/** A chat that was not deleted, as the archive has it. */
export interface KeptChat {
  id: string;
  owner: string;
  tenant: string;
  title: string;
  /** Unix ms. */
  created: number;
  updated: number;
  /** How far into its log the archive has been told, and how far it has the log itself without a gap. */
  through: number;
  reach: number;
}

/** A token that an admin made, with the digest by which it is recognised. */
export interface KeptToken {
  token: TokenSummary;
  digest: string;
}

export class Archive {
  readonly #connect: Connect;

  constructor(connect: Connect) {
    this.#connect = connect;
  }

  /** Keeps what is new of a chat: all of it or nothing. */
  async save(facts: ChatFacts): Promise<void> {
    const db = this.#connect(WRITE_MS);
    const [messageRecords, runRecords] = [messageRows(facts), runRows(facts)];
    await db.batch([
      lockChat(db, facts),
      ...(messageRecords.length === 0
        ? []
        : [
            db
              .insert(messages)
              .select(recordsOf(messages, messageRecords, facts.id))
              .onConflictDoNothing(),
          ]),
      ...(runRecords.length === 0
        ? []
        : [
            db
              .insert(runs)
              .select(recordsOf(runs, runRecords, facts.id))
              .onConflictDoNothing(),
          ]),
      db
        .insert(logParts)
        .select(
          sql`select ${chats.id}, ${facts.after}::bigint, ${facts.through}::bigint, ${facts.log}::text from ${chats}
            where ${chats.id} = ${facts.id} and ${chats.deletedAt} is null`,
        )
        .onConflictDoUpdate({
          target: [logParts.chatId, logParts.after],
          set: { through: sql`excluded.through`, body: sql`excluded.body` },
          // One that comes late takes nothing back.
          setWhere: sql`${logParts.through} < excluded.through`,
        }),
    ]);
  }

  /** Forgets chats, whether it knows them or not, and will not be told of them again. */
  async erase(chatIds: readonly string[], now: number): Promise<void> {
    // In order, so that two of these can't wait for each other.
    const ids = [...chatIds].sort();
    const gone = { owner: null, tenant: null, title: null, createdAt: null, updatedAt: null, through: 0 };
    const tombstones = ids.map((id) => ({ id, ...gone, deletedAt: new Date(now) }));
    const db = this.#connect(WRITE_MS);
    await db.batch([
      db
        .insert(chats)
        .values(tombstones)
        .onConflictDoUpdate({
          target: chats.id,
          set: { ...gone, deletedAt: sql`excluded.deleted_at` },
          setWhere: isNull(chats.deletedAt),
        }),
      db.delete(messages).where(inArray(messages.chatId, ids)),
      db.delete(runs).where(inArray(runs.chatId, ids)),
      db.delete(logParts).where(inArray(logParts.chatId, ids)),
      db.delete(snapshots).where(inArray(snapshots.chatId, ids)),
    ]);
  }

  /** A person's messages in which every word of the query is, best first; not those of the chats left out. */
  async search(owner: string, query: string, without: readonly string[]): Promise<TextHit[]> {
    const asked = queryOf(owner, query);
    if (!asked) return [];
    const words = sql`${asked.words}::tsquery`;
    const found = await this.#connect(READ_MS)
      .select({ chatId: messages.chatId, messageId: messages.id, text: messages.text, time: messages.time })
      .from(messages)
      .innerJoin(chats, eq(chats.id, messages.chatId))
      .where(
        and(
          sql`${messages.search} @@ (${asked.owner}::tsquery && ${words})`,
          eq(chats.owner, owner),
          without.length === 0 ? undefined : notInArray(messages.chatId, [...without]),
        ),
      )
      .orderBy(desc(sql`ts_rank(${messages.search}, ${words}, 1)`), desc(messages.time))
      .limit(HITS);
    return found.map(({ chatId, messageId, text, time }) => {
      return { chatId, messageId, snippet: snippetOf(text, asked.folded), time: time.getTime() };
    });
  }

  /** The runs of a tenant that ended from `from` on and before `to`, by slots of time. */
  tallies(tenant: string, from: number, to: number, slotMs: number, bounds: readonly number[]): Promise<RunTally[]> {
    return runTallies(this.#connect(READ_MS), { tenant, from, to, slotMs, bounds });
  }

  /** What is kept of a chat's log after a position, in order: some parts of it, until there are no more. */
  async logAfter(chatId: string, position: number): Promise<string[]> {
    const db = this.#connect(SNAPSHOT_MS);
    const before = sql<number>`sum(octet_length(${logParts.body})) over
      (order by ${logParts.after} rows between unbounded preceding and 1 preceding)`;
    const parts = db
      .select({ after: logParts.after, body: logParts.body, before: before.as("before") })
      .from(logParts)
      .where(and(eq(logParts.chatId, chatId), gt(logParts.through, position)))
      .as("parts");
    const found = await db
      .select({ body: parts.body })
      .from(parts)
      .where(sql`coalesce(${parts.before}, 0) < ${LOG_BYTES}`)
      .orderBy(asc(parts.after));
    return found.map(({ body }) => body);
  }

  /** Chats that were not deleted, in the order of their ids, those after `after`. */
  async chatsAfter(after: string, limit: number): Promise<KeptChat[]> {
    // Where the first gap begins; without one, where the last part ends.
    const reach = sql<number>`(
      select coalesce(min(before) filter (where "after" > before), max(through), 0) from (
        select "after", through, coalesce(max(through) over
          (order by "after" rows between unbounded preceding and 1 preceding), 0) as before
        from ${logParts} where chat_id = "chats"."id"
      ) as parts)`.mapWith(Number);
    const { id, owner, tenant, title, createdAt, updatedAt, through } = chats;
    const found = await this.#connect(SNAPSHOT_MS)
      .select({ id, owner, tenant, title, createdAt, updatedAt, through, reach })
      .from(chats)
      .where(and(gt(id, after), isNull(chats.deletedAt)))
      .orderBy(asc(id))
      .limit(limit);
    return found.map((chat) => ({
      id: chat.id,
      owner: chat.owner ?? "",
      tenant: chat.tenant ?? "",
      title: chat.title ?? "",
      created: chat.createdAt?.getTime() ?? 0,
      updated: chat.updatedAt?.getTime() ?? 0,
      through: chat.through,
      reach: chat.reach,
    }));
  }

  /** Keeps tokens as they are now, in the place of what was known of them. */
  async saveTokens(kept: readonly KeptToken[]): Promise<void> {
    const rows = kept.map(({ token, digest }) => ({ id: token.id, digest, about: JSON.stringify(token) }));
    await this.#connect(WRITE_MS)
      .insert(tokens)
      .values(rows)
      .onConflictDoUpdate({ target: tokens.id, set: { about: sql`excluded.about` } });
  }

  async tokens(): Promise<KeptToken[]> {
    const rows = await this.#connect(SNAPSHOT_MS).select().from(tokens).orderBy(asc(tokens.id));
    return rows.map(({ about, digest }) => ({ token: JSON.parse(about) as TokenSummary, digest }));
  }

  /** Keeps one part of a chat's whole log, in the place of what was kept there. */
  async putPart(chatId: string, part: number, body: string): Promise<void> {
    const db = this.#connect(SNAPSHOT_MS);
    await db
      .insert(snapshots)
      // With the lock of the chat's row, so that none is left behind by a deletion.
      .select(
        sql`select ${chats.id}, ${part}::int, ${body}::text from ${chats}
          where ${chats.id} = ${chatId} and ${chats.deletedAt} is null for update`,
      )
      .onConflictDoUpdate({ target: [snapshots.chatId, snapshots.part], set: { body: sql`excluded.body` } });
  }

  /** Undefined when it has none. */
  async getPart(chatId: string, part: number): Promise<string | undefined> {
    const [found] = await this.#connect(SNAPSHOT_MS)
      .select({ body: snapshots.body })
      .from(snapshots)
      .where(and(eq(snapshots.chatId, chatId), eq(snapshots.part, part)));
    return found?.body;
  }

  /** Forgets the parts of a chat's log from `part` on. */
  async dropParts(chatId: string, from: number): Promise<void> {
    const db = this.#connect(SNAPSHOT_MS);
    await db.delete(snapshots).where(and(eq(snapshots.chatId, chatId), gt(snapshots.part, from - 1)));
  }

  /** Rejects when it does not answer. */
  async ping(budgetMs: number): Promise<void> {
    await this.#connect(budgetMs).execute(sql`select 1 from ${chats} limit 1`);
  }
}

/**
 * The chat's own row, in its newest state. Takes the row's lock whether it changes it or not: until the transaction ends
 * no deletion can come between.
 */
function lockChat(db: Database, facts: ChatFacts) {
  return db
    .insert(chats)
    .values(chatRow(facts))
    .onConflictDoUpdate({
      target: chats.id,
      set: {
        title: sql`excluded.title`,
        updatedAt: sql`greatest(${chats.updatedAt}, excluded.updated_at)`,
        through: sql`excluded.through`,
      },
      // What comes late must not take back what is newer.
      setWhere: sql`${chats.deletedAt} is null and ${chats.through} <= excluded.through`,
    });
}

/** Rows of a table from one parameter, for a chat that has not been deleted. */
function recordsOf(table: typeof messages | typeof runs, rows: readonly object[], chatId: string): SQL {
  const named = rows.map((row) => Object.fromEntries(Object.entries(row).map(([name, value]) => [snake(name), value])));
  return sql`select ${table}.* from jsonb_populate_recordset(null::${table}, ${JSON.stringify(named)}::jsonb) as ${table}
    where exists (select 1 from ${chats} where ${chats.id} = ${chatId} and ${chats.deletedAt} is null)`;
}

const snake = (name: string): string => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
