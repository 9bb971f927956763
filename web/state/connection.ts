// The life of one chat's connection as a pure machine: (state, signal, now) → state and what to do. No clock, no
// socket, no chance of its own: `link.ts` carries it out.
import { CLOSE } from "../../protocol/socket.ts";

/** A socket that has not opened after this is given up, ms. */
const CONNECT_TIMEOUT = 10_000;
/** After this much silence the other end is asked whether it is still there, ms. */
const PING_AFTER = 20_000;
/** Without any sign of life this long after a ping, the connection is dead, ms. */
const PONG_TIMEOUT = 5_000;
const FIRST_DELAY = 500;
const LONGEST_DELAY = 15_000;
/** A chat with too many readers is not helped by one that knocks every half second. */
const CROWDED_DELAY = 10_000;

export type Phase = "idle" | "connecting" | "open" | "waiting" | "refused";

export interface Connection {
  phase: Phase;
  /** When the phase began. */
  since: number;
  /** Attempts that failed in a row. */
  failures: number;
  /** When to try again (`waiting`). */
  retryAt: number;
  /** When an unanswered ping was sent (`open`). */
  pingAt: number | null;
  /** Why the last connection ended, as its close code. */
  code: number | null;
}

export type Signal =
  | { type: "start" }
  | { type: "opened" }
  | { type: "closed"; code: number }
  /** A record did not fit: something before it is missing. */
  | { type: "gap" }
  /** The chat itself was asked for and is not to be had. */
  | { type: "refused"; code: number }
  /** The page is seen again, or the network is back. */
  | { type: "wake" }
  | { type: "tick"; heardAt: number }
  | { type: "stop" };

/** `open`: a socket from the last offset. `probe`: ask by HTTP whether the chat can be had at all. */
export type Command = "open" | "drop" | "ping" | "probe";

export interface Step {
  state: Connection;
  commands: readonly Command[];
}

export const idle: Connection = { phase: "idle", since: 0, failures: 0, retryAt: 0, pingAt: null, code: null };

const FINAL: ReadonlySet<number> = new Set([CLOSE.badRequest, CLOSE.unauthenticated, CLOSE.forbidden, CLOSE.unknown]);

/** How long to wait after `failures` attempts in a row; `chance` in [0, 1) spreads readers apart. */
export function retryDelay(failures: number, code: number, chance: number): number {
  if (code === CLOSE.tooSlow) return 0;
  const doubled = Math.min(FIRST_DELAY * 2 ** (failures - 1), LONGEST_DELAY);
  return Math.max(doubled, code === CLOSE.tooMany ? CROWDED_DELAY : 0) * (0.75 + chance / 2);
}

function connect(state: Connection, now: number, before: readonly Command[] = []): Step {
  return { state: { ...state, phase: "connecting", since: now, pingAt: null }, commands: [...before, "open"] };
}

function refuse(state: Connection, code: number, now: number): Step {
  return { state: { ...state, phase: "refused", since: now, code }, commands: ["drop"] };
}

function lose(state: Connection, code: number, now: number, chance: number): Step {
  if (FINAL.has(code)) return refuse(state, code, now);
  const failures = state.failures + 1;
  const retryAt = now + retryDelay(failures, code, chance);
  // A browser does not say why a socket never opened; the API does.
  const commands: Command[] = state.phase === "connecting" && failures === 1 ? ["drop", "probe"] : ["drop"];
  return { state: { phase: "waiting", since: now, failures, retryAt, pingAt: null, code }, commands };
}

function tick(state: Connection, heardAt: number, now: number, chance: number): Step {
  switch (state.phase) {
    case "connecting":
      return now - state.since >= CONNECT_TIMEOUT ? lose(state, 0, now, chance) : { state, commands: [] };
    case "waiting":
      return now >= state.retryAt ? connect(state, now) : { state, commands: [] };
    case "open": {
      if (state.pingAt !== null && heardAt < state.pingAt) {
        return now - state.pingAt >= PONG_TIMEOUT ? connect(state, now, ["drop"]) : { state, commands: [] };
      }
      const quiet = now - Math.max(heardAt, state.since);
      if (quiet >= PING_AFTER) return { state: { ...state, pingAt: now }, commands: ["ping"] };
      return { state: state.pingAt === null ? state : { ...state, pingAt: null }, commands: [] };
    }
    default:
      return { state, commands: [] };
  }
}

export function step(state: Connection, signal: Signal, now: number, chance: number): Step {
  switch (signal.type) {
    case "start":
      return state.phase === "idle" || state.phase === "refused" ? connect({ ...idle }, now) : { state, commands: [] };
    case "opened":
      return state.phase === "connecting"
        ? { state: { ...state, phase: "open", since: now, failures: 0, code: null }, commands: [] }
        : { state, commands: [] };
    case "closed":
      return state.phase === "connecting" || state.phase === "open"
        ? lose(state, signal.code, now, chance)
        : { state, commands: [] };
    case "refused":
      return state.phase === "idle" ? { state, commands: [] } : refuse(state, signal.code, now);
    case "gap":
      return connect(state, now, ["drop"]);
    case "wake":
      if (state.phase === "waiting") return connect({ ...state, failures: 0 }, now);
      // It looks open, but after a sleep it may be a dead wire: ask, and hear within the ping's time.
      return state.phase === "open"
        ? { state: { ...state, pingAt: now }, commands: ["ping"] }
        : { state, commands: [] };
    case "tick":
      return tick(state, signal.heardAt, now, chance);
    case "stop":
      return { state: idle, commands: ["drop"] };
  }
}

/** When the machine wants its next `tick`, or `null` when only a signal can move it. */
export function nextTick(state: Connection, heardAt: number): number | null {
  switch (state.phase) {
    case "connecting":
      return state.since + CONNECT_TIMEOUT;
    case "waiting":
      return state.retryAt;
    case "open":
      return state.pingAt !== null && heardAt < state.pingAt
        ? state.pingAt + PONG_TIMEOUT
        : Math.max(heardAt, state.since) + PING_AFTER;
    default:
      return null;
  }
}
