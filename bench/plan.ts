// What is measured: the cells of a run, in order.
import type { ChatsSpec } from "./chats-cell.ts";
import type { HitsSpec } from "./hits-cell.ts";
import type { ResumeSpec } from "./resume-cell.ts";
import type { RowsSpec } from "./rows-cell.ts";
import type { Provider, Subject } from "./subjects.ts";
import type { ViewersSpec } from "./viewers-cell.ts";

export type Cell = { name: string; rounds: number } & (
  | { kind: "chats"; specs: ChatsSpec[] }
  | { kind: "viewers"; specs: ViewersSpec[] }
  | { kind: "resume"; specs: ResumeSpec[] }
  | { kind: "rows"; specs: RowsSpec[] }
  | { kind: "hits"; specs: HitsSpec[] }
);

/** Tokens a second of every chat, and of the answer that many watch. */
const CHAT_RATE = 50;
const VIEWED_RATE = 10;

interface Size {
  rounds: number;
  seconds: number;
  probes: number;
}
const FULL: Size = { rounds: 3, seconds: 8, probes: 40 };
const QUICK: Size = { rounds: 1, seconds: 3, probes: 10 };

function chats(name: string, count: number, size: Size, subjects: Subject[], provider: Provider = "compatible"): Cell {
  const { rounds, seconds } = size;
  // Where the machine is overloaded, an ask's wait says nothing of the ask.
  const probes = count > 100 ? 0 : size.probes;
  // Beginning costs too: it is spread so that it doesn't leave a backlog behind.
  const spacing = count > 100 ? 40 : 20;
  const common = { kind: "chats" as const, provider, chats: count, rate: CHAT_RATE, spacing, seconds, probes };
  return { name, rounds, kind: "chats", specs: subjects.map((subject) => ({ ...common, subject })) };
}

function viewers(count: number, { seconds, rounds }: Size): Cell {
  const common = { kind: "viewers" as const, viewers: count, rate: VIEWED_RATE, seconds };
  const specs = [
    { ...common, form: "sse" as const },
    { ...common, form: "socket" as const },
  ];
  return { name: `viewers-${count}`, rounds, kind: "viewers", specs };
}

/** The cache off is the baseline. */
function hits(name: string, atOnce: number, places: HitsSpec["chats"], asks: number, rounds: number): Cell {
  const common = { kind: "hits" as const, tokens: 200, atOnce, chats: places };
  const specs = [
    { ...common, subject: "made" as const, asks: Math.ceil(asks / 4) },
    { ...common, subject: "hit" as const, asks },
  ];
  return { name, rounds, kind: "hits", specs };
}

/** Every cell. A cell's first spec is the baseline where there is one. */
export function planOf(quick: boolean): Cell[] {
  const size = quick ? QUICK : FULL;
  const resume = { kind: "resume" as const, tokens: 5_000, times: quick ? 5 : 30 };
  return [
    chats("chats-1", 1, size, ["pass-through", "sse"]),
    chats("chats-50", 50, size, ["pass-through", "sse", "socket"]),
    chats("chats-100", 100, size, ["pass-through", "sse"]),
    chats("chats-500", 500, { ...size, seconds: Math.min(5, size.seconds) }, ["pass-through", "sse", "socket"]),
    chats("openai-50", 50, size, ["pass-through", "sse"], "openai"),
    viewers(1, { ...size, rounds: 1 }),
    viewers(100, { ...size, rounds: 1 }),
    viewers(1_000, size),
    { name: "rows", rounds: 1, kind: "rows", specs: [{ kind: "rows", tokens: 1_000, rate: CHAT_RATE }] },
    hits("hits-1", 1, "old", quick ? 100 : 500, size.rounds),
    hits("hits-20", 20, "old", quick ? 400 : 4_000, size.rounds),
    hits("hits-20-new-chats", 20, "new", quick ? 200 : 1_000, size.rounds),
    {
      name: "resume",
      rounds: 1,
      kind: "resume",
      specs: [
        { ...resume, form: "sse" },
        { ...resume, form: "socket" },
      ],
    },
  ];
}
