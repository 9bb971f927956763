// Servers of the stores on free ports and temporary folders: real ones, where the machine has their programs, and embedded
// stores behind their endpoints. They die with this process, however it ends; they can be killed before and started again
// on what they had.
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { accessSync, chownSync, constants, globSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import pg from "pg";
import { createClient } from "redis";
import { freePort, HOST } from "../../local/ports.ts";
import type { EndpointOptions } from "../../local/stores/endpoint.ts";

const PATIENCE_MS = 30_000;

const redisProgram = findProgram("redis-server") ?? findProgram("valkey-server");
const postgresProgram = findProgram("postgres", [
  "/usr/lib/postgresql/*/bin",
  "/opt/homebrew/opt/postgresql@*/bin",
  "/usr/local/opt/postgresql@*/bin",
]);

const missing = [
  redisProgram === undefined ? "redis-server" : "",
  postgresProgram === undefined ? "postgres" : "",
].filter(Boolean);

/** Where Postgres's own programs are, `pg_dump` and its like. */
export const postgresPrograms = postgresProgram && join(postgresProgram, "..");

/** Why the tests on real stores are left out, where they may be. In CI an absent server is a failure. */
export const withoutRealStores =
  missing.length > 0 && process.env.KEEPSTREAM_REQUIRE !== "all"
    ? `not found on this machine: ${missing.join(", ")}`
    : undefined;

export abstract class StoreServer {
  readonly port: number;
  protected readonly folder: string;
  #guard: ChildProcess | undefined;

  protected constructor(port: number, folder: string) {
    this.port = port;
    this.folder = folder;
  }

  abstract get url(): string;
  protected abstract spawn(): ChildProcess;
  /** Rejects while it does not answer. */
  protected abstract ask(): Promise<void>;

  /** Starts it, again after a `kill`; resolves when it answers. */
  async start(): Promise<void> {
    const until = Date.now() + PATIENCE_MS;
    for (;;) {
      // What a killed one left may hold a new one up for a moment.
      if (this.#guard === undefined || this.#guard.exitCode !== null) this.#guard = this.spawn();
      try {
        return await this.ask();
      } catch (error) {
        if (Date.now() > until) throw new Error(`${this.url} does not answer`, { cause: error });
        await sleep(50);
      }
    }
  }

  /** SIGKILL. What it had is kept for another `start`. */
  async kill(): Promise<void> {
    const guard = this.#guard;
    this.#guard = undefined;
    if (!guard || guard.exitCode !== null) return;
    guard.stdin?.end();
    await once(guard, "exit");
  }

  /** Ends it and removes what it had. */
  async dispose(): Promise<void> {
    await this.kill();
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 5 });
  }
}

export class RedisServer extends StoreServer {
  static async start(): Promise<RedisServer> {
    const server = new RedisServer(await freePort(), temporaryFolder());
    await server.start();
    return server;
  }

  get url(): string {
    return `redis://${HOST}:${this.port}`;
  }

  protected spawn(): ChildProcess {
    const options = ["--port", String(this.port), "--bind", HOST, "--dir", this.folder, "--save", ""];
    return guarded(required(redisProgram, "redis-server"), options);
  }

  protected async ask(): Promise<void> {
    const client = createClient({ url: this.url, socket: { reconnectStrategy: false } });
    client.on("error", () => {});
    await client.connect();
    client.destroy();
  }
}

export class PostgresServer extends StoreServer {
  readonly #owner: Owner;

  private constructor(port: number, folder: string, owner: Owner) {
    super(port, folder);
    this.#owner = owner;
  }

  static async start(): Promise<PostgresServer> {
    const program = required(postgresProgram, "postgres");
    const owner = postgresOwner();
    const folder = temporaryFolder(owner);
    const init = ["-D", join(folder, "data"), "-A", "trust", "-U", "postgres", "-E", "UTF8", "--no-sync", "--locale=C"];
    execFileSync(join(program, "../initdb"), init, { ...owner, stdio: "ignore", cwd: folder });
    const server = new PostgresServer(await freePort(), folder, owner);
    await server.start();
    return server;
  }

  get url(): string {
    return `postgresql://postgres@${HOST}:${this.port}/postgres`;
  }

  protected spawn(): ChildProcess {
    const settings = { listen_addresses: HOST, port: String(this.port), unix_socket_directories: "", fsync: "off" };
    const options = Object.entries(settings).flatMap(([name, value]) => ["-c", `${name}=${value}`]);
    const program = required(postgresProgram, "postgres");
    return guarded(program, ["-D", join(this.folder, "data"), ...options], { ...this.#owner, cwd: this.folder });
  }

  protected async ask(): Promise<void> {
    const client = new pg.Client({ connectionString: this.url, connectionTimeoutMillis: 2_000 });
    client.on("error", () => {});
    await client.connect();
    await client.end();
  }
}

const ENDPOINT = `
  import { startEndpoint } from ${JSON.stringify(new URL("../../local/stores/endpoint.ts", import.meta.url).href)};
  await startEndpoint(JSON.parse(process.argv[1]));
`;

/** An embedded store with its endpoint, as a process of its own: in the launcher's it could not be killed alone. */
export class EmbeddedServer extends StoreServer {
  readonly #options: Pick<EndpointOptions, "protocol" | "secret">;

  private constructor(port: number, options: Pick<EndpointOptions, "protocol" | "secret">) {
    super(port, temporaryFolder());
    this.#options = options;
  }

  static async start(protocol: EndpointOptions["protocol"], secret: string): Promise<EmbeddedServer> {
    const server = new EmbeddedServer(await freePort(), { protocol, secret });
    await server.start();
    return server;
  }

  get url(): string {
    return `http://${HOST}:${this.port}`;
  }

  protected spawn(): ChildProcess {
    const options: EndpointOptions = { ...this.#options, store: { folder: this.folder }, port: this.port };
    return guarded(process.execPath, ["--input-type=module", "-e", ENDPOINT, JSON.stringify(options)]);
  }

  protected async ask(): Promise<void> {
    const { ok, status } = await fetch(`${this.url}/health`);
    if (!ok) throw new Error(`It answers with ${status}`);
  }
}

/** Runs a program for as long as the pipe to its guard is open: it does not outlive us, even when we are killed. */
function guarded(program: string, args: string[], options: { uid?: number; gid?: number; cwd?: string } = {}) {
  const guard =
    'exec 3<&0; "$0" "$@" </dev/null 3<&- & server=$!; (cat <&3 >/dev/null; kill -KILL $server) & wait $server';
  return spawn("sh", ["-c", guard, program, ...args], { ...options, stdio: ["pipe", "ignore", "ignore"] });
}

interface Owner {
  uid?: number;
  gid?: number;
}

/** Postgres refuses to run as root. */
function postgresOwner(): Owner {
  if (process.getuid?.() !== 0) return {};
  const id = (flag: string) => Number(execFileSync("id", [flag, "postgres"], { encoding: "utf8" }));
  return { uid: id("-u"), gid: id("-g") };
}

function temporaryFolder({ uid, gid }: Owner = {}): string {
  const folder = mkdtempSync(join(tmpdir(), "keepstream-store-"));
  if (uid !== undefined && gid !== undefined) chownSync(folder, uid, gid);
  return folder;
}

function findProgram(name: string, besides: string[] = []): string | undefined {
  const folders = [...(process.env.PATH ?? "").split(delimiter), ...besides.flatMap((pattern) => globSync(pattern))];
  return folders.map((folder) => join(folder, name)).find(isExecutable);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function required(program: string | undefined, name: string): string {
  if (program === undefined) throw new Error(`${name} was not found, and it is required here.`);
  return program;
}
