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

/** The same run by the temporal tier's own names. */
export function workflowLinks(id: string) {
  const { stream, socket, chat } = runLinks(id);
  const own = ["status", "chunks", "result", "timeline", "cancel"] as const;
  const links = Object.fromEntries(own.map((name) => [name, `/api/workflows/${id}/${name}`]));
  return { ...(links as Record<(typeof own)[number], string>), stream, socket, chat };
}
