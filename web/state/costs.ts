// What each tier costs a month, from how it is used and what things cost. Pure, and every figure is the reader's: the
// work an answer makes is what the tiers do (docs/design), counted; the prices are list prices they can change.
import type { Tier } from "../../protocol/records.ts";

export interface Usage {
  usersADay: number;
  answersAUser: number;
  inputTokens: number;
  outputTokens: number;
  tokensASecond: number;
  /** The part of the asks that the cache answers, 0 to 1. */
  hitRate: number;
}

/** US dollars. */
export interface Prices {
  /** A million tokens. */
  input: number;
  output: number;
  /** A million requests to Workers and objects. */
  requests: number;
  /** A million GB-seconds of objects. */
  gbSeconds: number;
  /** A million rows written. */
  rows: number;
  /** 100,000 Redis commands. */
  commands: number;
  /** A million Temporal actions. */
  actions: number;
  /** A container's hour. */
  container: number;
}

export const LIST_PRICES: Prices = {
  input: 3,
  output: 15,
  requests: 0.15,
  gbSeconds: 12.5,
  rows: 1,
  commands: 0.2,
  actions: 50,
  container: 0.05,
};

export const ASSUMED: Usage = {
  usersADay: 1_000,
  answersAUser: 5,
  inputTokens: 600,
  outputTokens: 800,
  tokensASecond: 50,
  hitRate: 0.3,
};

export type CostPart = "model" | "edge" | "cache" | "workflow";
export const COST_PARTS: readonly CostPart[] = ["model", "edge", "cache", "workflow"];

export interface TierCost {
  tier: Tier;
  parts: Record<CostPart, number>;
  total: number;
  /** US dollars an answer. */
  each: number;
  /** What an average answer makes besides tokens. */
  work: Work;
}

const DAYS = 30;
/** An object's memory, GB. */
const OBJECT_GB = 0.128;
/** A commit's rhythm while text comes. */
const SECONDS_A_ROW = 1.5;
/** The rows of an answer besides, as `tests/conformance/rows.workerd.test.ts` counts them. */
export const ROWS = {
  /** Of a log: the question, start, end and state. */
  ofLog: 9,
  /** All of a kept answer, which is there at once. */
  ofHit: 7,
  /** A log's tables, when it is new: a shared answer's always is. A new chat's are not counted here. */
  ofTables: 12,
  /** Of the person: the list, what search finds, the limits. */
  ofPerson: 13,
};
/** The ask, the reader's socket, and the person's list, at the Worker and at the objects. */
const REQUESTS = 5;
/** A worker hands the log a batch this often. */
const SECONDS_A_BATCH = 0.1;
/** The start and four steps; then a sign of life each half a second, and a report each five. */
const ACTIONS = 5;
const SECONDS_A_HEARTBEAT = 0.5;
const SECONDS_A_REPORT = 5;
/** The look-up and the keeping; and what counts an answer for the statistics: eight figures in each of two spans, each with its index. */
const COMMANDS_OF_THE_CACHE = 2;
const COMMANDS_TO_COUNT = 20;

/** What one answer makes besides tokens. */
export interface Work {
  requests: number;
  objectSeconds: number;
  rows: number;
  commands: number;
  actions: number;
  workerSeconds: number;
}

function produced(seconds: number): Work {
  return {
    requests: REQUESTS,
    objectSeconds: seconds,
    rows: ROWS.ofLog + ROWS.ofPerson + seconds / SECONDS_A_ROW,
    commands: 0,
    actions: 0,
    workerSeconds: 0,
  };
}

/** A hit: asked for, counted, and kept in the chat's log like any other answer. */
const HIT: Work = {
  requests: REQUESTS,
  objectSeconds: 0.1,
  rows: ROWS.ofHit + ROWS.ofPerson,
  commands: 1 + COMMANDS_TO_COUNT,
  actions: 0,
  workerSeconds: 0,
};

/** A miss is produced by an object of its own, and its chat reads along: two logs, two objects, one model. */
function missed(seconds: number): Work {
  const alone = produced(seconds);
  return {
    ...alone,
    requests: alone.requests + 3,
    objectSeconds: 2 * seconds,
    rows: alone.rows + ROWS.ofTables + ROWS.ofLog + seconds / SECONDS_A_ROW,
    commands: COMMANDS_OF_THE_CACHE + COMMANDS_TO_COUNT,
  };
}

function commissioned(seconds: number): Work {
  const alone = produced(seconds);
  return {
    ...alone,
    requests: alone.requests + 6 + seconds / SECONDS_A_BATCH,
    actions: ACTIONS + seconds / SECONDS_A_HEARTBEAT + seconds / SECONDS_A_REPORT,
    workerSeconds: seconds,
  };
}

/** An average of two works, the first in `share` of the cases. */
function mixed(one: Work, other: Work, share: number): Work {
  const of = (name: keyof Work) => one[name] * share + other[name] * (1 - share);
  return {
    requests: of("requests"),
    objectSeconds: of("objectSeconds"),
    rows: of("rows"),
    commands: of("commands"),
    actions: of("actions"),
    workerSeconds: of("workerSeconds"),
  };
}

function priced(
  work: Work,
  answers: number,
  prices: Prices,
  underWay: number,
): Omit<Record<CostPart, number>, "model"> {
  const { requests, objectSeconds, rows, commands, actions, workerSeconds } = work;
  const millions = answers / 1e6;
  // One container serves all answers under way, and sleeps when there are none: at most all hours of the month.
  const workerHours = Math.min((answers * workerSeconds) / Math.max(underWay, 1) / 3600, DAYS * 24);
  return {
    edge: millions * (requests * prices.requests + rows * prices.rows + objectSeconds * OBJECT_GB * prices.gbSeconds),
    cache: ((answers * commands) / 1e5) * prices.commands,
    workflow: millions * actions * prices.actions + workerHours * prices.container,
  };
}

export const answersAMonth = ({ usersADay, answersAUser }: Usage): number => usersADay * answersAUser * DAYS;

export function costsOf(usage: Usage, prices: Prices): TierCost[] {
  const answers = answersAMonth(usage);
  const seconds = usage.outputTokens / Math.max(usage.tokensASecond, 1);
  const model = (usage.inputTokens * prices.input + usage.outputTokens * prices.output) / 1e6;
  const underWay = (answers * seconds) / (DAYS * 86_400);
  const hits = answers * usage.hitRate;

  const made = (tier: Tier, work: Work, asked: number): TierCost => {
    const parts = { model: asked * model, ...priced(work, answers, prices, underWay) };
    const total = COST_PARTS.reduce((sum, part) => sum + parts[part], 0);
    return { tier, parts, total, each: answers === 0 ? 0 : total / answers, work };
  };
  return [
    made("mvp", produced(seconds), answers),
    made("redis", mixed(HIT, missed(seconds), usage.hitRate), answers - hits),
    made("temporal", commissioned(seconds), answers),
  ];
}
