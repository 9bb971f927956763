// The Worker with its Durable Objects, run by wrangler in this process: workerd and its proxy are its children. When one
// of them dies, the server is started again on the same state, and what was being answered goes on by itself.
import type { EventEmitter } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { HOST } from "./ports.ts";
import { childrenOf, lives, type ProcessInfo } from "./processes.ts";
import type { Vars } from "./settings.ts";
import { StartError } from "./start-error.ts";

export interface ServerOptions {
  configPath: string;
  port: number;
  /** Where workerd keeps its state. */
  state: string;
  vars: Vars;
  /** Build the Worker again when its sources change. */
  watch: boolean;
  /** What the Worker logs, and what goes wrong with the server itself, line by line. */
  log(line: string): void;
}

export interface Server {
  /** Ends it; resolves when it has ended, or after `PATIENCE_MS`. */
  stop(): Promise<void>;
}

/** Ctrl-C reaches workerd before us, and then `dispose` may wait for ever. */
const PATIENCE_MS = 1_000;
const WATCH_MS = 250;
/** After so many deaths in a row there is something wrong that a restart does not mend. */
const MAX_DEATHS = 5;
const SETTLED_MS = 30_000;

/** Starts it and resolves when it takes requests. `died` is called when it can't be kept alive. */
export async function startServer(options: ServerOptions, died: (reason: string) => void): Promise<Server> {
  let running = await launch(options);
  let stopping = false;
  let deaths = 0;

  const guard = async () => {
    while (!stopping) {
      await sleep(WATCH_MS, undefined, { ref: false });
      if (stopping || (await running.whole()) || stopping) continue;
      deaths += 1;
      if (deaths > MAX_DEATHS) return died(`The server (workerd) ended ${deaths} times in a row.`);
      options.log("The server (workerd) ended unexpectedly; starting it again. Nothing that was promised is lost.");
      await running.stop();
      if (stopping) return;
      running = await launch(options);
      setTimeout(() => (deaths = 0), SETTLED_MS).unref();
    }
  };
  guard().catch((error: unknown) => died(String(error)));

  return {
    async stop() {
      stopping = true;
      await running.stop();
    },
  };
}

interface Running {
  /** Whether all its processes live. */
  whole(): Promise<boolean>;
  stop(): Promise<void>;
}

async function launch({ configPath, port, state, vars, watch, log }: ServerOptions): Promise<Running> {
  const { unstable_startWorker: startWorker } = await import("wrangler");
  const bindings = Object.entries(vars).map(([name, value]) => [name, { type: "plain_text", value }] as const);
  const worker = await startWorker({
    config: configPath,
    // The settings are ours to read; wrangler would add those of a file that we were told to leave alone.
    envFiles: ["none"],
    bindings: Object.fromEntries(bindings),
    // The launcher builds the page itself.
    build: { custom: { command: "" } },
    dev: {
      server: { hostname: HOST, port },
      inspector: false,
      watch,
      persist: state,
      logLevel: "error",
      structuredLogsHandler: ({ level, message }: { level: string; message: string }) => log(`[${level}] ${message}`),
    },
  });
  await firstLoad(worker.raw, watch);
  // Wrangler's own listeners end the process before anything can be put in order.
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    for (const listener of process.listeners(signal)) {
      if (!ours.has(listener)) process.removeListener(signal, listener);
    }
  }
  let servers = serverProcesses();
  return {
    async whole() {
      if (servers.length >= EXPECTED && servers.every(lives)) return true;
      // A hot reload replaces a process; only one that stays away has died.
      await sleep(WATCH_MS);
      servers = serverProcesses();
      return servers.length >= EXPECTED;
    },
    async stop() {
      await Promise.race([worker.dispose().catch(() => {}), sleep(PATIENCE_MS, undefined, { ref: false })]);
    },
  };
}

/** Resolves when the Worker runs for the first time: `ready` of wrangler's only tells that its proxy does. */
function firstLoad(events: EventEmitter, watch: boolean): Promise<void> {
  return new Promise((resolve, reject) => {
    events.once("reloadComplete", () => resolve());
    events.on("error", reject);
    if (watch) return;
    events.once("buildFailed", () => {
      reject(new StartError("The Worker could not be built; see above.", "Mend it, then start again."));
    });
  });
}

/** workerd with the Worker, and workerd with wrangler's proxy in front of it. */
const EXPECTED = 2;

function serverProcesses(): ProcessInfo[] {
  return childrenOf(process.pid).filter(({ command }) => /workerd(\.exe)? serve /.test(command));
}

const ours = new WeakSet<object>();

/** Calls `handle` at Ctrl-C and at a polite `kill`; unlike other listeners it outlives the server's start. */
export function onStopSignal(handle: () => void): void {
  ours.add(handle);
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, handle);
}
