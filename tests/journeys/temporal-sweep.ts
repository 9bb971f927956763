// The whole sweep: `node tests/journeys/temporal-sweep.ts [options]` kills parts of the temporal tier at every chunk of a
// 60-chunk answer, from none to all, and prints what became of each. It exits 1 at the first thing lost.
//   --parts worker,bridge,temporal,edge,worker+bridge   what is killed, each in turn; + kills together (all, and all pairs)
//   --two-workers 30   instead: two workers on one queue, a blow to one of them at a chunk that SEED chooses, so many times
//   --provider openai   --words -noreattach   --every 1   --from 0   --down MS (the worker stays down so long)
import { parseArgs } from "node:util";
import { startScriptedModel } from "../../local/model/server.ts";
import { providerNameSchema } from "../../protocol/records.ts";
import { HEARTBEAT_TIMEOUT_MS } from "../../temporal-bridge/contract.ts";
import { Random } from "../simulation/random.ts";
import { Client } from "./client.ts";
import { chosenSeed } from "./seed.ts";
import { ALL_PARTS, type Part, Stack } from "./stack.ts";
import { CHUNKS, strike, type Verdict } from "./temporal-crash.ts";
import { temporalReady } from "./temporal-server.ts";
import { SHARED_TOKEN, TwoWorkers } from "./temporal-two.ts";

const { values } = parseArgs({
  options: {
    parts: { type: "string" },
    provider: { type: "string", default: "openai" },
    words: { type: "string", default: "" },
    every: { type: "string", default: "1" },
    from: { type: "string", default: "0" },
    down: { type: "string" },
    "two-workers": { type: "string" },
  },
});
/** From the moment the worker is back to the first new word, ms: printed beside what it was, since a machine may be busy. */
const BOUND_MS = HEARTBEAT_TIMEOUT_MS + 2_000;
const provider = providerNameSchema.parse(values.provider);
const words = values.words;
const down = values.down === undefined ? {} : { down: Number(values.down) };
const pairs = ALL_PARTS.flatMap((one, i) => ALL_PARTS.slice(i + 1).map((other) => [one, other]));
const blows = values.parts?.split(",").map((together) => together.split("+") as Part[]) ?? [
  ...ALL_PARTS.map((part) => [part]),
  ...pairs,
];

const model = await startScriptedModel();
const env = { TEMPORAL_BRIDGE_TOKEN: SHARED_TOKEN };
const stack = await Stack.start({ scriptedModelUrl: model.url, temporal: true, env });
try {
  const client = await Client.join(stack.url);
  await temporalReady(client);
  const shared = values["two-workers"];
  if (shared !== undefined) await sweepTwoWorkers(client, Number(shared));
  for (const parts of shared === undefined ? blows : []) {
    const name = parts.join("+");
    const outcomes = new Map<Verdict["outcome"], number>();
    const [delays, fromBack]: [number[], number[]] = [[], []];
    let twice = 0;
    for (let index = Number(values.from); index <= CHUNKS; index += Number(values.every)) {
      const began = performance.now();
      const verdict = await strike(stack, model, client, { provider, index, parts, words, ...down });
      const { outcome, saidTwice, madeTwice, shown, at, sinceBlow, sinceBack, breaks, workflow } = verdict;
      outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
      if (sinceBlow !== null) delays.push(sinceBlow);
      if (sinceBack !== null) fromBack.push(sinceBack);
      if (outcome === "reattach") twice += madeTwice;
      const delay = sinceBlow === null ? "" : `  next word after ${sinceBlow} ms (worker back: ${sinceBack ?? "-"})`;
      const seconds = ((performance.now() - began) / 1000).toFixed(1);
      console.log(
        `${name} chunk ${String(index).padStart(2)}  ${outcome.padEnd(12)} shown ${String(shown).padStart(3)} went on at ${String(at ?? "-").padStart(3)}` +
          `  twice: said ${saidTwice}, made ${madeTwice}  breaks ${breaks}  events ${workflow.history.events}${delay}  ${seconds} s`,
      );
      if (outcome === "reattach" && madeTwice > 0) throw new Error("re-attaching made tokens twice");
      if (madeTwice > saidTwice) throw new Error("the receipt says less than the model made twice");
    }
    const summary = [...outcomes].map(([outcome, count]) => `${count} ${outcome}`).join(", ");
    const said = `${spread("kill to next word", delays)}${spread(`worker back to it (to be ${BOUND_MS})`, fromBack)}`;
    console.log(`${name}, ${provider}${words}: ${summary}; made twice on re-attach: ${twice}${said}; nothing lost`);
  }
} finally {
  await stack.dispose();
  await model.close();
}

function spread(what: string, times: number[]): string {
  const sorted = times.toSorted((a, b) => a - b);
  return sorted.length ? `; ${what}: median ${sorted[sorted.length >> 1]} ms, longest ${sorted.at(-1)} ms` : "";
}

async function sweepTwoWorkers(client: Client, times: number): Promise<void> {
  const seed = chosenSeed();
  const random = new Random(seed, "two workers");
  console.log(`two workers: SEED=${seed}`);
  const two = new TwoWorkers(stack, model, client);
  for (let time = 1; time <= times; time++) {
    const signal = random.pick(["SIGKILL", "SIGSTOP"] as const);
    const victim = random.pick(["kept", "second"] as const);
    const index = random.between(0, CHUNKS);
    const { workers, recovered, saidTwice, madeTwice } = await two.strike({ signal, victim, index });
    console.log(
      `${String(time).padStart(3)}  ${signal} to the ${victim.padEnd(6)} one at chunk ${String(index).padStart(2)}:` +
        ` 6 answers byte-exact, by ${workers} workers, ${recovered} taken over; twice: said ${saidTwice}, made ${madeTwice}`,
    );
  }
}
