// The stores of the local stack: an endpoint in front of each, and the settings that lead the Worker to them.
import { randomBytes } from "node:crypto";
import { connector } from "../../archive/database.ts";
import { migrateArchive } from "../../archive/migrate.ts";
import { HOST } from "../ports.ts";
import type { Vars } from "../settings.ts";
import type { StoreChoice } from "./choose.ts";
import { type Endpoint, startEndpointThread } from "./endpoint.ts";

export interface Stores {
  /** For the Worker. */
  vars: Vars;
  /** Brings up the archive, and its tables up to date. A database that its owner set for the Worker is left alone. */
  prepareArchive(): Promise<void>;
  close(): Promise<void>;
}

export async function startStores(choices: StoreChoice[]): Promise<Stores> {
  const endpoints: Endpoint[] = [];
  const vars: Vars = {};
  const starting = choices.map(async ({ part, store }) => {
    if (!store) return;
    // Good for this start alone.
    const secret = randomBytes(16).toString("hex");
    const endpoint = await startEndpointThread({ protocol: part === "cache" ? "upstash" : "neon", store, secret });
    endpoints.push(endpoint);
    Object.assign(vars, part === "cache" ? cacheVars(endpoint.port, secret) : archiveVars(endpoint.port, secret));
  });
  await Promise.all(starting);
  return {
    vars,
    prepareArchive: async () => {
      const { DATABASE_URL, NEON_FETCH_ENDPOINT } = vars;
      if (DATABASE_URL) await migrateArchive(connector(DATABASE_URL, NEON_FETCH_ENDPOINT));
    },
    close: async () => void (await Promise.all(endpoints.map((endpoint) => endpoint.close()))),
  };
}

/** What tells the Worker of an endpoint on this machine. */
export const cacheVars = (port: number, secret: string) => ({
  UPSTASH_REDIS_REST_URL: `http://${HOST}:${port}`,
  UPSTASH_REDIS_REST_TOKEN: secret,
});

export const archiveVars = (port: number, secret: string) => ({
  DATABASE_URL: `postgresql://keepstream:${secret}@localhost/keepstream`,
  NEON_FETCH_ENDPOINT: `http://${HOST}:${port}/sql`,
});
