import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { RealRedis } from "../../local/stores/redis/real.ts";
import { fuzz } from "./redis-fuzz.ts";
import { RedisServer, withoutRealStores } from "./servers.ts";

const COMMANDS = 10_000;

it.skipIf(withoutRealStores)(
  `${COMMANDS} random commands have the same replies from the embedded store and a real Redis`,
  async () => {
    const server = await RedisServer.start();
    const folder = mkdtempSync(join(tmpdir(), "keepstream-fuzz-"));
    const real = await RealRedis.open(server.url);
    try {
      const seed = Date.now() % 2 ** 31;
      console.log(`seed ${seed}`);
      const { difference } = await fuzz(seed, COMMANDS, real, folder);
      expect(difference).toBeNull();
    } finally {
      await real.close();
      await server.dispose();
      rmSync(folder, { recursive: true });
    }
  },
  120_000,
);
