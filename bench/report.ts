// What a run found, as a page for people and a file for programs.
import { readFileSync } from "node:fs";
import { cpus, totalmem } from "node:os";
import { type Figure, figuresOf, type Outcome, passes } from "./figures.ts";

export interface Machine {
  cores: number;
  cpu: string;
  memoryGb: number;
  node: string;
  workerd: string;
  /** Time of one small write and its fsync where the store lies, ms. */
  fsync: { median: number; p99: number };
}

export function machineWith(fsync: Machine["fsync"], root: string): Machine {
  const { version } = JSON.parse(readFileSync(`${root}/node_modules/workerd/package.json`, "utf8")) as {
    version: string;
  };
  const cpu = cpus()[0]?.model ?? "unknown";
  const memoryGb = Math.round(totalmem() / 2 ** 30);
  return { cores: cpus().length, cpu, memoryGb, node: process.version, workerd: version, fsync };
}

export interface Report {
  date: string;
  quick: boolean;
  machine: Machine;
  outcomes: Outcome[];
}

const number = (value: number) => {
  if (Number.isNaN(value)) return "–";
  const digits = Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : 2;
  return value.toLocaleString("en", { maximumFractionDigits: digits });
};

function cellsOf(figure: Figure): string[] {
  const { what, baseline, value, judged, unit, target } = figure;
  const isRatio = baseline !== null && unit !== "ms";
  const judgement =
    baseline === null
      ? ""
      : isRatio
        ? `${judged.toFixed(2)} ×`
        : `${judged < 0 ? "−" : "+"}${number(Math.abs(judged))} ms`;
  const wanted = target ? `${target.least ? "≥" : "≤"} ${target.limit}${isRatio ? " ×" : ""}` : "";
  const verdict = passes(figure);
  return [
    what,
    baseline === null ? "" : `${number(baseline)} ${unit}`.trim(),
    `${number(value)} ${unit}`.trim(),
    judgement,
    wanted,
    verdict === null ? "" : verdict ? "pass" : "**miss**",
  ];
}

const HEADINGS = ["what", "pass-through", "Keepstream", "ratio, or added", "target", ""];

export function table(figures: Figure[]): string {
  const rows = [HEADINGS, HEADINGS.map(() => "---"), ...figures.map(cellsOf)];
  return rows.map((cells) => `| ${cells.join(" | ")} |`).join("\n");
}

/** What else the machine did while a cell was measured, and what the load itself took, as shares of all cores. */
function sharesOf(
  { rounds }: Outcome,
  cores: number,
): { load: number; model: number; workerd: number; others: number } | null {
  const spent = rounds.flat().flatMap((result) => ("steady" in result ? [result.steady] : []));
  if (spent.length === 0) return null;
  const mean = (read: (each: (typeof spent)[number]) => number) =>
    spent.reduce((sum, each) => sum + read(each), 0) / spent.length;
  const load = mean((each) => each.load / each.seconds / cores);
  const model = mean((each) => each.model / each.seconds / cores);
  const workerd = mean((each) => each.workerd / each.seconds / cores);
  return { load, model, workerd, others: Math.max(0, mean((each) => each.machine) - load - model - workerd) };
}

const percent = (share: number) => `${Math.round(share * 100)} %`;

function sharesTable({ outcomes, machine }: Report): string {
  const rows = outcomes.flatMap((outcome) => {
    const shares = sharesOf(outcome, machine.cores);
    if (!shares) return [];
    return [
      `| ${outcome.name} | ${[shares.workerd, shares.model, shares.load, shares.others].map(percent).join(" | ")} |`,
    ];
  });
  return ["| cell | workerd | model | load | others |", "| --- | --- | --- | --- | --- |", ...rows].join("\n");
}

function faultsOf({ outcomes }: Report): string {
  const told = outcomes.flatMap(({ name, rounds }) =>
    rounds
      .flat()
      .flatMap(({ wrong, faults }) =>
        wrong > 0 ? [`- ${name}: ${wrong} wrong. ${[...new Set(faults)].slice(0, 5).join("; ")}`] : [],
      ),
  );
  return told.length > 0
    ? told.join("\n")
    : "Every answer of every cell was exactly what the model said, and ended completed.";
}

export function toMarkdown(report: Report): string {
  const { date, quick, machine } = report;
  const { cores, cpu, memoryGb, node, workerd, fsync } = machine;
  return `# Benchmarks, ${date}${quick ? " (quick)" : ""}

${cores} cores (${cpu}), ${memoryGb} GB; Node ${node}, workerd ${workerd}. A small write with its fsync took ${number(fsync.median)} ms (p99 ${number(fsync.p99)} ms)
where the chats were stored. The pass-through Worker and the deployed bundle ran in one workerd, reached directly, fed by one
scripted model in its own process; a third process was the load. Ratios and differences are taken within a round; the table
shows medians of the rounds. Every chat had one reader and 50 tokens a second; what is watched by many came at 10.

${table(report.outcomes.flatMap(figuresOf))}

${faultsOf(report)}

Who used the machine meanwhile, of all cores; where others used much, times (not ratios of CPU) are theirs too:

${sharesTable(report)}
`;
}
