// Many of them: `node tests/journeys/archive-sweep.ts [kills] [embedded|real]` kills the server, or Postgres, at random
// moments after an answer's end, then compares the archive with the logs, row by row, and the cache with the answers. It
// exits 1 at the first difference.
import { startScriptedModel } from "../../local/model/server.ts";
import { Random } from "../simulation/random.ts";
import { type ArchiveCrash, archiveCrash, isArchived } from "./archive-crash.ts";
import { Client } from "./client.ts";
import { chosenSeed } from "./seed.ts";
import { Stack } from "./stack.ts";
import { kindOf, LastingStores } from "./stores.ts";

const kills = Number(process.argv[2] ?? 40);
const kind = kindOf(process.argv[3]);
const seed = chosenSeed();
const random = new Random(seed, "archive-sweep");
console.log(`SEED=${seed}`);
const model = await startScriptedModel();
const stores = await LastingStores.start(kind);
const env = { ...stores.settings, CACHE_LOOK_UP_MS: "10000" };
const stack = await Stack.start({ scriptedModelUrl: model.url, env });
try {
  const site = { stack, stores, model, client: await Client.join(stack.url) };
  const moments: ArchiveCrash["kill"][] = ["server", "server when cached", "postgres"];
  const chats: string[] = [];
  for (let i = 0; i < kills; i++) {
    const kill = moments[i % moments.length] ?? "server";
    const after = random.between(0, 60);
    const began = performance.now();
    chats.push(...(await archiveCrash(site, { kill, after })));
    const seconds = ((performance.now() - began) / 1000).toFixed(1);
    console.log(`${kill.padEnd(18)} after ${String(after).padStart(2)} ms: complete after ${seconds} s`);
  }
  for (const chat of chats) if (!(await isArchived(site, chat))) throw new Error(`${chat} differs from its log`);
  console.log(
    `${kind} stores, ${kills} kills: ${chats.length} chats, each in the archive as in its log, nothing missing, nothing twice; ` +
      "each answer made once and given by the cache",
  );
} finally {
  await stack.dispose();
  await stores.dispose();
  await model.close();
}
