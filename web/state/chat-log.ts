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
}

export function makeChatLog(): ChatLog {
  let chat = emptyChat;
  let offset = BEGINNING;
  let gapAt: string | null = null;

  return {
    get chat() {
      return chat;
    },
    get offset() {
      return offset;
    },
    take(record) {
      const next = reduce(chat, record, record.offset !== undefined);
      if ("gap" in next) {
        // A second gap after the same offset: what is here cannot be mended from there. Read the whole log again.
        if (gapAt === offset) {
          chat = emptyChat;
          offset = BEGINNING;
          gapAt = null;
        } else {
          gapAt = offset;
        }
        return false;
      }
      chat = next;
      if (record.offset !== undefined) offset = record.offset;
      return true;
    },
  };
}
