// What the archive must have of a chat, told from its records alone as any client reads them, and what it has. Compared
// row by row: nothing missing, nothing twice, nothing else.
import { asc, eq } from "drizzle-orm";
import type { Database } from "../archive/database.ts";
import { type ChatFacts, messageRows, runRows, storable } from "../archive/facts.ts";
import { chats, messages, runs } from "../archive/schema.ts";
import { parseTarget } from "../protocol/ids.ts";
import type { LogRecord, WireRecord } from "../protocol/records.ts";
import { emptyChat, reduce } from "../protocol/reduce.ts";

export interface Rows {
  title: string | null;
  messages: object[];
  runs: object[];
}

const order = <Row extends { id?: string; run?: number | null }>(rows: Row[]): Row[] =>
  rows.sort((a, b) => (a.id ?? "").localeCompare(b.id ?? "") || (a.run ?? 0) - (b.run ?? 0));

const withoutSearch = ({ search: _, ...row }: { search: string }) => row;

/** What the records of a whole chat, in order, say that the archive must have. */
export function rowsOfLog(chat: { id: string; owner: string; tenant: string }, records: WireRecord[]): Rows {
  let state = emptyChat;
  const facts: ChatFacts = {
    ...chat,
    title: "",
    created: 0,
    updated: 0,
    after: 0,
    through: 0,
    messages: [],
    runs: [],
    log: "",
  };
  const started = new Map<string, LogRecord & { type: "run.started" }>();
  for (const { offset, ...rest } of records) {
    const record = rest as LogRecord;
    const next = reduce(state, record, offset !== undefined);
    if ("gap" in next) throw new Error(`text is missing before ${JSON.stringify(record)}`);
    state = next;
    if (record.type === "message") {
      const { id, parent, role, text, time } = record;
      facts.messages.push({ id, parent, role, text, time, run: null });
    } else if (record.type === "run.started") {
      started.set(record.run, record);
    } else if (record.type === "run.ended") {
      const begun = started.get(record.run);
      const run = parseTarget(record.run)?.run;
      if (!begun || run === undefined) throw new Error(`${record.run} ended and never began`);
      const { message: id, parent, time } = begun;
      facts.messages.push({ id, parent, role: "assistant", text: state.runs[record.run]?.text ?? "", time, run });
      facts.runs.push({ run, started: begun, ended: record });
    }
  }
  return {
    title: storable(state.title ?? ""),
    messages: order(messageRows(facts).map(withoutSearch)),
    runs: order(runRows(facts)),
  };
}

export async function rowsOfArchive(db: Database, chatId: string): Promise<Rows> {
  const [chat] = await db.select().from(chats).where(eq(chats.id, chatId));
  const said = await db.select().from(messages).where(eq(messages.chatId, chatId));
  const ran = await db.select().from(runs).where(eq(runs.chatId, chatId)).orderBy(asc(runs.run));
  return { title: chat?.title ?? null, messages: order(said.map(withoutSearch)), runs: order(ran) };
}

/** Before this id, and after any that is smaller: a page of the archive's chats that begins after it begins with that chat. */
export const idBefore = (id: string): string => (BigInt(`0x${id}`) - 1n).toString(16).padStart(64, "0");
