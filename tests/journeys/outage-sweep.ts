// Outages under traffic: `node tests/journeys/outage-sweep.ts [minutes] [embedded|real]` asks in the redis tier all the time,
// while Redis refuses, hangs, is emptied and killed, and Postgres is killed and refuses for so many minutes. Each answer must be what
// the model says; in the end the archive is compared with the logs, row by row. It prints when first words came, and exits
// 1 at the first thing lost.
import { setTimeout as sleep } from "node:timers/promises";
import { startScriptedModel } from "../../local/model/server.ts";
import { scriptedText } from "../../local/model/text.ts";
import type { GenerateRequest } from "../../protocol/requests.ts";
import { Random } from "../simulation/random.ts";
import { isArchived } from "./archive-crash.ts";
import { Client } from "./client.ts";
import { readEvents } from "./readers.ts";
import { chosenSeed } from "./seed.ts";
import { eventually, Stack } from "./stack.ts";
import { kindOf, LastingStores } from "./stores.ts";
import { Transcript } from "./transcript.ts";

const minutes = Number(process.argv[2] ?? 1);
const kind = kindOf(process.argv[3]);
const TOKENS = 20;
const EVERY_MS = 400;
const PHASE_S = 20;
/** After an outage of ten minutes the outbox's next attempt is up to twelve minutes away. */
const PATIENCE_MS = minutes * 60_000 + 15 * 60_000;

const seed = chosenSeed();
const random = new Random(seed, "outages");
console.log(`SEED=${seed}`);
const model = await startScriptedModel();
const stores = await LastingStores.start(kind);
const stack = await Stack.start({ scriptedModelUrl: model.url, env: stores.settings });
const client = await Client.join(stack.url);

const chats: string[] = [];
const prompts = [`outages ${seed}`];
let failed: unknown;

/** One chat's answer; gives how it came by it, and when its first words were there, ms. */
async function ask(): Promise<{ cache: string; first: number }> {
  if (random.chance(0.4)) prompts.push(`outages ${seed} ${prompts.length}`);
  const prompt = random.pick(prompts.slice(-20));
  const body: GenerateRequest = { prompt, tier: "redis", model: `scripted-tokens-${TOKENS}-rate-40` };
  const began = performance.now();
  let first = Number.NaN;
  const response = await client.post(body, { accept: "text/event-stream" });
  const run = response.headers.get("x-run-id") ?? "";
  chats.push(response.headers.get("x-chat-id") ?? "");
  const reader = new Transcript();
  await readEvents(response, reader, () => {
    if (Number.isNaN(first) && reader.text(run)) first = performance.now() - began;
    return reader.ended(run);
  });
  const text = reader.text(run);
  const { status, receipt } = reader.state.runs[run] ?? {};
  if (status !== "completed" || text !== scriptedText(prompt, TOKENS)) throw new Error(`${run} is ${status}: ${text}`);
  return { cache: receipt?.cache ?? "", first };
}

/** Asks for so long while `disturb` is called again and again. */
async function phase(name: string, seconds: number, disturb: () => Promise<void> = async () => {}): Promise<void> {
  const until = Date.now() + seconds * 1_000;
  const asked: ReturnType<typeof ask>[] = [];
  const disturbing = (async () => {
    while (Date.now() < until) {
      await disturb();
      await sleep(random.between(500, 2_000));
    }
  })();
  while (Date.now() < until && failed === undefined) {
    const asking = ask();
    asking.catch((error) => {
      failed ??= error;
    });
    asked.push(asking);
    await sleep(EVERY_MS);
  }
  await disturbing;
  const answers = await Promise.all(asked);
  const counts = new Map<string, number>();
  for (const { cache } of answers) counts.set(cache, (counts.get(cache) ?? 0) + 1);
  const firsts = answers.map(({ first }) => first).sort((a, b) => a - b);
  const at = (share: number) => firsts[Math.floor((firsts.length - 1) * share)]?.toFixed(0);
  const how = [...counts].map(([cache, count]) => `${count} ${cache}`).join(", ");
  console.log(
    `${name}: ${answers.length} answers, all whole (${how}); first words after ${at(0.5)} ms, p95 ${at(0.95)} ms`,
  );
}

const { cache, archive } = stores;
try {
  await phase("all is well", PHASE_S);
  await cache.set("refuse");
  await phase("Redis refuses", PHASE_S);
  await cache.set("hang");
  await phase("Redis hangs", PHASE_S);
  await cache.set("pass");
  await phase("Redis is emptied again and again", PHASE_S, () => stores.flushCache());
  for (const [name, part] of [
    ["Redis", "cache"],
    ["Postgres", "archive"],
  ] as const) {
    await phase(`${name} is killed again and again`, PHASE_S, async () => {
      await stores.kill(part);
      await stores.revive(part);
    });
  }
  await archive.set("refuse");
  await phase(`Postgres refuses for ${minutes} min`, minutes * 60);
  await archive.set("pass");
  await phase("all is well again", PHASE_S);
  const site = { stack, stores, model, client };
  const began = performance.now();
  for (const chat of chats) {
    await eventually(`the archive has what ${chat} has`, () => isArchived(site, chat), PATIENCE_MS);
  }
  const seconds = ((performance.now() - began) / 1000).toFixed(0);
  for (const chat of chats) if (!(await isArchived(site, chat))) throw new Error(`${chat} differs from its log`);
  console.log(
    `${kind} stores: ${chats.length} chats, each in the archive as in its log after ${seconds} s, nothing missing, nothing twice`,
  );
} finally {
  await stack.dispose();
  await stores.dispose();
  await model.close();
}
