// Figures made ready to be drawn. Pure.
import type { StatsFigures, StatsReply } from "../../protocol/requests.ts";

export type Metric = "answers" | "tokens" | "money";
export const METRICS: readonly Metric[] = ["answers", "tokens", "money"];

export type PartName = "hits" | "collapsed" | "misses" | "uncached" | "spent" | "saved";

/** What a bar is made of, from its foot up. */
export const PARTS: Readonly<Record<Metric, readonly PartName[]>> = {
  answers: ["hits", "collapsed", "misses", "uncached"],
  tokens: ["saved", "spent"],
  money: ["saved", "spent"],
};

const tokens = ({ inputTokens, outputTokens }: StatsFigures["spent"]) => inputTokens + outputTokens;

export function figureOf(figures: StatsFigures, metric: Metric, part: PartName): number {
  switch (part) {
    case "hits":
    case "collapsed":
    case "misses":
      return figures[part];
    case "uncached":
      return figures.off + figures.unavailable;
    default:
      return metric === "money" ? figures[part].cost : tokens(figures[part]);
  }
}

/** Round marks from 0 to just above `max`: 1, 2 or 5 times a power of ten apart. */
export function marks(max: number, about = 4): number[] {
  if (max <= 0) return [0, 1];
  const rough = max / about;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * ([1, 2, 5, 10].find((times) => times * power >= rough) ?? 10);
  const count = Math.ceil(max / step - 1e-9);
  // Made from whole steps, so that no sum of fractions goes astray.
  return Array.from({ length: count + 1 }, (_, index) => Number((index * step).toPrecision(12)));
}

/** A place between 0 and 1 on a scale of powers of ten. */
export function onLogScale(value: number, [from, to]: readonly [number, number]): number {
  const at = (Math.log10(Math.max(value, from)) - Math.log10(from)) / (Math.log10(to) - Math.log10(from));
  return Math.min(1, Math.max(0, at));
}

/** The powers of ten around some values, two at least. */
export function decades(values: readonly number[]): [number, number] {
  const positive = values.filter((value) => value > 0);
  if (positive.length === 0) return [1, 10];
  const from = 10 ** Math.floor(Math.log10(Math.min(...positive)));
  const to = 10 ** Math.ceil(Math.log10(Math.max(...positive)) + 1e-9);
  return [from, Math.max(to, from * 10)];
}

/** A few steps to name under a chart, evenly apart, the first one among them. */
export function named(count: number, most: number): number[] {
  if (count <= most) return Array.from({ length: count }, (_, index) => index);
  const every = Math.ceil(count / most);
  return Array.from({ length: Math.ceil(count / every) }, (_, index) => index * every);
}

/** What a window says of an average answer, for the comparison; `null` where nothing was answered. */
export interface Average {
  inputTokens: number;
  outputTokens: number;
  hitRate: number | null;
  /** Tokens a second of an answer a model wrote; `null` when not known. */
  tokensASecond: number | null;
}

export function averageOf({ totals, latency }: StatsReply): Average | null {
  const { runs, spent, saved, hitRate } = totals;
  const outputTokens = spent.outputTokens + saved.outputTokens;
  if (runs === 0 || outputTokens === 0) return null;
  const made = latency.find(({ cache }) => cache === "miss") ?? latency.find(({ cache }) => cache === "off");
  const writing = made?.total && made.firstToken ? made.total.p50 - made.firstToken.p50 : 0;
  const output = outputTokens / runs;
  return {
    inputTokens: Math.round((spent.inputTokens + saved.inputTokens) / runs),
    outputTokens: Math.round(output),
    hitRate,
    tokensASecond: writing > 0 ? output / (writing / 1000) : null,
  };
}
