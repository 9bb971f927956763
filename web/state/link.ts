// Carries out what `connection.ts` decides: one chat's socket, its timers, and the page's signs of life.

import type { WireRecord } from "../../protocol/records.ts";
import { CLOSE } from "../../protocol/socket.ts";
import { ApiError } from "../api/client.ts";
import type { ChatSocket, OpenSocket } from "../api/socket.ts";
import { type Connection, idle, nextTick, type Signal, step } from "./connection.ts";

export interface LinkOptions {
  chatId: string;
  openSocket: OpenSocket;
  /** Asks the API for the chat; rejects with why it cannot be had. */
  probe(): Promise<unknown>;
  offset(): string;
  /** Takes a record; `false` when something before it is missing. */
  take(record: WireRecord): boolean;
  changed(state: Connection): void;
}

export interface Link {
  signal(signal: Signal): void;
  stop(): void;
}

const CODE_OF_STATUS: Readonly<Record<number, number>> = {
  400: CLOSE.badRequest,
  401: CLOSE.unauthenticated,
  403: CLOSE.forbidden,
  404: CLOSE.unknown,
};

export function makeLink(options: LinkOptions): Link {
  let state = idle;
  let socket: ChatSocket | null = null;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let heardAt = 0;

  function open() {
    socket = options.openSocket(options.chatId, options.offset(), {
      opened: () => signal({ type: "opened" }),
      heard: () => {
        heardAt = Date.now();
      },
      record(record) {
        if (!options.take(record)) signal({ type: "gap" });
      },
      closed: (code) => signal({ type: "closed", code }),
    });
  }

  async function probe() {
    try {
      await options.probe();
    } catch (error) {
      const code = error instanceof ApiError ? CODE_OF_STATUS[error.status] : undefined;
      if (code !== undefined) signal({ type: "refused", code });
    }
  }

  function signal(sent: Signal) {
    const next = step(state, sent, Date.now(), Math.random());
    const changed = next.state !== state;
    state = next.state;
    for (const command of next.commands) {
      if (command === "open") open();
      else if (command === "ping") socket?.ping();
      else if (command === "probe") void probe();
      else {
        socket?.drop();
        socket = null;
      }
    }
    clearTimeout(timer);
    const at = nextTick(state, heardAt);
    if (at !== null) timer = setTimeout(() => signal({ type: "tick", heardAt }), Math.max(at - Date.now(), 0) + 1);
    if (changed) options.changed(state);
  }

  const listening = new AbortController();
  const wake = () => signal({ type: "wake" });
  const seen = () => document.visibilityState === "visible" && wake();
  window.addEventListener("online", wake, { signal: listening.signal });
  window.addEventListener("offline", wake, { signal: listening.signal });
  // Back from the browser's cache of pages: its sockets did not survive there.
  const revive = (event: PageTransitionEvent) => event.persisted && state.phase === "open" && signal({ type: "gap" });
  window.addEventListener("pageshow", revive, { signal: listening.signal });
  document.addEventListener("visibilitychange", seen, { signal: listening.signal });

  return {
    signal,
    stop() {
      listening.abort();
      signal({ type: "stop" });
      clearTimeout(timer);
    },
  };
}
