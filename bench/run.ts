// npm run bench: measures Keepstream against a bare pass-through in the same workerd, prints the table and writes it.
//   --quick            one short round      --cells a,b   only these (names as in plan.ts, or what they begin with)
//   --rounds N         instead of three     --date DATE   names the files; today without it
//   --store DIR        where chats are kept (the system's temporary folder)
//   --out DIR          where to write (docs/benchmarks); --no-write only prints
import { type ChildProcess, fork } from "node:child_process";
import { closeSync, fsyncSync, openSync, writeSync } from "node:fs";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { startEndpointThread } from "../local/stores/endpoint.ts";
import { cacheVars } from "../local/stores/start.ts";
import type { Outcome } from "./figures.ts";
import { figuresOf } from "./figures.ts";
import type { Order, Results } from "./load.ts";
import { type Cell, planOf } from "./plan.ts";
import { machineWith, type Report, table, toMarkdown } from "./report.ts";
import { bundleWorker, startEdge, startModel, stop } from "./servers.ts";
import { spreadOf } from "./stats.ts";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const { values: options } = parseArgs({
  options: {
    quick: { type: "boolean", default: false },
    cells: { type: "string" },
    rounds: { type: "string" },
    date: { type: "string", default: new Date().toISOString().slice(0, 10) },
    store: { type: "string", default: tmpdir() },
    out: { type: "string", default: join(root, "docs/benchmarks") },
    "no-write": { type: "boolean", default: false },
  },
});

const wanted = options.cells?.split(",");
const plan = planOf(options.quick).filter(
  ({ name }) => !wanted || wanted.some((each) => name === each || name.split("-")[0] === each),
);
if (plan.length === 0) {
  const names = planOf(options.quick).map(({ name }) => name);
  console.error(`--cells ${options.cells}: no such cell. There are ${names.join(", ")}.`);
  process.exit(2);
}
const rounds = options.rounds === undefined ? undefined : Number(options.rounds);
if (rounds !== undefined && !(Number.isInteger(rounds) && rounds > 0)) {
  console.error(`--rounds takes a whole number from 1, not "${options.rounds}".`);
  process.exit(2);
}

/** How long the disk takes to keep a small write. */
function measureFsync(folder: string) {
  const file = openSync(join(folder, "fsync"), "w");
  const times = Array.from({ length: 100 }, () => {
    const begun = performance.now();
    writeSync(file, Buffer.alloc(4096));
    fsyncSync(file);
    return performance.now() - begun;
  });
  closeSync(file);
  const { median, p99 } = spreadOf(times);
  return { median, p99 };
}

function askLoad(load: ChildProcess, order: Order): Promise<Results[keyof Results][1]> {
  return new Promise((resolve, reject) => {
    const onExit = () => reject(new Error("The load ended before it answered."));
    load.once("exit", onExit);
    load.once("message", (reply: { result: Results[keyof Results][1] } | { error: string }) => {
      load.off("exit", onExit);
      if ("error" in reply) reject(new Error(reply.error));
      else resolve(reply.result);
    });
    load.send(order);
  });
}

const say = (line: string) => process.stderr.write(`${line}\n`);
const folder = await mkdtemp(join(options.store, "keepstream-bench-"));
const model = await startModel();
const cache = await startEndpointThread({
  protocol: "upstash",
  store: { folder: join(folder, "redis") },
  secret: "bench",
});
const load = fork(join(root, "bench/load.ts"), { serialization: "advanced" });

async function runCell(cell: Cell, bundle: string): Promise<Outcome> {
  const store = await mkdtemp(join(folder, "store-"));
  const edge = await startEdge({ modelUrl: model.url, bundle, store, cache: cacheVars(cache.port, "bench") });
  const { keepstream, passThrough } = edge;
  const order = (spec: Order["spec"]) =>
    askLoad(load, { spec, addresses: { keepstream, passThrough }, pids: { workerd: edge.pid, model: model.pid } });
  const outcome: Outcome = { name: cell.name, kind: cell.kind, specs: cell.specs, rounds: [] };
  try {
    if (cell.kind === "chats") {
      // Whatever is compiled or opened on first use is not what is measured.
      for (const spec of cell.specs) await order({ ...spec, chats: 20, seconds: 2, probes: spec.probes && 5 });
    }
    for (let round = 1; round <= (rounds ?? cell.rounds); round++) {
      const results: Outcome["rounds"][number] = [];
      for (const spec of cell.specs) {
        say(
          `${cell.name}, round ${round}: ${"subject" in spec ? spec.subject : "form" in spec ? spec.form : spec.kind}`,
        );
        results.push(await order(spec));
      }
      outcome.rounds.push(results);
    }
  } finally {
    await edge.stop();
  }
  say(table(figuresOf(outcome)));
  return outcome;
}

try {
  const machine = machineWith(measureFsync(folder), root);
  const report: Report = { date: options.date, quick: options.quick, machine, outcomes: [] };
  // Bundled once: all cells measure the same code, whatever happens to the tree meanwhile.
  const deployed = await bundleWorker(join(folder, "deployed"), "workers/index.ts");
  const counting = await bundleWorker(join(folder, "counting"), "bench/rows-edge.ts");
  for (const cell of plan) report.outcomes.push(await runCell(cell, cell.kind === "rows" ? counting : deployed));
  const markdown = toMarkdown(report);
  console.log(markdown);
  if (!options["no-write"]) {
    await mkdir(options.out, { recursive: true });
    const file = join(options.out, options.date);
    await writeFile(`${file}.md`, markdown);
    await writeFile(`${file}.json`, `${JSON.stringify(report, null, 1)}\n`);
    say(`Written to ${file}.md and .json`);
  }
  // A wrong answer is a failure; a missed target is a finding.
  if (report.outcomes.some(({ rounds }) => rounds.flat().some(({ wrong }) => wrong > 0))) process.exitCode = 1;
} finally {
  load.disconnect();
  await stop(load);
  await model.stop();
  await cache.close();
  await rm(folder, { recursive: true, force: true });
}
