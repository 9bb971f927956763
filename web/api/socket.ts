// A chat's WebSocket: records in, `ping` out. Knows the wire; decides nothing (`state/connection.ts` does).
import type { WireRecord } from "../../protocol/records.ts";
import { PING, PONG } from "../../protocol/socket.ts";

export interface SocketHandlers {
  opened(): void;
  record(record: WireRecord): void;
  /** Anything came, a `pong` too. */
  heard(): void;
  closed(code: number): void;
}

export interface ChatSocket {
  ping(): void;
  /** Closes at once; no handler is called any more. */
  drop(): void;
}

export type OpenSocket = (chatId: string, offset: string, handlers: SocketHandlers) => ChatSocket;

export const openSocket: OpenSocket = (chatId, offset, handlers) => {
  const url = new URL(`/ws/chat/${encodeURIComponent(chatId)}`, location.href);
  url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
  url.searchParams.set("offset", offset);
  const socket = new WebSocket(url);
  const stop = new AbortController();
  const { signal } = stop;
  socket.addEventListener("open", () => handlers.opened(), { signal });
  socket.addEventListener(
    "message",
    (event) => {
      handlers.heard();
      if (event.data !== PONG) handlers.record(JSON.parse(event.data) as WireRecord);
    },
    { signal },
  );
  socket.addEventListener("close", (event) => handlers.closed(event.code), { signal });
  return {
    ping() {
      if (socket.readyState === WebSocket.OPEN) socket.send(PING);
    },
    drop() {
      stop.abort();
      socket.close();
    },
  };
};
