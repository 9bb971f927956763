// The embedded Redis against a real one, at length: `node tests/stores/redis-sweep.ts --commands 300000 --seed 1`. Each
// stretch of 20,000 commands has a seed of its own, which replays it.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { RealRedis } from "../../local/stores/redis/real.ts";
import { fuzz } from "./redis-fuzz.ts";
import { RedisServer } from "./servers.ts";

const STRETCH = 20_000;

const { values } = parseArgs({
  options: {
    commands: { type: "string", default: "300000" },
    seed: { type: "string", default: String(Date.now() % 2 ** 31) },
  },
});
const began = performance.now();
const server = await RedisServer.start();
const real = await RealRedis.open(server.url);
let [done, failed] = [0, 0];
for (let seed = Number(values.seed); done < Number(values.commands); seed++) {
  const folder = mkdtempSync(join(tmpdir(), "keepstream-fuzz-"));
  const { commands, difference } = await fuzz(seed, Math.min(STRETCH, Number(values.commands) - done), real, folder);
  rmSync(folder, { recursive: true });
  done += Math.max(commands, 1);
  if (difference === null) continue;
  failed += 1;
  console.log(difference);
  if (failed === 20) break;
}
await real.close();
await server.dispose();
const seconds = ((performance.now() - began) / 1_000).toFixed(1);
console.log(`${done} commands from seed ${values.seed} in ${seconds} s: ${failed} differences`);
process.exitCode = failed > 0 ? 1 : 0;
