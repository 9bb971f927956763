// The archive's tables: what outlives the chats' own storage, and what a person with SQL asks. A row is written once, when
// the thing it tells of has ended, and never changed; only a chat's own row moves on.
import {
  bigint,
  boolean,
  customType,
  doublePrecision,
  index,
  integer,
  jsonb,
  pgTable,
  primaryKey,
  text,
  timestamp,
} from "drizzle-orm/pg-core";
import type {
  CacheStatus,
  Finish,
  ProviderName,
  Recovery,
  RunErrorCode,
  RunStatus,
  Tier,
} from "../protocol/records.ts";

const moment = () => timestamp({ withTimezone: true, precision: 3 });

/** Words with their places, by which Postgres searches. Made by `words.ts`, not by one of Postgres's parsers. */
const tsvector = customType<{ data: string }>({ dataType: () => "tsvector" });

/** A chat. Of one that was deleted the id is left, so that nothing that is late can bring it back. */
export const chats = pgTable(
  "chats",
  {
    id: text().primaryKey(),
    owner: text(),
    tenant: text(),
    title: text(),
    createdAt: moment(),
    updatedAt: moment(),
    /** How far into the chat's log the archive has come. */
    through: bigint({ mode: "number" }).notNull(),
    deletedAt: moment(),
  },
  (table) => [index("chats_of_owner").on(table.owner, table.updatedAt)],
);

/** What was said: a person's messages, and answers that have ended. */
export const messages = pgTable(
  "messages",
  {
    chatId: text()
      .notNull()
      .references(() => chats.id),
    id: text().notNull(),
    parent: text(),
    role: text().$type<"user" | "assistant">().notNull(),
    text: text().notNull(),
    /** The run whose answer this is. */
    run: integer(),
    time: moment().notNull(),
    search: tsvector().notNull(),
  },
  (table) => [primaryKey({ columns: [table.chatId, table.id] }), index("messages_by_words").using("gin", table.search)],
);

/** Runs that have ended, with their receipts. */
export const runs = pgTable(
  "runs",
  {
    chatId: text()
      .notNull()
      .references(() => chats.id),
    run: integer().notNull(),
    owner: text().notNull(),
    tenant: text().notNull(),
    parent: text().notNull(),
    message: text().notNull(),
    tier: text().$type<Tier>().notNull(),
    provider: text().$type<ProviderName>().notNull(),
    model: text().notNull(),
    temperature: doublePrecision(),
    maxOutputTokens: integer(),
    system: text(),
    startedAt: moment().notNull(),
    endedAt: moment().notNull(),
    status: text().$type<RunStatus>().notNull(),
    finish: text().$type<Finish>(),
    errorCode: text().$type<RunErrorCode>(),
    errorMessage: text(),
    errorRetryAfter: doublePrecision(),
    replacedBy: text(),
    cache: text().$type<CacheStatus>().notNull(),
    inputTokens: bigint({ mode: "number" }),
    outputTokens: bigint({ mode: "number" }),
    estimated: boolean().notNull(),
    cost: doublePrecision(),
    firstTokenMs: bigint({ mode: "number" }),
    totalMs: bigint({ mode: "number" }).notNull(),
    requests: bigint({ mode: "number" }).notNull(),
    recoveries: jsonb().$type<Recovery[]>().notNull(),
    savedMs: bigint({ mode: "number" }),
    savedInputTokens: bigint({ mode: "number" }),
    savedOutputTokens: bigint({ mode: "number" }),
    savedCost: doublePrecision(),
    cacheAge: bigint({ mode: "number" }),
  },
  (table) => [
    primaryKey({ columns: [table.chatId, table.run] }),
    index("runs_of_tenant").on(table.tenant, table.endedAt),
  ],
);

/**
 * The chats' logs, record by record as they are in their objects: what each has beyond one position and up to another, as
 * JSON, which has a word for U+0000. A chat's parts in order are its log; they may overlap, and have no gap.
 */
export const logParts = pgTable(
  "log_parts",
  {
    chatId: text()
      .notNull()
      .references(() => chats.id),
    after: bigint({ mode: "number" }).notNull(),
    through: bigint({ mode: "number" }).notNull(),
    body: text().notNull(),
  },
  (table) => [primaryKey({ columns: [table.chatId, table.after] })],
);

/** The tokens that an admin made: of each its digest, and what is known of it, as JSON. Never the token itself. */
export const tokens = pgTable("tokens", {
  id: text().primaryKey(),
  digest: text().notNull().unique(),
  about: text().notNull(),
});

/** The whole log of a chat whose object gave up its storage, in parts. */
export const snapshots = pgTable(
  "snapshots",
  {
    chatId: text()
      .notNull()
      .references(() => chats.id),
    part: integer().notNull(),
    body: text().notNull(),
  },
  (table) => [primaryKey({ columns: [table.chatId, table.part] })],
);
