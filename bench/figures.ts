// From what was measured to the figures of the report, each beside its target.
import type { ChatsResult, ChatsSpec } from "./chats-cell.ts";
import type { HitsResult, HitsSpec } from "./hits-cell.ts";
import type { Results } from "./load.ts";
import { median } from "./stats.ts";

/** One cell as it was run: for each round the results of its specs, in the plan's order. */
export interface Outcome {
  name: string;
  kind: keyof Results;
  specs: Results[keyof Results][0][];
  rounds: Results[keyof Results][1][][];
}

export interface Figure {
  what: string;
  /** Of the pass-through, where it is the measure. */
  baseline: number | null;
  value: number;
  /** `value` over, or beyond, the baseline; the value itself without one. */
  judged: number;
  unit: string;
  target: { least: boolean; limit: number } | null;
}

const micros = ({ steady }: ChatsResult) => (steady.workerd / steady.tokens) * 1e6;
const wholeMicros = ({ whole }: ChatsResult) => (whole.workerd / whole.tokens) * 1e6;
const delivered = ({ steady }: ChatsResult) => steady.tokens / steady.seconds;

type Read = (result: ChatsResult) => number;

/** The median of a figure's rounds, and of what each round makes of it and of its own baseline. */
function against(pairs: [ChatsResult, ChatsResult][], read: Read, judge: (value: number, baseline: number) => number) {
  return {
    baseline: median(pairs.map(([baseline]) => read(baseline))),
    value: median(pairs.map(([, result]) => read(result))),
    judged: median(pairs.map(([baseline, result]) => judge(read(result), read(baseline)))),
  };
}

const ratio = (value: number, baseline: number) => value / baseline;
const beyond = (value: number, baseline: number) => value - baseline;
const most = (limit: number) => ({ least: false, limit });
const least = (limit: number) => ({ least: true, limit });

function chatsFigures(specs: ChatsSpec[], rounds: ChatsResult[][]): Figure[] {
  return specs.slice(1).flatMap(({ subject, chats, provider, probes }, index) => {
    const pairs = rounds.flatMap((round): [ChatsResult, ChatsResult][] => {
      const [baseline, result] = [round[0], round[index + 1]];
      return baseline && result ? [[baseline, result]] : [];
    });
    const name = `${chats} ${chats === 1 ? "chat" : "chats"}, ${subject === "sse" ? "SSE" : "WebSocket"}`;
    const of = provider === "openai" ? `${name}, openai` : name;
    // The targets are for the cheaper protocol of a stream; the other is measured beside it.
    const at = (count: number, wanted: NonNullable<Figure["target"]>) =>
      provider === "compatible" && chats === count ? wanted : null;
    const figure = (
      what: string,
      unit: string,
      read: Read,
      judge: typeof ratio,
      wanted: Figure["target"] = null,
    ): Figure => ({ what: `${of}: ${what}`, unit, ...against(pairs, read, judge), target: wanted });
    const cpu = at(50, most(2.5)) ?? at(500, most(1.8));
    const lateness = at(50, most(3)) ?? at(500, most(40));
    const first = (limit: number) => at(50, most(limit));
    const asks = [
      figure("first token of a new chat later, median", "ms", (r) => r.firstToken.median, beyond, first(5)),
      figure("first token of a new chat later, p99", "ms", (r) => r.firstToken.p99, beyond, first(25)),
      figure("first token of a next ask later, median", "ms", (r) => r.followUp.median, beyond, first(5)),
      figure("first token of a next ask later, p99", "ms", (r) => r.followUp.p99, beyond, first(25)),
    ];
    return [
      figure("CPU a token", "µs", micros, ratio, cpu),
      figure("CPU a token, starts and ends included", "µs", wholeMicros, ratio),
      figure("delivered", "tokens/s", delivered, ratio, at(500, least(0.65))),
      figure("token later, median", "ms", ({ steady }) => steady.delays.median, beyond, lateness),
      figure("token later, p99", "ms", ({ steady }) => steady.delays.p99, beyond, at(50, most(25))),
      ...(probes > 0 && subject === "sse" ? asks : []),
      figure("workerd's memory", "MB", ({ steady }) => steady.rss, ratio),
    ];
  });
}

const alone = (what: string, unit: string, value: number, target: Figure["target"] = null): Figure => ({
  what,
  unit,
  value,
  baseline: null,
  judged: value,
  target,
});

function hitsFigures(specs: HitsSpec[], rounds: HitsResult[][]): Figure[] {
  return specs.flatMap(({ subject, atOnce, chats }, index) => {
    const results = rounds.flatMap((round) => round[index] ?? []);
    const of = (read: (result: HitsResult) => number) => median(results.map(read));
    const what = subject === "hit" ? "kept answers" : "the same, the cache off";
    const name = `${what}, ${atOnce} at once, in ${chats === "new" ? "new chats" : "a chat there is"}`;
    const judged = subject === "hit" && chats === "old";
    return [
      alone(
        `${name}: whole answer, median`,
        "ms",
        of((r) => r.whole.median),
        judged && atOnce === 1 ? most(5) : null,
      ),
      alone(
        `${name}: whole answer, p99`,
        "ms",
        of((r) => r.whole.p99),
      ),
      alone(
        `${name}: in a second`,
        "answers",
        of((r) => r.asks / r.seconds),
        judged && atOnce === 20 ? least(1_800) : null,
      ),
      alone(
        `${name}: in a CPU-second of workerd`,
        "answers",
        of((r) => r.asks / r.cpu),
      ),
    ];
  });
}

export function figuresOf(outcome: Outcome): Figure[] {
  const { kind, specs, rounds } = outcome;
  if (kind === "hits") return hitsFigures(specs as HitsSpec[], rounds as HitsResult[][]);
  if (kind === "chats") return chatsFigures(specs as ChatsSpec[], rounds as ChatsResult[][]);
  return specs.flatMap((spec, index): Figure[] => {
    const results = rounds.map((round) => round[index]);
    if (spec.kind === "viewers") {
      const viewed = results as Results["viewers"][1][];
      const name = `${spec.viewers} ${spec.viewers === 1 ? "viewer" : "viewers"}, ${spec.form === "sse" ? "SSE" : "WebSocket"}`;
      const cpu = median(viewed.map(({ steady }) => (steady.workerd / steady.tokens) * 1e6));
      const late = median(viewed.map(({ steady }) => steady.delays.median));
      return [
        alone(`${name}: CPU a token and viewer`, "µs", cpu, spec.viewers === 1000 ? most(25) : null),
        alone(`${name}: token's delay, median`, "ms", late),
        alone(`${name}: viewers whose text is not exact`, "", Math.max(...viewed.map(({ wrong }) => wrong)), most(0)),
        alone(`${name}: workerd's memory`, "MB", median(viewed.map(({ steady }) => steady.rss))),
      ];
    }
    const [result] = results;
    if (result?.kind === "rows") {
      return [
        alone("rows written for 1,000 tokens at 50 a second", "rows", result.second, most(24)),
        alone("the same as a chat's first answer, with its tables", "rows", result.first),
      ];
    }
    if (result?.kind === "resume" && spec.kind === "resume") {
      const name = `resume of ${spec.tokens} tokens, ${spec.form === "sse" ? "SSE" : "WebSocket"}`;
      return [
        alone(`${name}: all of it, median`, "ms", result.whole.median, most(20)),
        alone(`${name}: all of it, p99`, "ms", result.whole.p99),
        alone(`${name}: from the last promise but one, median`, "ms", result.rest.median, most(20)),
      ];
    }
    return [];
  });
}

/** Null where there is no target. */
export function passes({ judged, target }: Figure): boolean | null {
  if (!target) return null;
  return target.least ? judged >= target.limit : judged <= target.limit;
}
