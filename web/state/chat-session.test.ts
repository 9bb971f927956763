import { createRoot } from "solid-js";
import { beforeEach, describe, expect, it, vi } from "vitest";
import type { WireRecord } from "../../protocol/records.ts";
import type { GenerateRequest } from "../../protocol/requests.ts";
import { ApiError } from "../api/client.ts";
import type { SocketHandlers } from "../api/socket.ts";
import { type ChatSession, createChatSession, type SessionApi } from "./chat-session.ts";

const CHAT = "a".repeat(64);

let sockets: { offset: string; handlers: SocketHandlers; dropped: boolean }[];
let asked: { body: GenerateRequest; key: string }[];
let refuse: ApiError | null;
let past: WireRecord[];
const api: SessionApi = {
  async generate(body, key) {
    asked.push({ body, key });
    if (refuse) throw refuse;
    return { id: `${CHAT}.${asked.length}`, chatId: CHAT, links: {} as never };
  },
  cancel: vi.fn(async (id: string) => ({ id, state: "running" as const })),
  readChat: async () => ({}),
  readRecords: async () => ({ records: past }),
  openSocket(_, offset, handlers) {
    const socket = { offset, handlers, dropped: false };
    sockets.push(socket);
    return {
      ping() {},
      drop() {
        socket.dropped = true;
      },
    };
  },
};

const message = (id: string, parent: string | null, text: string): WireRecord => ({
  offset: `0000000000${id.padStart(2, "0")}`,
  type: "message",
  id,
  parent,
  role: "user",
  text,
  time: 1,
});
const runStarted = (n: number, parent: string, id: string): WireRecord => ({
  offset: `0000000000${id.padStart(2, "0")}`,
  type: "run.started",
  run: `${CHAT}.${n}`,
  parent,
  message: id,
  tier: "mvp",
  provider: "openai",
  model: "m",
  params: { temperature: null, maxOutputTokens: null, system: null },
  cache: "off",
  time: 1,
});

const drawn = () => new Promise((resolve) => setTimeout(resolve, 80));
const last = () => {
  const socket = sockets.at(-1);
  if (!socket) throw new Error("no socket was opened");
  return socket;
};
const send = (...records: WireRecord[]) => {
  for (const record of records) last().handlers.record(record);
};

function session(id: string | null): ChatSession {
  return createRoot(() => createChatSession(id, api));
}

/** An existing chat, once its past was read and its socket asked for. */
async function opened(): Promise<ChatSession> {
  const chat = session(CHAT);
  await vi.waitFor(() => expect(sockets).toHaveLength(1));
  return chat;
}

beforeEach(() => {
  sockets = [];
  asked = [];
  refuse = null;
  past = [];
});

describe("a chat's session", () => {
  it("gives a new chat its id by its first ask, and shows the question until the log has it", async () => {
    const chat = session(null);
    const answer = chat.ask("Hello", { tier: "mvp" });
    expect(chat.pending()?.prompt).toBe("Hello");
    expect(await answer).toBe(CHAT);
    expect(asked[0]?.body).toEqual({ tier: "mvp", prompt: "Hello" });
    expect(last().offset).toBe("-1");
    last().handlers.opened();
    send(message("1", null, "Hello"), runStarted(1, "1", "2"));
    await drawn();
    expect(chat.pending()).toBeNull();
    expect(chat.path().map(({ id }) => id)).toEqual(["1", "2"]);
    expect(chat.activeRun()?.id).toBe(`${CHAT}.1`);
    chat.dispose();
  });

  it("sends a refused ask again under its first key", async () => {
    refuse = new ApiError(null, 0, null);
    const chat = session(null);
    expect(await chat.ask("Hello", {})).toBeNull();
    expect(chat.pending()?.failure).toBe(refuse);
    refuse = null;
    await chat.resend();
    expect(asked[1]?.key).toBe(asked[0]?.key);
    expect(chat.withdraw()).toBe("Hello");
    expect(chat.pending()).toBeNull();
    chat.dispose();
  });

  it("comes back from its last promise after a cut", async () => {
    const chat = await opened();
    vi.useFakeTimers();
    last().handlers.opened();
    send(message("1", null, "q"), runStarted(1, "1", "2"));
    send({ type: "delta", run: `${CHAT}.1`, at: 0, text: "shown only" });
    last().handlers.closed(1006);
    expect(chat.connection().phase).toBe("waiting");
    vi.advanceTimersByTime(1_000);
    expect(sockets).toHaveLength(2);
    expect(last().offset).toBe("000000000002");
    vi.useRealTimers();
    chat.dispose();
  });

  it("reads its past in one go, and goes on by the socket from where that ends", async () => {
    past = [message("1", null, "q"), runStarted(1, "1", "2")];
    const chat = await opened();
    expect(chat.loaded()).toBe(true);
    expect(chat.path().map(({ id }) => id)).toEqual(["1", "2"]);
    expect(last().offset).toBe("000000000002");
    chat.dispose();
  });

  it("reconnects at a gap", async () => {
    const chat = await opened();
    last().handlers.opened();
    send(message("1", null, "q"), runStarted(1, "1", "2"));
    send({ type: "delta", run: `${CHAT}.1`, at: 9, text: "too far" });
    expect(sockets).toHaveLength(2);
    expect(sockets[0]?.dropped).toBe(true);
    expect(last().offset).toBe("000000000002");
    chat.dispose();
  });

  it("edits beside the edited message and answers again beside the answer", async () => {
    const chat = await opened();
    last().handlers.opened();
    send(message("1", null, "q"), runStarted(1, "1", "2"), message("3", "2", "more"), runStarted(2, "3", "4"));
    await drawn();
    void chat.edit("3", "other", {});
    expect(chat.path().map(({ id }) => id)).toEqual(["1", "2"]);
    await drawn();
    void chat.edit("1", "first", {});
    await drawn();
    void chat.regenerate("3", { provider: "openai" });
    await drawn();
    expect(asked.map(({ body }) => body)).toEqual([
      { chatId: CHAT, prompt: "other", parentId: "2" },
      { chatId: CHAT, prompt: "first", parentId: null },
      { chatId: CHAT, parentId: "3", provider: "openai" },
    ]);
    chat.dispose();
  });

  it("changes only the run that grew", async () => {
    const chat = await opened();
    last().handlers.opened();
    send(message("1", null, "q"), runStarted(1, "1", "2"));
    await drawn();
    const path = chat.path();
    send({ type: "delta", run: `${CHAT}.1`, at: 0, text: "words" });
    await drawn();
    expect(chat.runOf("2")?.text).toBe("words");
    expect(chat.path()).toBe(path);
    chat.dispose();
  });

  it("says that a run is being stopped until it is, and not when that failed", async () => {
    const chat = session(CHAT);
    const stopping = chat.stop(`${CHAT}.1`);
    expect(chat.isStopping(`${CHAT}.1`)).toBe(true);
    await stopping;
    expect(chat.isStopping(`${CHAT}.1`)).toBe(true);
    vi.mocked(api.cancel).mockRejectedValueOnce(new ApiError(null, 0, null));
    await chat.stop(`${CHAT}.2`);
    expect(chat.isStopping(`${CHAT}.2`)).toBe(false);
    chat.dispose();
  });
});
