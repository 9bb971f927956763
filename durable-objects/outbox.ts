// The outbox: what the person's list and the archive have yet to learn of this chat. The log is its queue: what lies
// beyond their cursors has yet to be delivered, and delivering twice changes nothing.
import type { ChatFacts } from "../archive/facts.ts";
import { parseTarget } from "../protocol/ids.ts";
import type { Receipt, RunEndedRecord } from "../protocol/records.ts";
import { titleFrom } from "../protocol/title.ts";
import type { ChatRow, ChunkLog, RunRow } from "./chunk-log.ts";
import type { Settlement } from "./quota.ts";

/** What a person's list keeps of a chat. */
export interface ChatUpdate {
  chatId: string;
  /** Null while nobody named the chat and its first message did not come with this update. */
  title: string | null;
  created: number;
  updated: number;
  running: boolean;
  /** How far in the log this tells of, and how far the archive has come. */
  through: number;
  archived: number;
  /** New texts to be found by search. */
  texts: { messageId: string; text: string; time: number }[];
  /** What runs that have ended took of their owner's limits. */
  settled: Settlement[];
  /** Tokens that the next ask in this chat brings along; null when nothing new is known of that. */
  context: number | null;
}

/** How far the log is on disk, and how far the archive has come in it. */
export interface Extent {
  through: number;
  archived: number;
}

/** What the list knows already, by the chat's cursors. */
export const heardOf = ({ delivered, archived }: ChatRow): Extent => ({ through: delivered, archived });

/** Messages and answers the list does not know, as one update; null when there is nothing new. */
export function pendingUpdate(log: ChunkLog, { through, archived }: Extent, heard?: Extent): ChatUpdate | null {
  const { chat } = log;
  if (!chat) return null;
  const known = heard ?? heardOf(chat);
  if (known.through >= through && known.archived >= archived) return null;
  const { records } = log.read(known.through, through, Number.POSITIVE_INFINITY);
  const texts: ChatUpdate["texts"] = [];
  const settled: Settlement[] = [];
  let context: number | null = null;
  let { title } = chat;
  let updated = chat.created;
  for (const record of records) {
    if (record.type === "message") {
      texts.push({ messageId: record.id, text: record.text, time: record.time });
      if (record.parent === null) title ??= titleFrom(record.text);
      updated = record.time;
    } else if (record.type === "run.ended") {
      const run = log.run(parseTarget(record.run)?.run ?? 0);
      if (run) texts.push({ messageId: run.started.message, text: log.text(run).text, time: run.started.time });
      settled.push(...settlementOf(run, record));
      context = lengthOf(record.receipt) || context;
      updated = record.time;
    } else if (record.type === "run.started") {
      updated = record.time;
    }
  }
  const running = log.openRuns().length > 0;
  const { chatId, created } = chat;
  return { chatId, title, created, updated, running, through, archived, texts, settled, context };
}

/** Tokens of the conversation with its answer, whoever asked a provider for it; 0 where nobody was asked, or could tell. */
function lengthOf({ inputTokens, outputTokens, saved }: Receipt): number {
  const made = saved ?? { inputTokens, outputTokens };
  return (made.inputTokens ?? 0) + (made.outputTokens ?? 0);
}

/** What runs that have ended took, as far as the list may not know it. */
export function unsettled(log: ChunkLog): Settlement[] {
  const { chat } = log;
  if (!chat) return [];
  return log.news(chat.delivered, log.last, Number.MAX_SAFE_INTEGER).flatMap(({ run, record }) => {
    return record.type === "run.ended" ? settlementOf(log.run(run ?? 0), record) : [];
  });
}

function settlementOf(run: RunRow | undefined, { run: id, receipt }: RunEndedRecord): Settlement[] {
  return run?.hold ? [{ run: id, hold: run.hold, ...spent(receipt) }] : [];
}

/** What a receipt says was used. An answer that another ask paid for takes nothing; a price nobody knows counts as none. */
function spent({ cache, inputTokens, outputTokens, cost }: Receipt): { tokens: number; dollars: number } {
  if (cache === "hit" || cache === "collapsed") return { tokens: 0, dollars: 0 };
  return { tokens: (inputTokens ?? 0) + (outputTokens ?? 0), dollars: cost ?? 0 };
}

/** A batch for the archive ends after so many records, or this much text in UTF-16 code units. */
const BATCH_RECORDS = 200;
const BATCH_LENGTH = 1_000_000;

/** What the archive is to be told next, up to `through` at most; null when it knows all that. */
export function pendingFacts(log: ChunkLog, through: number): ChatFacts | null {
  const { chat } = log;
  if (!chat || chat.archived >= through) return null;
  const news = log.news(chat.archived, through, BATCH_RECORDS);
  const facts: ChatFacts = {
    id: chat.chatId,
    owner: chat.owner,
    tenant: chat.tenant,
    title: chat.title ?? firstWords(log),
    created: chat.created,
    updated: chat.created,
    after: chat.archived,
    through: news.length < BATCH_RECORDS ? through : (news.at(-1)?.position ?? through),
    messages: [],
    runs: [],
    log: "",
  };
  let length = 0;
  for (const [index, { position, run: number, record }] of news.entries()) {
    if (record.type === "message") {
      const { id, parent, role, text, time } = record;
      facts.messages.push({ id, parent, role, text, run: null, time });
      facts.updated = time;
      length += text.length;
    }
    const run = record.type === "run.ended" && number !== null ? log.run(number) : undefined;
    if (run?.ended) {
      const { message: id, parent, time } = run.started;
      const { text } = log.text(run);
      facts.messages.push({ id, parent, role: "assistant", text, run: run.run, time });
      facts.runs.push({ run: run.run, started: run.started, ended: run.ended });
      facts.updated = run.ended.time;
      length += text.length;
    }
    if (length >= BATCH_LENGTH && index < news.length - 1) {
      facts.through = position;
      break;
    }
  }
  facts.log = log.part(facts.after, facts.through);
  return facts;
}

/** What a chat is called that nobody named. */
function firstWords(log: ChunkLog): string {
  const first = log.at(1);
  return first?.type === "message" ? titleFrom(first.text) : "";
}
