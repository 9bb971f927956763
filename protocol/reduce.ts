// The reducer: (chat, record) → chat. The page, the tests and other people's clients rebuild a chat from its records
// with this and nothing else. Pure; the state is never mutated; applying a record twice changes nothing.
import type {
  CacheStatus,
  Finish,
  LogRecord,
  Phase,
  ProviderName,
  Receipt,
  Recovery,
  RunError,
  RunParams,
  RunStatus,
  Tier,
} from "./records.ts";
import { titleFrom } from "./title.ts";

export interface MessageState {
  id: string;
  parent: string | null;
  role: "user" | "assistant";
  /** The text of a person's or an imported message; an answer's text is its run's. */
  text: string;
  /** The run that makes this message, for an answer. */
  run: string | null;
  time: number;
}

export interface RunState {
  id: string;
  message: string;
  parent: string;
  tier: Tier;
  provider: ProviderName;
  model: string;
  params: RunParams;
  cache: CacheStatus;
  /** What is shown: the promised text and the tail that is not promised yet. */
  text: string;
  /** How much of `text` is promised. */
  committed: number;
  phase: Phase | null;
  attempt: number;
  status: RunStatus | "running";
  finish: Finish | null;
  error: RunError | null;
  replacedBy: string | null;
  recoveries: readonly Recovery[];
  receipt: Receipt | null;
  time: number;
}

export interface ChatState {
  /** The given one, or else the beginning of the first message. */
  title: string | null;
  messages: Readonly<Record<string, MessageState>>;
  runs: Readonly<Record<string, RunState>>;
}

/** A record that cannot be applied: text is missing before it. Reconnect from the last offset. */
export interface Gap {
  run: string;
  /** Where the text ends here, and where the record wanted to go on. */
  length: number;
  at: number;
}

export const emptyChat: ChatState = { title: null, messages: {}, runs: {} };

/**
 * `text` with `delta` in its place, or `undefined` when something is missing before it. What is promised, up to
 * `committed`, stays as it is: a delta that repeats it, as in a replay, adds what comes after.
 */
export function applyDelta(text: string, delta: { at: number; text: string }, committed = 0): string | undefined {
  const { at } = delta;
  if (at > text.length) return undefined;
  if (at === text.length) return text + delta.text;
  if (at >= committed) return text.slice(0, at) + delta.text;
  return at + delta.text.length <= committed ? text : text.slice(0, committed) + delta.text.slice(committed - at);
}

function withRun(chat: ChatState, run: RunState): ChatState {
  return { ...chat, runs: { ...chat.runs, [run.id]: run } };
}

/** Applies one record. `promised` says whether it came with an offset. */
export function reduce(chat: ChatState, record: LogRecord, promised: boolean): ChatState | { gap: Gap } {
  if (record.type === "title") return { ...chat, title: record.title };
  if (record.type === "message") {
    const { id, parent, role, text, time } = record;
    const title = chat.title ?? (parent === null ? titleFrom(text) : null);
    return {
      title,
      runs: chat.runs,
      messages: { ...chat.messages, [id]: { id, parent, role, text, run: null, time } },
    };
  }
  if (record.type === "run.started") {
    const { type: _, run: id, ...started } = record;
    const known = chat.runs[id];
    if (known) return chat;
    const { message, parent, time } = started;
    return {
      ...chat,
      messages: { ...chat.messages, [message]: { id: message, parent, role: "assistant", text: "", run: id, time } },
      runs: {
        ...chat.runs,
        [id]: {
          id,
          ...started,
          text: "",
          committed: 0,
          phase: null,
          attempt: 1,
          status: "running",
          finish: null,
          error: null,
          replacedBy: null,
          recoveries: [],
          receipt: null,
        },
      },
    };
  }
  const run = chat.runs[record.run];
  if (!run) return { gap: { run: record.run, length: 0, at: 0 } };
  // Nothing follows a run's end: what comes after is a repetition of what came before.
  if (run.status !== "running") return chat;
  switch (record.type) {
    case "run.phase":
      return withRun(chat, { ...run, phase: record.phase, attempt: record.attempt });
    case "delta": {
      const text = applyDelta(run.text, record, run.committed);
      if (text === undefined) return { gap: { run: run.id, length: run.text.length, at: record.at } };
      const committed = promised ? Math.max(run.committed, record.at + record.text.length) : run.committed;
      return withRun(chat, { ...run, text, committed });
    }
    case "commit":
      if (record.through > run.text.length) {
        return { gap: { run: run.id, length: run.text.length, at: record.through } };
      }
      return withRun(chat, { ...run, committed: Math.max(run.committed, record.through) });
    case "run.recovered": {
      const { mode, at, madeTwice } = record;
      if (at > run.text.length) return { gap: { run: run.id, length: run.text.length, at } };
      // A record replayed after a reconnect is already in the list: a promise is applied once.
      const known = run.recoveries.some((r) => r.mode === mode && r.at === at && r.madeTwice === madeTwice);
      const recoveries = known ? run.recoveries : [...run.recoveries, { mode, at, madeTwice }];
      return withRun(chat, { ...run, recoveries });
    }
    case "run.ended": {
      const { status, finish, error, replacedBy, receipt } = record;
      const text = run.text.slice(0, run.committed);
      const { recoveries } = receipt;
      return withRun(chat, { ...run, text, status, finish, error, replacedBy, receipt, recoveries, phase: null });
    }
  }
}
