// One chat's log as this page has it: the shared reducer, the last promised offset, and what to do about a gap.
import { BEGINNING } from "../../protocol/offsets.ts";
import type { WireRecord } from "../../protocol/records.ts";
import { type ChatState, emptyChat, reduce } from "../../protocol/reduce.ts";

export interface ChatLog {
  readonly chat: ChatState;
  /** Where to resume from. */
  readonly offset: string;
  /** Applies a record; `false` when something before it is missing: reconnect from `offset`. */
  take(record: WireRecord): boolean;
  /** Applies a page of records. The chat is copied once for all of them, so a long one is read in no time. */
  takeAll(records: readonly WireRecord[]): boolean;
}

export function makeChatLog(): ChatLog {
  let chat = emptyChat;
  let offset = BEGINNING;
  let gapAt: string | null = null;

  /** A second gap after the same offset: what is here cannot be mended from there. Read the whole log again. */
  function miss(): false {
    if (gapAt === offset) {
      chat = emptyChat;
      offset = BEGINNING;
      gapAt = null;
    } else {
      gapAt = offset;
    }
    return false;
  }

  return {
    get chat() {
      return chat;
    },
    get offset() {
      return offset;
    },
    take(record) {
      const next = reduce(chat, record, record.offset !== undefined);
      if ("gap" in next) return miss();
      chat = next;
      if (record.offset !== undefined) offset = record.offset;
      return true;
    },
    takeAll(records) {
      const messages = { ...chat.messages };
      const runs = { ...chat.runs };
      let { title } = chat;
      let whole = true;
      for (const record of records) {
        // A record changes its own run, or adds a message: the reducer needs to see no more of the chat than that.
        const run = "run" in record ? runs[record.run] : undefined;
        const part = { title, messages: {}, runs: run ? { [run.id]: run } : {} };
        const next = reduce(part, record, record.offset !== undefined);
        if ("gap" in next) {
          whole = false;
          break;
        }
        title = next.title;
        Object.assign(messages, next.messages);
        Object.assign(runs, next.runs);
        if (record.offset !== undefined) offset = record.offset;
      }
      chat = { title, messages, runs };
      return whole || miss();
    },
  };
}
