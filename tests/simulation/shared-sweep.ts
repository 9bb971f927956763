// Many worlds of one shared answer, or one told step by step: `node tests/simulation/shared-sweep.ts --seeds 20000 --from 1`,
// `node tests/simulation/shared-sweep.ts --seed 42`. Exits 1 when something was violated.
import { parseArgs } from "node:util";
import { SharedWorld } from "./shared-world.ts";

const { values } = parseArgs({
  options: {
    seeds: { type: "string", default: "5000" },
    from: { type: "string", default: "1" },
    seed: { type: "string" },
  },
});
const from = Number(values.seed ?? values.from);
const seeds = values.seed ? 1 : Number(values.seeds);
const trace = values.seed ? (line: string) => console.log(line) : undefined;
const totals = { seeds, crashes: 0, runs: 0, generations: 0, failed: 0 };
for (let seed = from; seed < from + seeds && totals.failed < 20; seed++) {
  const { violation, crashes, runs, generations } = await new SharedWorld(seed, {}, trace).run();
  totals.crashes += crashes;
  totals.runs += runs;
  totals.generations += generations;
  if (violation === null) continue;
  totals.failed += 1;
  console.log(`seed ${seed}: ${violation}`);
}
console.log(totals);
if (totals.failed > 0) process.exitCode = 1;
