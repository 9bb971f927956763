// The real stack, as `npm start` runs it: the launcher as a process of its own on a free port and a fresh data folder,
// with workerd as its children. It can be killed without warning and started again on what it left.
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { MARK } from "../../local/lock.ts";
import { freePort } from "../../local/ports.ts";
import { lives, type ProcessInfo, processesWithEnv } from "../../local/processes.ts";
import { BRIDGE, WORKER } from "../../local/temporal/part.ts";
import { temporalProgram } from "../temporal.ts";

const ROOT = resolve(import.meta.dirname, "../..");
const PATIENCE_MS = 60_000;
/** A start takes two seconds; on a machine that does much else, far longer. */
const START_PATIENCE_MS = 110_000;

export interface StackOptions {
  /** A scripted model that outlives the server; without one the launcher brings its own. */
  scriptedModelUrl?: string;
  env?: Record<string, string>;
  args?: string[];
  /** Builds the page too, when it is out of date. */
  page?: boolean;
  /** With a Temporal server, the bridge and the worker. */
  temporal?: boolean;
  /** Where it listens; any free port without it. */
  port?: number;
}

/**
 * What the launcher keeps running: each can be killed alone, and is started again. Wrangler's own proxy, which has the
 * stack's port, is none of them: no deployment has it, and killed alone it takes all of the edge with it.
 */
const PARTS = {
  edge: (command: string, port: number) =>
    /workerd\S* serve /.test(command) && !command.includes(`=127.0.0.1:${port} `),
  temporal: (command: string) => command.includes(" server start-dev "),
  bridge: (command: string) => command.includes(BRIDGE),
  worker: (command: string) => command.includes(WORKER),
} as const;
export type Part = keyof typeof PARTS;
export const ALL_PARTS = Object.keys(PARTS) as Part[];

export class Stack {
  readonly url: string;
  readonly port: number;
  readonly data: string;
  readonly #options: StackOptions;
  #launcher: ChildProcess | undefined;
  #output = "";

  private constructor(port: number, data: string, options: StackOptions) {
    this.port = port;
    this.url = `http://127.0.0.1:${port}`;
    this.data = data;
    this.#options = options;
  }

  /** Starts a stack on a fresh data folder. */
  static async start(options: StackOptions = {}): Promise<Stack> {
    const data = await mkdtemp(join(tmpdir(), "keepstream-journey-"));
    const stack = new Stack(options.port ?? (await freePort()), data, options);
    try {
      await stack.start();
    } catch (error) {
      await stack.dispose();
      throw error;
    }
    return stack;
  }

  get output(): string {
    return this.#output;
  }

  /** Throws with what the launcher said, when it has ended by itself. */
  assertRuns(): void {
    const { exitCode, signalCode } = this.#launcher ?? {};
    if (exitCode === null && signalCode === null) return;
    throw new Error(`The launcher ended with ${exitCode ?? signalCode}:\n${this.#output}`);
  }

  get pid(): number {
    return this.#launcher?.pid ?? 0;
  }

  /** Starts the launcher on the same port and data; resolves when it says that it is ready. `more` is told it besides. */
  async start(more: Record<string, string> = {}): Promise<void> {
    const { scriptedModelUrl, env, args = [], page = false, temporal = false } = this.#options;
    const launcher = spawn(
      process.execPath,
      [join(ROOT, "local/start.ts"), "--quiet", ...(page ? [] : ["--no-page"]), "--no-dev-vars", ...args],
      {
        // Nothing of this process's own settings: the machine may have real keys.
        env: {
          PATH: process.env.PATH ?? "",
          HOME: process.env.HOME ?? "",
          FIND_LOCAL_MODELS: "off",
          REDIS_URL: "off",
          POSTGRES_URL: "off",
          PORT: String(this.port),
          KEEPSTREAM_DATA: this.data,
          ...(scriptedModelUrl && { SCRIPTED_MODEL_URL: scriptedModelUrl }),
          ...(temporal ? { TEMPORAL_CLI_PATH: temporalProgram } : { FIND_TEMPORAL: "off" }),
          ...env,
          ...more,
        },
        stdio: ["ignore", "pipe", "pipe"],
      },
    );
    this.#launcher = launcher;
    const ready = Promise.withResolvers<void>();
    const heard = (chunk: Buffer) => {
      this.#output += chunk;
      if (/^ready /m.test(this.#output)) ready.resolve();
    };
    this.#output = "";
    launcher.stdout.on("data", heard);
    launcher.stderr.on("data", heard);
    launcher.once("exit", (code) => ready.reject(new Error(`The launcher ended with ${code}:\n${this.#output}`)));
    const timer = setTimeout(
      () => ready.reject(new Error(`The launcher was not ready in ${START_PATIENCE_MS} ms:\n${this.#output}`)),
      START_PATIENCE_MS,
    );
    try {
      await ready.promise;
    } finally {
      clearTimeout(timer);
    }
  }

  /** The processes that the launcher started: workerd, its proxy, the bundler. */
  servers(): ProcessInfo[] {
    return processesWithEnv(MARK, this.data);
  }

  /** The processes of one part. */
  processes(part: Part): ProcessInfo[] {
    return this.servers().filter(({ command }) => PARTS[part](command, this.port));
  }

  /** Memory that the edge's process has, MB; 0 where the system does not tell. */
  memory(): number {
    if (!existsSync("/proc/self/status")) return 0;
    const [edge] = this.processes("edge");
    const status = readFileSync(`/proc/${edge?.pid}/status`, "utf8");
    return Math.round(Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1024);
  }

  /** Makes ready to kill the launcher and all its servers; what it returns does so at once, with no time to say goodbye. */
  aim(): () => void {
    const pids = [...this.servers().map(({ pid }) => pid), this.pid];
    return () => {
      for (const pid of pids) {
        try {
          process.kill(pid, "SIGKILL");
        } catch {
          // Ended with its parent.
        }
      }
    };
  }

  /** SIGKILL to the launcher and all its servers. Resolves when they are gone. */
  async kill(): Promise<void> {
    const servers = this.servers();
    this.aim()();
    while (servers.some(lives) || this.#launcher?.signalCode === null) await sleep(5);
  }

  /** Sends the launcher a signal and resolves with its exit code, and how long it took. */
  async signal(signal: NodeJS.Signals): Promise<{ code: number | null; ms: number }> {
    const began = performance.now();
    const exited = new Promise<number | null>((resolve) => this.#launcher?.once("exit", resolve));
    process.kill(this.pid, signal);
    return { code: await exited, ms: performance.now() - began };
  }

  /** As a terminal that is closed: nobody reads what the launcher says any more, and it is told so. Resolves when it has ended. */
  async hangUp(): Promise<void> {
    this.#launcher?.stdout?.destroy();
    this.#launcher?.stderr?.destroy();
    await this.signal("SIGHUP");
  }

  /** Ends everything and removes its data. */
  async dispose(): Promise<void> {
    if (this.#launcher && this.#launcher.exitCode === null && this.#launcher.signalCode === null) await this.kill();
    await rm(this.data, { recursive: true, force: true });
  }
}

/** Asks again until it holds; an error says what never came. */
export async function eventually(
  what: string,
  holds: () => boolean | Promise<boolean>,
  ms = PATIENCE_MS,
): Promise<void> {
  const until = Date.now() + ms;
  while (!(await holds())) {
    if (Date.now() > until) throw new Error(`${what}: not within ${ms} ms`);
    await sleep(20);
  }
}
