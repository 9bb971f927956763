// What stands behind the cache and the archive of a local stack, and what the Worker is told of it.
import { join } from "node:path";

/** What is said of a store in the table at the start. */
export interface StoreLine {
  part: "cache" | "archive";
  state: "given" | "real" | "embedded" | "off";
  why: string;
}

export interface StoreChoice extends StoreLine {
  /** What to start an endpoint on; absent where nothing is to be started. */
  store?: { url: string } | { folder: string };
}

const PARTS = [
  { part: "cache", given: "UPSTASH_REDIS_REST_URL", real: "REDIS_URL", folder: "redis", embedded: "in this process" },
  {
    part: "archive",
    given: "DATABASE_URL",
    real: "POSTGRES_URL",
    folder: "postgres",
    embedded: "PGlite, in this process",
  },
] as const;

/** Decides from the settings given, those of the environment or of `.dev.vars`. `data` is the data folder. */
export function chooseStores(given: Readonly<Record<string, string | undefined>>, data: string): StoreChoice[] {
  return PARTS.map(({ part, given: address, real, folder, embedded }): StoreChoice => {
    if (given[address]) return { part, state: "given", why: `${address} is set` };
    const url = given[real];
    if (url === "off") return { part, state: "off", why: `${real} is off` };
    if (url) return { part, state: "real", why: `${withoutPassword(url)}, by ${real}`, store: { url } };
    return { part, state: "embedded", why: `${embedded}; ${real} is not set`, store: { folder: join(data, folder) } };
  });
}

function withoutPassword(url: string): string {
  if (!URL.canParse(url)) return "an address that can't be read";
  const parsed = new URL(url);
  if (parsed.password) parsed.password = "***";
  return parsed.href;
}
