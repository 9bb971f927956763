// What a chat says of itself: the replies of the API, made from its log and its open runs.

import type { ExportedChat } from "../protocol/access.ts";
import { formatOffset } from "../protocol/offsets.ts";
import type { ChatReply, StatusReply } from "../protocol/requests.ts";
import { titleFrom } from "../protocol/title.ts";
import type { ChatRow, ChunkLog, RunRow } from "./chunk-log.ts";
import type { LogWriter } from "./log-writer.ts";
import { allMessages } from "./messages.ts";

/** Everything but the links, which only the Worker's routes know. */
export type RunStatusView = Omit<StatusReply, "links">;

export function runStatus(log: ChunkLog, writer: LogWriter, row: RunRow): RunStatusView {
  const open = writer.openRun(row.run);
  const { run: id, tier, provider, model, time: startedAt } = row.started;
  const { ended } = row;
  const stored = open ?? log.progress(row);
  const committed = "committed" in stored ? stored.committed : stored.length;
  return {
    id,
    chatId: log.chat?.chatId ?? "",
    state: ended?.status ?? "running",
    phase: open?.phase ?? null,
    attempt: open?.attempt ?? ended?.receipt.requests ?? 1,
    tier,
    provider,
    model,
    progress: { characters: committed + (open?.tail.length ?? 0), committed, chunks: stored.chunks },
    offset: formatOffset(Math.min(row.last ?? stored.position, writer.durable)),
    startedAt,
    finish: ended?.finish ?? null,
    error: ended?.error ?? null,
    replacedBy: ended?.replacedBy ?? null,
    receipt: ended?.receipt ?? null,
  };
}

export function chatView(log: ChunkLog, writer: LogWriter, chat: ChatRow): ChatReply {
  const messages = allMessages(log, writer.durable);
  return {
    id: chat.chatId,
    title: chat.title ?? titleFrom(messages[0]?.text ?? ""),
    createdAt: chat.created,
    updatedAt: log.newest(writer.durable) ?? chat.created,
    running: [...writer.openRuns()].length > 0,
    messages,
    offset: formatOffset(writer.durable),
  };
}

/** With what nobody else is told of a chat. */
export function chatExport(log: ChunkLog, writer: LogWriter, chat: ChatRow): ExportedChat {
  const { chatId, share } = chat;
  const runs = log.runs().map(({ started, ended }) => ({ started, ended }));
  return { ...chatView(log, writer, chat), share: share && chatId + share, runs };
}
