// What the archive is told of a chat, and the rows it becomes. A row depends on its fact alone, so the same fact always
// makes the same row.
import type { RunEndedRecord, RunStartedRecord } from "../protocol/records.ts";
import type { chats, messages as messagesTable, runs as runsTable } from "./schema.ts";
import { vectorOf } from "./search-words.ts";

export interface ArchivedMessage {
  id: string;
  parent: string | null;
  role: "user" | "assistant";
  text: string;
  /** The number of the run whose answer this is. */
  run: number | null;
  /** Unix ms. */
  time: number;
}

export interface ArchivedRun {
  run: number;
  started: RunStartedRecord;
  ended: RunEndedRecord;
}

/** What is new of a chat. */
export interface ChatFacts {
  id: string;
  owner: string;
  tenant: string;
  title: string;
  created: number;
  updated: number;
  /** The positions in the chat's log up to which all was told before, and is with this. */
  after: number;
  through: number;
  messages: ArchivedMessage[];
  runs: ArchivedRun[];
  /** The log itself between these positions. */
  log: string;
}

/** With every column told. */
type Row<Table extends { $inferInsert: object }> = Required<Table["$inferInsert"]>;

/** Postgres's text has no U+0000 and no half characters; the sign for the one and U+FFFD stand in their places. */
export const storable = (text: string): string => text.toWellFormed().replaceAll("\u0000", "\u2400");
const storableOrNull = (text: string | null): string | null => (text === null ? null : storable(text));

/** Logs of before have what a provider said it used, unseen: what no column takes is not known. */
const count = (value: number | null | undefined): number | null =>
  Number.isSafeInteger(value) && Number(value) >= 0 ? Number(value) : null;

export function chatRow({ id, owner, tenant, title, created, updated, through }: ChatFacts): Row<typeof chats> {
  const whose = { owner: storable(owner), tenant: storable(tenant) };
  const when = { createdAt: new Date(created), updatedAt: new Date(updated), deletedAt: null };
  return { id, ...whose, title: storable(title), ...when, through };
}

export function messageRows({ id: chatId, owner, messages }: ChatFacts): Row<typeof messagesTable>[] {
  return messages.map(({ id, parent, role, text, run, time }) => {
    const search = vectorOf(storable(owner), text);
    return { chatId, id, parent, role, text: storable(text), run, time: new Date(time), search };
  });
}

export function runRows({ id: chatId, owner, tenant, runs }: ChatFacts): Row<typeof runsTable>[] {
  return runs.map(({ run, started, ended }) => {
    const { receipt, error } = ended;
    return {
      chatId,
      run,
      owner: storable(owner),
      tenant: storable(tenant),
      parent: started.parent,
      message: started.message,
      tier: receipt.tier,
      provider: receipt.provider,
      model: storable(receipt.model),
      temperature: started.params.temperature,
      maxOutputTokens: started.params.maxOutputTokens,
      system: storableOrNull(started.params.system),
      startedAt: new Date(started.time),
      endedAt: new Date(ended.time),
      status: ended.status,
      finish: ended.finish,
      errorCode: error?.code ?? null,
      errorMessage: storableOrNull(error?.message ?? null),
      errorRetryAfter: error?.retryAfter ?? null,
      replacedBy: ended.replacedBy,
      cache: receipt.cache,
      inputTokens: count(receipt.inputTokens),
      outputTokens: count(receipt.outputTokens),
      estimated: receipt.estimated,
      cost: receipt.cost,
      firstTokenMs: count(receipt.firstTokenMs),
      totalMs: receipt.totalMs,
      requests: receipt.requests,
      recoveries: receipt.recoveries,
      savedMs: count(receipt.saved?.ms),
      savedInputTokens: count(receipt.saved?.inputTokens),
      savedOutputTokens: count(receipt.saved?.outputTokens),
      savedCost: receipt.saved?.cost ?? null,
      cacheAge: count(receipt.age),
    };
  });
}
