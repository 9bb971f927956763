// The stores of a journey: real servers where the machine has them, else embedded ones. A stack brings up its own way to
// them (`env`), which dies with it; or it is led there over lines (`settings`), which outlive it and fail when they are told to.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Connect, connector } from "../../archive/database.ts";
import { migrateArchive } from "../../archive/migrate.ts";
import { startEndpointThread } from "../../local/stores/endpoint.ts";
import { Line } from "../stores/line.ts";
import { PostgresServer, RedisServer, withoutRealStores } from "../stores/servers.ts";
import { archiveSettings, cacheSettings, SECRET, type StoresKind } from "../stores/test-stores.ts";

export const STORES: { kind: StoresKind; absent: string | undefined }[] = [
  { kind: "real", absent: withoutRealStores },
  { kind: "embedded", absent: undefined },
];
/** What most journeys go over. */
export const BEST: StoresKind = withoutRealStores === undefined ? "real" : "embedded";

/** What the launcher is told to bring up itself. */
export interface OwnStores {
  env: { REDIS_URL: string; POSTGRES_URL: string };
  dispose(): Promise<void>;
}

export async function ownStores(kind: StoresKind): Promise<OwnStores> {
  if (kind === "embedded") return { env: { REDIS_URL: "", POSTGRES_URL: "" }, dispose: async () => {} };
  const [redis, postgres] = [await RedisServer.start(), await PostgresServer.start()];
  return {
    env: { REDIS_URL: redis.url, POSTGRES_URL: postgres.url },
    dispose: async () => void (await Promise.all([redis.dispose(), postgres.dispose()])),
  };
}

/** Stores that outlive the server. */
export class LastingStores {
  readonly cache: Line;
  readonly archive: Line;
  /** To the archive's tables, by a way that never fails. */
  readonly connect: Connect;
  readonly #redis: number;
  readonly #postgres: PostgresServer | undefined;
  readonly #closing: (() => unknown)[];

  private constructor(
    lines: { cache: Line; archive: Line },
    ports: { redis: number; postgres: number },
    postgres: PostgresServer | undefined,
    closing: (() => unknown)[],
  ) {
    this.cache = lines.cache;
    this.archive = lines.archive;
    const { DATABASE_URL, NEON_FETCH_ENDPOINT } = archiveSettings(ports.postgres);
    this.connect = connector(DATABASE_URL, NEON_FETCH_ENDPOINT);
    this.#redis = ports.redis;
    this.#postgres = postgres;
    this.#closing = closing;
  }

  static async start(kind: StoresKind = BEST): Promise<LastingStores> {
    const closing: (() => unknown)[] = [];
    const folder = () => {
      const made = mkdtempSync(join(tmpdir(), "keepstream-lasting-"));
      closing.push(() => rmSync(made, { recursive: true, force: true }));
      return made;
    };
    const server = async <Server extends { dispose(): Promise<void> }>(starting: Promise<Server>) => {
      const started = await starting;
      closing.push(() => started.dispose());
      return started;
    };
    const real = kind === "real";
    const redis = real ? await server(RedisServer.start()) : undefined;
    const postgres = real ? await server(PostgresServer.start()) : undefined;
    const serve = async (protocol: "upstash" | "neon", url: string | undefined) => {
      const store = url === undefined ? { folder: folder() } : { url };
      const { port, close } = await startEndpointThread({ protocol, store, secret: SECRET });
      closing.push(close);
      return port;
    };
    const ports = { redis: await serve("upstash", redis?.url), postgres: await serve("neon", postgres?.url) };
    const lines = { cache: await Line.to(ports.redis), archive: await Line.to(ports.postgres) };
    closing.push(
      () => lines.cache.close(),
      () => lines.archive.close(),
    );
    const stores = new LastingStores(lines, ports, postgres, closing);
    await migrateArchive(stores.connect);
    return stores;
  }

  /** What leads a Worker to them. */
  get settings() {
    return { ...cacheSettings(this.cache.port), ...archiveSettings(this.archive.port) };
  }

  /** PGlite is part of its endpoint's process. */
  get postgresCanBeKilled(): boolean {
    return this.#postgres !== undefined;
  }

  async killPostgres(): Promise<void> {
    await this.#postgres?.kill();
  }

  async revivePostgres(): Promise<void> {
    await this.#postgres?.start();
  }

  /** Takes everything from the cache. */
  async flushCache(): Promise<void> {
    const { UPSTASH_REDIS_REST_URL: url, UPSTASH_REDIS_REST_TOKEN: token } = cacheSettings(this.#redis);
    const headers = { authorization: `Bearer ${token}` };
    const response = await fetch(url, { method: "POST", headers, body: '["FLUSHALL"]' });
    if (!response.ok) throw new Error(`FLUSHALL: ${response.status} ${await response.text()}`);
  }

  async dispose(): Promise<void> {
    for (const close of this.#closing.reverse()) await close();
  }
}
