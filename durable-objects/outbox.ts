// The outbox: tells the person's list what changed in this chat, at least once, whatever fails in between. The log is
// its queue: what lies beyond the cursor has yet to be delivered, and delivering twice changes nothing.

import type { Receipt } from "../protocol/records.ts";
import { titleFrom } from "../protocol/title.ts";
import type { ChunkLog } from "./chunk-log.ts";
import type { Settlement } from "./quota.ts";

/** What a person's list keeps of a chat. */
export interface ChatUpdate {
  chatId: string;
  /** Null while nobody named the chat and its first message did not come with this update. */
  title: string | null;
  created: number;
  updated: number;
  running: boolean;
  /** New texts to be found by search. */
  texts: { messageId: string; text: string; time: number }[];
  /** What runs that have ended took of their owner's limits. */
  settled: Settlement[];
  /** Tokens that the next ask in this chat brings along; null when nothing is known of that. */
  context: number | null;
}

/** Messages and answers after the cursor, up to `through`, as one update; null when there is nothing new. */
export function pendingUpdate(log: ChunkLog, through: number): ChatUpdate | null {
  const { chat } = log;
  if (!chat || chat.delivered >= through) return null;
  const { records } = log.read(chat.delivered, through, Number.POSITIVE_INFINITY);
  const runs = new Map(log.runs().map((run) => [run.started.run, run]));
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
      const run = runs.get(record.run);
      if (run) texts.push({ messageId: run.started.message, text: log.text(run).text, time: record.time });
      if (run?.hold) settled.push({ run: record.run, hold: run.hold, ...spent(record.receipt) });
      context = (record.receipt.inputTokens ?? 0) + (record.receipt.outputTokens ?? 0);
      updated = record.time;
    } else if (record.type === "run.started") {
      updated = record.time;
    }
  }
  const running = [...runs.values()].some((run) => run.ended === null);
  return { chatId: chat.chatId, title, created: chat.created, updated, running, texts, settled, context };
}

/** What a receipt says was used. An answer that another ask paid for takes nothing; a price nobody knows counts as none. */
function spent({ cache, inputTokens, outputTokens, cost }: Receipt): { tokens: number; dollars: number } {
  if (cache === "hit" || cache === "collapsed") return { tokens: 0, dollars: 0 };
  return { tokens: (inputTokens ?? 0) + (outputTokens ?? 0), dollars: cost ?? 0 };
}
