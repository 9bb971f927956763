// Runs many seeds on all cores and prints what failed: `node tests/simulation/sweep.ts --seeds 100000 --from 1`.
// One seed, told step by step: `node tests/simulation/sweep.ts --seed 42 --trace`.
import { once } from "node:events";
import { availableParallelism } from "node:os";
import { parseArgs } from "node:util";
import { isMainThread, parentPort, Worker, workerData } from "node:worker_threads";
import { type Outcome, rejectedUnseen, runSeed } from "./world.ts";

/** Seeds a worker is given at a time. */
const SHARE = 250;
const MOST_SHOWN = 20;

interface Totals {
  seeds: number;
  events: number;
  crashes: number;
  runs: number;
  failed: Outcome[];
}

async function runShare(from: number, seeds: number): Promise<Totals> {
  const totals: Totals = { seeds, events: 0, crashes: 0, runs: 0, failed: [] };
  for (let seed = from; seed < from + seeds; seed++) {
    const outcome = await runSeed(seed);
    totals.events += outcome.events;
    totals.crashes += outcome.crashes;
    totals.runs += outcome.runs;
    if (outcome.violation !== null) totals.failed.push(outcome);
  }
  return totals;
}

async function sweep(from: number, seeds: number, workers: number): Promise<Totals> {
  const totals: Totals = { seeds: 0, events: 0, crashes: 0, runs: 0, failed: [] };
  let next = from;
  const end = from + seeds;
  const work = async () => {
    const worker = new Worker(new URL(import.meta.url), { workerData: "share" });
    while (next < end) {
      const share = { from: next, seeds: Math.min(SHARE, end - next) };
      next += share.seeds;
      worker.postMessage(share);
      const [done] = (await once(worker, "message")) as [Totals];
      for (const key of ["seeds", "events", "crashes", "runs"] as const) totals[key] += done[key];
      totals.failed.push(...done.failed);
      if (totals.seeds % 10_000 === 0) console.log(`${totals.seeds} seeds, ${totals.failed.length} failed`);
      for (const { seed, violation } of done.failed.slice(0, MOST_SHOWN)) console.log(`seed ${seed}: ${violation}`);
      if (totals.failed.length > MOST_SHOWN) next = end;
    }
    await worker.terminate();
  };
  await Promise.all(Array.from({ length: workers }, work));
  return totals;
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      seeds: { type: "string", default: "1000" },
      from: { type: "string", default: "1" },
      workers: { type: "string", default: String(availableParallelism()) },
      seed: { type: "string" },
      trace: { type: "boolean", default: false },
    },
  });
  if (values.seed !== undefined) {
    const outcome = await runSeed(Number(values.seed), {}, values.trace ? (line) => console.log(line) : undefined);
    console.log(outcome);
    process.exitCode = outcome.violation === null ? 0 : 1;
    return;
  }
  const began = performance.now();
  const { seeds, events, crashes, runs, failed } = await sweep(
    Number(values.from),
    Number(values.seeds),
    Number(values.workers),
  );
  const seconds = (performance.now() - began) / 1000;
  console.log(
    `${seeds} seeds from ${values.from} in ${seconds.toFixed(1)} s (${((seconds * 1000) / seeds).toFixed(2)} ms a seed): ` +
      `${events} events, ${crashes} crashes, ${runs} runs. ${seeds - failed.length} passed, ${failed.length} failed`,
  );
  if (failed.length > 0) console.log(`Replay one: node tests/simulation/sweep.ts --seed ${failed[0]?.seed} --trace`);
  process.exitCode = failed.length > 0 ? 1 : 0;
}

process.on("unhandledRejection", rejectedUnseen);
if (isMainThread) await main();
else if (workerData === "share") {
  parentPort?.on("message", async ({ from, seeds }: { from: number; seeds: number }) => {
    parentPort?.postMessage(await runShare(from, seeds));
  });
}
