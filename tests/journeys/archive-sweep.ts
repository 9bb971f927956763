// Many of them: `node tests/journeys/archive-sweep.ts [kills] [server|postgres]` kills one of the two at random moments after
// an answer's end, then compares the archive with the logs, row by row. It exits 1 at the first difference.
import { startScriptedModel } from "../../local/model/server.ts";
import { Random } from "../simulation/random.ts";
import { archiveCrash, isArchived, LastingArchive } from "./archive-crash.ts";
import { Client } from "./client.ts";
import { chosenSeed } from "./seed.ts";
import { Stack } from "./stack.ts";

const kills = Number(process.argv[2] ?? 40);
const only = process.argv[3];
const seed = chosenSeed();
const random = new Random(seed, "archive-sweep");
console.log(`SEED=${seed}`);
const model = await startScriptedModel();
const archive = await LastingArchive.start();
const stack = await Stack.start({ scriptedModelUrl: model.url, env: archive.settings });
try {
  const client = await Client.join(stack.url);
  const chats: string[] = [];
  for (let i = 0; i < kills; i++) {
    const kill =
      only === "postgres" || (only !== "server" && archive.canBeKilled && i % 3 === 2) ? "postgres" : "server";
    const after = random.between(0, 60);
    const began = performance.now();
    chats.push(await archiveCrash(stack, archive, client, { kill, after }));
    console.log(
      `${kill.padEnd(8)} ${String(after).padStart(2)} ms after the end: complete after ${((performance.now() - began) / 1000).toFixed(1)} s`,
    );
  }
  for (const chat of chats) {
    if (!(await isArchived(archive, client, chat))) throw new Error(`${chat} differs from its log`);
  }
  console.log(
    `${kills} kills: ${chats.length} chats, each in the archive as in its log; nothing missing, nothing twice`,
  );
} finally {
  await stack.dispose();
  await archive.dispose();
  await model.close();
}
