// The stores of a journey: real servers where the machine has them, else embedded ones. A stack brings up its own way to
// them (`env`), which dies with it; or it is led there over lines (`settings`), which outlive it and fail when they are told to.
import { type Connect, connector } from "../../archive/database.ts";
import { migrateArchive } from "../../archive/migrate.ts";
import { startEndpointThread } from "../../local/stores/endpoint.ts";
import { Line } from "../stores/line.ts";
import { EmbeddedServer, PostgresServer, RedisServer, type StoreServer, withoutRealStores } from "../stores/servers.ts";
import { archiveSettings, cacheSettings, SECRET, type StoresKind } from "../stores/test-stores.ts";

const isKind = (given: string | undefined): given is StoresKind => given === "embedded" || given === "real";
const named = process.env.STORES;

/** What most journeys go over: the kind that `STORES` names, else real servers where the machine has them. */
export const BEST: StoresKind = isKind(named) ? named : withoutRealStores === undefined ? "real" : "embedded";

/** The kinds that a journey goes over, BEST with all of it. */
export const STORES = (isKind(named) ? [named] : (["real", "embedded"] as const)).map((kind) => ({
  kind,
  absent: kind === "real" ? withoutRealStores : undefined,
}));

/** The kind that a sweep is told by its arguments. */
export const kindOf = (given: string | undefined): StoresKind => (isKind(given) ? given : BEST);

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

type Part = "cache" | "archive";

/** Stores that outlive the server. */
export class LastingStores {
  readonly kind: StoresKind;
  readonly cache: Line;
  readonly archive: Line;
  /** To the archive's tables, by a way that never fails. */
  readonly connect: Connect;
  /** What keeps the data: real servers, whose endpoints go on without them; or embedded stores with their endpoints. */
  readonly #servers: Record<Part, StoreServer>;
  readonly #ports: Record<Part, number>;
  readonly #closing: (() => unknown)[];

  private constructor(
    kind: StoresKind,
    servers: Record<Part, StoreServer>,
    ports: Record<Part, number>,
    lines: Record<Part, Line>,
    closing: (() => unknown)[],
  ) {
    this.kind = kind;
    this.cache = lines.cache;
    this.archive = lines.archive;
    const { DATABASE_URL, NEON_FETCH_ENDPOINT } = archiveSettings(ports.archive);
    this.connect = connector(DATABASE_URL, NEON_FETCH_ENDPOINT);
    this.#servers = servers;
    this.#ports = ports;
    this.#closing = closing;
  }

  static async start(kind: StoresKind = BEST): Promise<LastingStores> {
    const closing: (() => unknown)[] = [];
    const server = async (starting: Promise<StoreServer>) => {
      const started = await starting;
      closing.push(() => started.dispose());
      return started;
    };
    const endpoint = async (protocol: "upstash" | "neon", { url, port }: StoreServer) => {
      if (kind === "embedded") return port;
      const thread = await startEndpointThread({ protocol, store: { url }, secret: SECRET });
      closing.push(thread.close);
      return thread.port;
    };
    const servers = {
      cache: await server(kind === "real" ? RedisServer.start() : EmbeddedServer.start("upstash", SECRET)),
      archive: await server(kind === "real" ? PostgresServer.start() : EmbeddedServer.start("neon", SECRET)),
    };
    const ports = {
      cache: await endpoint("upstash", servers.cache),
      archive: await endpoint("neon", servers.archive),
    };
    const lines = { cache: await Line.to(ports.cache), archive: await Line.to(ports.archive) };
    closing.push(
      () => lines.cache.close(),
      () => lines.archive.close(),
    );
    const stores = new LastingStores(kind, servers, ports, lines, closing);
    await migrateArchive(stores.connect);
    return stores;
  }

  /** What leads a Worker to them. */
  get settings() {
    return { ...cacheSettings(this.cache.port), ...archiveSettings(this.archive.port) };
  }

  /** SIGKILL. */
  async kill(part: Part): Promise<void> {
    await this.#servers[part].kill();
  }

  /** Starts it again, on what it had. */
  async revive(part: Part): Promise<void> {
    await this.#servers[part].start();
  }

  /** Takes everything from the cache. */
  async flushCache(): Promise<void> {
    const { UPSTASH_REDIS_REST_URL: url, UPSTASH_REDIS_REST_TOKEN: token } = cacheSettings(this.#ports.cache);
    const headers = { authorization: `Bearer ${token}` };
    const response = await fetch(url, { method: "POST", headers, body: '["FLUSHALL"]' });
    if (!response.ok) throw new Error(`FLUSHALL: ${response.status} ${await response.text()}`);
  }

  async dispose(): Promise<void> {
    for (const close of this.#closing.reverse()) await close();
  }
}
