// One chat, opened: its log from the socket, a store the views read, and everything a person can do to it. A session
// without an id is a chat not begun yet; its first ask gives it one.
import { batch, createMemo, createSignal } from "solid-js";
import { createStore, produce } from "solid-js/store";
import type { WireRecord } from "../../protocol/records.ts";
import { type ChatState, emptyChat, type MessageState, type RunState } from "../../protocol/reduce.ts";
import type { CancelReply, GenerateReply, GenerateRequest } from "../../protocol/requests.ts";
import { ApiError } from "../api/client.ts";
import type { OpenSocket } from "../api/socket.ts";
import { makeChatLog } from "./chat-log.ts";
import { type Connection, idle } from "./connection.ts";
import { makeFrames } from "./frames.ts";
import { makeKey } from "./key.ts";
import { type Link, makeLink } from "./link.ts";
import { notePace, type Pace, startPace } from "./pace.ts";
import { type Chosen, chooseMessage, type PathStep, parentKey, visiblePath } from "./path.ts";

export interface SessionApi {
  generate(body: GenerateRequest, idempotencyKey: string): Promise<GenerateReply>;
  cancel(runId: string): Promise<CancelReply>;
  readChat(id: string): Promise<unknown>;
  readRecords(id: string, offset: string): Promise<{ records: readonly WireRecord[] }>;
  openSocket: OpenSocket;
}

export type AskSettings = Omit<GenerateRequest, "prompt" | "chatId" | "parentId">;

/** What was asked and is not in the log yet. */
export interface PendingAsk {
  /** `undefined`: an existing message is answered again. */
  prompt: string | undefined;
  /** What it follows; `undefined` in a chat not begun yet. */
  parentId: string | null | undefined;
  settings: AskSettings;
  key: string;
  askedAt: number;
  /** Messages that were known when it was asked: a new one with its text is it. */
  known: ReadonlySet<string>;
  run: string | null;
  failure: ApiError | null;
}

interface View {
  title: string | null;
  messages: Record<string, MessageState>;
  runs: Record<string, RunState>;
}

/** Replayed records come in a burst: they are shown when it pauses this long, or at the latest after `BURST_END`. */
const BURST_PAUSE = 40;
const BURST_END = 600;

/** Brings a view to where the chat is: what did not change since `before` is not touched. */
function update(view: View, before: ChatState, chat: ChatState): void {
  view.title = chat.title;
  for (const id of Object.keys(before.messages)) if (!chat.messages[id]) delete view.messages[id];
  for (const id of Object.keys(before.runs)) if (!chat.runs[id]) delete view.runs[id];
  for (const [id, message] of Object.entries(chat.messages)) {
    if (message !== before.messages[id]) view.messages[id] = { ...message };
  }
  for (const [id, run] of Object.entries(chat.runs)) {
    if (run === before.runs[id]) continue;
    const target = view.runs[id];
    if (target) Object.assign(target, run);
    else view.runs[id] = { ...run };
  }
}

/** The store's own: what it changes must not change the log's. */
const copies = (runs: ChatState["runs"]): Record<string, RunState> =>
  Object.fromEntries(Object.entries(runs).map(([id, run]) => [id, { ...run }]));

export function createChatSession(initialId: string | null, api: SessionApi) {
  const [chatId, setChatId] = createSignal(initialId);
  const [view, setView] = createStore<View>({ title: null, messages: {}, runs: {} });
  const [connection, setConnection] = createSignal<Connection>(idle);
  const [loaded, setLoaded] = createSignal(initialId === null);
  const [chosen, setChosen] = createSignal<Chosen>({});
  const [pending, setPending] = createSignal<PendingAsk | null>(null);
  const [stopping, setStopping] = createSignal<ReadonlySet<string>>(new Set<string>());
  const paces = new Map<string, Pace>();
  const log = makeChatLog();
  let shown: ChatState = log.chat;

  // Only what changed is handed to the store, and only its changed fields wake a view.
  function publish() {
    const { chat } = log;
    if (chat === shown) return;
    const before = shown;
    shown = chat;
    batch(() => {
      // The first view is the chat as it is: nothing of it is looked at one by one.
      if (before === emptyChat) setView({ ...chat, messages: { ...chat.messages }, runs: copies(chat.runs) });
      else setView(produce((view) => update(view, before, chat)));
      settlePending(chat);
    });
  }

  let over = false;
  const frames = makeFrames(publish);
  let burstBegan = 0;
  let burstTimer: ReturnType<typeof setTimeout> | undefined;

  function endBurst() {
    publish();
    setLoaded(true);
  }

  function take(record: Parameters<typeof log.take>[0]): boolean {
    const ok = log.take(record);
    if (record.type === "run.started" && loaded()) {
      // A run of this page's own ask, or one that was asked elsewhere.
      paces.set(record.run, startPace(pending()?.askedAt ?? null));
    }
    if (record.type === "delta") {
      const pace = paces.get(record.run);
      if (pace) paces.set(record.run, notePace(pace, record.at + record.text.length, performance.now()));
    }
    if (loaded()) frames.request();
    else {
      clearTimeout(burstTimer);
      const left = burstBegan + BURST_END - performance.now();
      burstTimer = setTimeout(endBurst, Math.max(0, Math.min(BURST_PAUSE, left)));
    }
    return ok;
  }

  const makeLinkTo = (id: string) =>
    makeLink({
      chatId: id,
      openSocket: api.openSocket,
      probe: () => api.readChat(id),
      offset: () => log.offset,
      take,
      changed(state) {
        if (state.phase === "open" && !loaded()) {
          burstBegan = performance.now();
          // A chat with nothing in it yet sends nothing: that too is loaded.
          burstTimer = setTimeout(endBurst, BURST_END);
        }
        setConnection(state);
      },
    });
  let link = initialId === null ? null : makeLinkTo(initialId);
  if (link && initialId !== null) void begin(link, initialId);

  /** A chat's past comes in a page, which costs one task and not one for each record; all else comes by the socket. */
  async function begin(to: Link, id: string) {
    try {
      const { records } = await api.readRecords(id, log.offset);
      if (!over && log.takeAll(records) && records.length > 0) endBurst();
    } catch {
      // Whatever is wrong, the socket meets it too, and says so.
    }
    if (!over) to.signal({ type: "start" });
  }

  /** An ask is settled when the log has it. */
  function settlePending(chat: ChatState) {
    const ask = pending();
    if (!ask || ask.failure) return;
    const arrived =
      (ask.run !== null && chat.runs[ask.run]) ||
      Object.values(chat.messages).some(
        ({ id, text, parent, role }) =>
          !ask.known.has(id) &&
          (ask.prompt === undefined
            ? role === "assistant" && parent === ask.parentId
            : role === "user" && text === ask.prompt),
      );
    if (arrived) setPending(null);
  }

  async function send(ask: PendingAsk): Promise<string | null> {
    setPending({ ...ask, askedAt: performance.now(), failure: null });
    const { prompt, parentId, settings, key } = ask;
    const id = chatId();
    try {
      const reply = await api.generate(
        {
          ...settings,
          ...(prompt !== undefined && { prompt }),
          ...(id !== null && { chatId: id }),
          ...(parentId !== undefined && { parentId }),
        },
        key,
      );
      batch(() => {
        setPending((now) => (now && now.key === key ? { ...now, run: reply.id } : now));
        if (chatId() === null) {
          setChatId(reply.chatId);
          link = makeLinkTo(reply.chatId);
          link.signal({ type: "start" });
        }
        settlePending(log.chat);
      });
      return reply.chatId;
    } catch (error) {
      const failure = error instanceof ApiError ? error : new ApiError(null, 0, null);
      setPending((now) => (now && now.key === key ? { ...now, failure } : now));
      return null;
    }
  }

  const path = createMemo((): PathStep[] => visiblePath(view.messages, chosen()));
  /** The path as shown: an ask that is not in the log yet hides what it will branch off from. */
  const shownPath = createMemo((): PathStep[] => {
    const ask = pending();
    if (!ask || ask.parentId === undefined) return path();
    const at = path().findIndex(({ id }) => id === ask.parentId);
    return path().slice(0, at + 1);
  });
  const runOf = (messageId: string): RunState | undefined => {
    const id = view.messages[messageId]?.run;
    return id ? view.runs[id] : undefined;
  };
  const leaf = createMemo(() => path().at(-1)?.id);
  const activeRun = createMemo((): RunState | undefined => {
    for (const { id } of path().toReversed()) {
      const run = runOf(id);
      if (run?.status === "running") return run;
    }
    return undefined;
  });

  function ask(prompt: string | undefined, parentId: string | null | undefined, settings: AskSettings) {
    // The new version must be seen: the choice made at this fork before is over.
    if (parentId !== undefined) setChosen(({ [parentKey(parentId)]: _, ...rest }) => rest);
    const known = new Set(Object.keys(log.chat.messages));
    return send({
      prompt,
      parentId,
      settings,
      key: makeKey(),
      askedAt: performance.now(),
      known,
      run: null,
      failure: null,
    });
  }

  return {
    chatId,
    title: () => view.title,
    messages: () => view.messages,
    message: (id: string) => view.messages[id],
    run: (id: string) => view.runs[id],
    runs: () => Object.values(view.runs),
    runOf,
    connection,
    loaded,
    path: shownPath,
    leaf,
    pending,
    activeRun,
    pace: (run: string) => paces.get(run),
    isStopping: (run: string) => stopping().has(run),

    /** Asks something new at the end of the shown path. Resolves to the chat's id, or `null` when it was not taken. */
    ask: (prompt: string, settings: AskSettings) =>
      ask(prompt, chatId() === null ? undefined : (leaf() ?? null), settings),
    /** Asks an edited message in place of another: a new branch beside it. */
    edit: (messageId: string, prompt: string, settings: AskSettings) =>
      ask(prompt, view.messages[messageId]?.parent ?? null, settings),
    /** Answers a person's message once more, beside the answers it has. */
    regenerate: (userMessageId: string, settings: AskSettings) => ask(undefined, userMessageId, settings),
    /** Sends an ask that failed again, under its first key: it is never paid twice. */
    resend() {
      const ask = pending();
      return ask ? send(ask) : Promise.resolve(null);
    },
    /** Gives an ask that failed up, and returns its text. */
    withdraw(): string | undefined {
      const ask = pending();
      setPending(null);
      return ask?.prompt;
    },
    async stop(runId: string): Promise<void> {
      setStopping((runs) => new Set([...runs, runId]));
      try {
        await api.cancel(runId);
      } catch {
        setStopping((runs) => new Set([...runs].filter((id) => id !== runId)));
      }
    },
    choose: (messageId: string) => setChosen((now) => chooseMessage(view.messages, now, messageId)),
    reconnect: () => link?.signal({ type: "wake" }),
    dispose() {
      over = true;
      clearTimeout(burstTimer);
      frames.stop();
      link?.stop();
    },
  };
}

export type ChatSession = ReturnType<typeof createChatSession>;
