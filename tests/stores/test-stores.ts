// The stores of the tests behind their endpoints, embedded or real, each started when it is first needed.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connector } from "../../archive/database.ts";
import { migrateArchive } from "../../archive/migrate.ts";
import { startEndpointThread } from "../../local/stores/endpoint.ts";
import { archiveVars, cacheVars } from "../../local/stores/start.ts";
import { PostgresServer, RedisServer } from "./servers.ts";

export const SECRET = "only-for-tests";

export type StoresKind = "embedded" | "real";

export class TestStores {
  readonly #kind: StoresKind;
  readonly #closing: (() => unknown)[] = [];
  #cache: Promise<number> | undefined;
  #archive: Promise<number> | undefined;

  constructor(kind: StoresKind) {
    this.#kind = kind;
  }

  /** The port of the cache's endpoint. */
  readonly cache = (): Promise<number> => {
    this.#cache ??= this.#start("upstash", RedisServer);
    return this.#cache;
  };

  /** The port of the archive's endpoint; its tables are there. */
  readonly archive = (): Promise<number> => {
    this.#archive ??= this.#start("neon", PostgresServer).then(async (port) => {
      const { DATABASE_URL, NEON_FETCH_ENDPOINT } = archiveSettings(port);
      await migrateArchive(connector(DATABASE_URL, NEON_FETCH_ENDPOINT));
      return port;
    });
    return this.#archive;
  };

  async dispose(): Promise<void> {
    await Promise.allSettled([this.#cache, this.#archive]);
    for (const close of this.#closing.reverse()) await close();
  }

  async #start(
    protocol: "upstash" | "neon",
    server: { start(): Promise<{ url: string; dispose(): Promise<void> }> },
  ): Promise<number> {
    const store = this.#kind === "embedded" ? { folder: this.#folder() } : { url: await this.#run(server) };
    const endpoint = await startEndpointThread({ protocol, store, secret: SECRET });
    this.#closing.push(() => endpoint.close());
    return endpoint.port;
  }

  async #run(server: { start(): Promise<{ url: string; dispose(): Promise<void> }> }): Promise<string> {
    const started = await server.start();
    this.#closing.push(() => started.dispose());
    return started.url;
  }

  #folder(): string {
    const folder = mkdtempSync(join(tmpdir(), "keepstream-store-"));
    this.#closing.push(() => rmSync(folder, { recursive: true, force: true }));
    return folder;
  }
}

/** What tells the Worker of an endpoint, or of a line to it. */
export const cacheSettings = (port: number) => cacheVars(port, SECRET);
export const archiveSettings = (port: number) => archiveVars(port, SECRET);
