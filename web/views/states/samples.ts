// Made-up states for the page of all components. Nothing in here was measured.
import type { Receipt, RunStatus } from "../../../protocol/records.ts";
import type { RunState } from "../../../protocol/reduce.ts";
import type { HealthReply, StatsReply } from "../../../protocol/requests.ts";
import type { WorkflowStatusReply, WorkflowTimelineReply } from "../../../protocol/workflows.ts";

const receipt: Receipt = {
  tier: "mvp",
  provider: "openai",
  model: "gpt-sample",
  cache: "off",
  inputTokens: 412,
  outputTokens: 812,
  estimated: false,
  cost: 0.0041,
  firstTokenMs: 212,
  totalMs: 7_900,
  requests: 1,
  recoveries: [],
};

const saved = { ms: 7_900, inputTokens: 412, outputTokens: 812, cost: 0.0041 };
const none = { cost: 0, inputTokens: 0, outputTokens: 0, requests: 0 };

function run(change: Partial<Receipt> = {}, state: Partial<RunState> = {}): RunState {
  const made = { ...receipt, ...change };
  return {
    id: "sample.1",
    message: "a",
    parent: "q",
    tier: made.tier,
    provider: made.provider,
    model: made.model,
    params: { temperature: 0.7, maxOutputTokens: null, system: null },
    cache: made.cache,
    text: "Rivers carve valleys.",
    committed: 21,
    phase: null,
    attempt: 1,
    status: "completed" as RunStatus,
    finish: "stop",
    error: null,
    replacedBy: null,
    recoveries: made.recoveries,
    receipt: made,
    time: 0,
    ...state,
  };
}

export const RECEIPTS: readonly { name: string; run: RunState }[] = [
  { name: "complete", run: run() },
  { name: "hit", run: run({ ...none, tier: "redis", cache: "hit", firstTokenMs: 4, totalMs: 11, saved, age: 90 }) },
  { name: "collapsed", run: run({ ...none, tier: "redis", cache: "collapsed", saved: { ...saved, ms: 2_100 } }) },
  { name: "cache unavailable", run: run({ tier: "redis", cache: "unavailable" }) },
  {
    name: "recovered",
    run: run({ recoveries: [{ mode: "reattach", at: 2_884, madeTwice: 0 }], requests: 2, tier: "temporal" }),
  },
  {
    name: "recovered twice, paid twice",
    run: run({
      recoveries: [
        { mode: "continue", at: 900, madeTwice: 4 },
        { mode: "continue", at: 1_904, madeTwice: 11 },
      ],
    }),
  },
  { name: "unknown", run: run({ cost: null, inputTokens: null, firstTokenMs: null, estimated: true }) },
  { name: "token limit", run: run({}, { finish: "length" }) },
  { name: "declined", run: run({}, { finish: "refusal" }) },
  { name: "stopped", run: run({ estimated: true }, { status: "cancelled", finish: null }) },
  { name: "failed", run: run({ outputTokens: 0 }, { status: "failed", finish: null }) },
  { name: "interrupted", run: run({}, { status: "interrupted", finish: null }) },
];

const amounts = (tokens: number) => ({ inputTokens: tokens, outputTokens: tokens * 2, cost: tokens * 0.00001 });

function step(index: number, time: number) {
  const busy = Math.round(70 + 60 * Math.sin((index / 48) * 2 * Math.PI - 1.4) + (index % 5) * 4);
  const hits = Math.round(busy * 0.52);
  const collapsed = Math.round(busy * 0.07);
  const misses = busy - hits - collapsed;
  return {
    time,
    runs: busy + 4,
    hits,
    misses,
    collapsed,
    unavailable: 0,
    off: 4,
    spent: amounts(misses * 400),
    saved: { ...amounts((hits + collapsed) * 400), ms: hits * 7_000 },
    unpriced: 0,
  };
}

export function sampleStats(now: number): StatsReply {
  const stepMs = 1_800_000;
  const series = Array.from({ length: 48 }, (_, index) => step(index, now - (48 - index) * stepMs));
  const total = (pick: (one: (typeof series)[number]) => number) => series.reduce((sum, one) => sum + pick(one), 0);
  const sum = (of: "spent" | "saved") => ({
    inputTokens: total((one) => one[of].inputTokens),
    outputTokens: total((one) => one[of].outputTokens),
    cost: total((one) => one[of].cost),
  });
  const hits = total((one) => one.hits);
  const collapsed = total((one) => one.collapsed);
  const misses = total((one) => one.misses);
  const spread = (runs: number, p50: number, p90: number, p99: number) => ({ runs, p50, p90, p99 });
  return {
    window: "24h",
    from: now - 48 * stepMs,
    to: now,
    stepMs,
    totals: {
      runs: total((one) => one.runs),
      hits,
      misses,
      collapsed,
      unavailable: 0,
      off: total((one) => one.off),
      spent: sum("spent"),
      saved: { ...sum("saved"), ms: total((one) => one.saved.ms) },
      unpriced: 3,
      hitRate: (hits + collapsed) / (hits + collapsed + misses),
    },
    latency: [
      { cache: "hit", firstToken: spread(hits, 4, 6, 15), total: spread(hits, 11, 18, 41) },
      {
        cache: "collapsed",
        firstToken: spread(collapsed, 90, 400, 800),
        total: spread(collapsed, 4_900, 7_000, 9_800),
      },
      { cache: "miss", firstToken: spread(misses, 210, 410, 640), total: spread(misses, 7_000, 9_100, 14_000) },
    ],
    series,
    source: "counters",
    note: null,
    why: null,
  };
}

export const HEALTH: HealthReply = {
  status: "degraded",
  parts: [
    { name: "durable-objects", status: "ok", latencyMs: 3, detail: null, why: null },
    { name: "openai", status: "ok", latencyMs: null, detail: null, why: null },
    { name: "compatible", status: "degraded", latencyMs: 240, detail: "It is slow.", why: null },
    {
      name: "archive",
      status: "down",
      latencyMs: null,
      detail: "The archive does not answer; what it has to learn waits in the chats.",
      why: { code: "archive_down" },
    },
    {
      name: "temporal",
      status: "off",
      latencyMs: null,
      detail: "Set TEMPORAL_BRIDGE_URL and TEMPORAL_BRIDGE_TOKEN to use it.",
      why: { code: "unset", settings: ["TEMPORAL_BRIDGE_URL", "TEMPORAL_BRIDGE_TOKEN"] },
    },
  ],
};

const LOST = { code: "worker_lost", message: "The worker was not heard of again for 2 s" };

/** A workflow whose worker was lost once, going on. */
export function sampleTimeline(now: number): WorkflowTimelineReply {
  const began = now - 57_000;
  const done = { summary: null, state: "completed", maximumAttempts: 3 } as const;
  return {
    id: `${"5a".repeat(32)}.1`,
    state: "running",
    startedAt: began,
    closedAt: null,
    failure: null,
    steps: [
      {
        ...done,
        name: "validatePrompt",
        scheduledAt: began,
        startedAt: began + 4,
        endedAt: began + 18,
        attempts: [{ attempt: 1, startedAt: began + 4, endedAt: began + 18, failure: null }],
      },
      {
        name: "generateAnswer",
        summary: "gpt-sample",
        state: "running",
        maximumAttempts: 20,
        scheduledAt: began + 20,
        startedAt: began + 27,
        endedAt: null,
        attempts: [
          { attempt: 1, startedAt: began + 27, endedAt: began + 13_400, failure: LOST },
          { attempt: 2, startedAt: began + 45_700, endedAt: null, failure: null },
        ],
      },
    ],
    checkpoints: [
      { time: began + 10_000, attempt: 1, phase: "generating", chunks: 19, characters: 2_310, failure: null },
      { time: began + 55_000, attempt: 2, phase: "generating", chunks: 38, characters: 4_870, failure: null },
    ],
  };
}

export const WORKFLOW_STATUS = {
  state: "running",
  phase: "generating",
  attempt: 2,
  progress: { characters: 4_902, committed: 4_870, chunks: 38 },
  percent: 45,
  reason: null,
  why: null,
  workflow: {
    state: "running",
    lastFailure: LOST,
    nextAttemptAt: null,
    uiUrl: "https://temporal.example/workflow",
    history: { events: 23, bytes: 9_400 },
  },
} as WorkflowStatusReply;
