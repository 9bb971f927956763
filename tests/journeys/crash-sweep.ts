// The whole sweep: `node tests/journeys/crash-sweep.ts [provider] [words] [every] [from] [tier] [followers] [kind]` kills the
// server at every chunk of a 60-chunk answer, from none to all, and prints what became of each. It exits 1 at the first thing
// lost. In the redis tier two more chats ask the same, unless it is said how many; `kind` is what stores: embedded or real.
import { startScriptedModel } from "../../local/model/server.ts";
import { providerNameSchema, tierSchema } from "../../protocol/records.ts";
import { Client } from "./client.ts";
import { CHUNKS, crash, type Outcome } from "./crash.ts";
import { Stack } from "./stack.ts";
import { kindOf, ownStores } from "./stores.ts";

const provider = providerNameSchema.parse(process.argv[2] ?? "openai");
const words = process.argv[3] ?? "";
const every = Number(process.argv[4] ?? 1);
const from = Number(process.argv[5] ?? 0);
const tier = tierSchema.parse(process.argv[6] ?? "mvp");
const shared = tier === "redis";
const followers = Number(process.argv[7] ?? (shared ? 2 : 0));
const kind = kindOf(process.argv[8]);
const model = await startScriptedModel();
const stores = shared ? await ownStores(kind) : undefined;
const stack = await Stack.start({
  scriptedModelUrl: model.url,
  ...(stores && { env: { ...stores.env, CACHE_LOOK_UP_MS: "10000" } }),
});
const outcomes = new Map<Outcome, number>();
let twice = 0;
try {
  const client = await Client.join(stack.url);
  for (let index = from; index <= CHUNKS; index += every) {
    const began = performance.now();
    const verdict = await crash(stack, model, client, { provider, index, words, tier, followers });
    const { outcome, status, promised, at, saidTwice, madeTwice } = verdict;
    outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
    if (outcome === "reattach") twice += madeTwice;
    const seconds = ((performance.now() - began) / 1000).toFixed(1);
    console.log(
      `chunk ${String(index).padStart(2)}  ${outcome.padEnd(12)} ${status.padEnd(11)} promised ${String(promised).padStart(3)}` +
        `  went on at ${String(at ?? "-").padStart(3)}  tokens twice: said ${saidTwice}, made ${madeTwice}  ${seconds} s`,
    );
    if (outcome === "reattach" && madeTwice > 0) throw new Error("re-attaching made tokens twice");
    if (outcome === "continue" && madeTwice > saidTwice)
      throw new Error("the receipt says less than the model made twice");
  }
  const kills = [...outcomes.values()].reduce((sum, count) => sum + count, 0);
  const summary = [...outcomes].map(([outcome, count]) => `${count} ${outcome}`).join(", ");
  console.log(
    `${tier}, ${provider}${words}${followers ? `, ${followers} followers` : ""}${shared ? `, ${kind} stores` : ""}: ${kills} kills; ${summary}; tokens made twice on re-attach: ${twice}; nothing lost`,
  );
} finally {
  await stack.dispose();
  await stores?.dispose();
  await model.close();
}
