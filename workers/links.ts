// Where the parts of a run are found, as paths on this host.
import { parseTarget } from "../protocol/ids.ts";

export function runLinks(id: string) {
  return {
    status: `/api/chat/status/${id}`,
    chunks: `/api/chat/chunks/${id}`,
    stream: `/api/chat/stream/${id}`,
    socket: `/ws/chat/${id}`,
    cancel: `/api/chat/cancel/${id}`,
    chat: `/api/chats/${parseTarget(id)?.chatId ?? ""}`,
  };
}
