// The tree of a chat's messages, read from its log. A person's message is a record, and its id says at which position;
// an answer is a run, and its id says which. So finding one is a look-up by key and needs no table of its own.
import type { LogRecord, RunStatus } from "../protocol/records.ts";
import type { ChatMessage } from "../protocol/requests.ts";
import type { Turn } from "../providers/provider.ts";
import type { ChunkLog, RunRow } from "./chunk-log.ts";

export const messageId = (position: number): string => `m${position}`;
export const answerId = (run: number): string => `a${run}`;

export interface Message {
  id: string;
  parent: string | null;
  role: "user" | "assistant";
  text: string;
  time: number;
  run: RunRow | null;
}

export function findMessage(log: ChunkLog, id: string): Message | undefined {
  const [, kind, digits] = /^([am])([1-9][0-9]{0,14})$/.exec(id) ?? [];
  if (kind === "m") {
    const record = log.at(Number(digits));
    if (record?.type !== "message") return undefined;
    const { parent, role, text, time } = record;
    return { id, parent, role, text, time, run: null };
  }
  const run = kind === "a" ? log.run(Number(digits)) : undefined;
  return run && answer(log, run);
}

function answer(log: ChunkLog, run: RunRow): Message {
  const { message: id, parent, time } = run.started;
  return { id, parent, role: "assistant", text: log.text(run).text, time, run };
}

/** The turns from the root to `id`: what a model is shown. Answers that never got a word are left out. */
export function pathTo(log: ChunkLog, id: string): Turn[] {
  const turns: Turn[] = [];
  for (let next: string | null = id; next !== null; ) {
    const message: Message | undefined = findMessage(log, next);
    if (!message) break;
    if (message.text) turns.push({ role: message.role, text: message.text });
    next = message.parent;
  }
  return turns.reverse();
}

/** Every message of the chat, in the order of the log. */
export function allMessages(log: ChunkLog, through: number): ChatMessage[] {
  const messages: ChatMessage[] = [];
  const runs = new Map(log.runs().map((run) => [run.started.run, run]));
  const { records } = log.read(0, through, Number.POSITIVE_INFINITY);
  for (const record of records) {
    const message = toMessage(log, runs, record);
    if (message) messages.push(message);
  }
  return messages;
}

function toMessage(log: ChunkLog, runs: Map<string, RunRow>, record: LogRecord): ChatMessage | undefined {
  if (record.type === "message") {
    const { id, parent, role, text, time } = record;
    return { id, parent, role, text, time, run: null, status: null, model: null, receipt: null };
  }
  const run = record.type === "run.started" ? runs.get(record.run) : undefined;
  if (!run) return undefined;
  const { id, parent, text, time } = answer(log, run);
  const status: RunStatus | "running" = run.ended?.status ?? "running";
  const { run: runId, model } = run.started;
  return { id, parent, role: "assistant", text, time, run: runId, status, model, receipt: run.ended?.receipt ?? null };
}
