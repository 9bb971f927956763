// The Worker with its Durable Objects, run by wrangler in this process. workerd and wrangler's proxy in front of it are
// its children; when workerd dies, wrangler starts it again on the same state. When the proxy dies alone, what wrangler starts in
// its place knows no Worker to send anything to: then all of it is started anew.
import type { EventEmitter } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { listenerOf, lives } from "./processes.ts";
import type { Vars } from "./settings.ts";
import { StartError } from "./start-error.ts";

export interface ServerOptions {
  configPath: string;
  host: string;
  port: number;
  /** Where workerd keeps its state. */
  state: string;
  vars: Vars;
  /** Build the Worker again when its sources change. */
  watch: boolean;
  /** What the Worker logs. */
  log(line: string): void;
}

export interface Server {
  /** Ends it; resolves when it has ended, or is given up on after a second. */
  stop(): Promise<void>;
}

const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
/** Ctrl-C reaches workerd before us, and then wrangler's `dispose` may wait for ever. */
const PATIENCE_MS = 1_000;

/** How often it is looked whether the proxy is there. */
const LOOK_MS = 1_000;

/** Starts it and resolves when it takes requests. Rejects with a `StartError` when the Worker can't be built. */
export async function startServer(options: ServerOptions): Promise<Server> {
  let server = await start(options);
  let proxy = listenerOf(options.port);
  let stopped = false;
  let restarting: Promise<void> | undefined;
  const restart = async () => {
    options.log("[edge] the proxy in front of the Worker ended; starting it again");
    await server.stop();
    if (stopped) return;
    server = await start(options);
    proxy = listenerOf(options.port);
  };
  const timer = setInterval(() => {
    if (stopped || restarting || !proxy || lives(proxy)) return;
    restarting = restart()
      .catch((error) => options.log(`[edge] it could not be started again: ${String(error)}`))
      .finally(() => {
        restarting = undefined;
      });
  }, LOOK_MS);
  timer.unref();
  return {
    async stop() {
      stopped = true;
      clearInterval(timer);
      await restarting;
      await server.stop();
    },
  };
}

async function start({ configPath, host, port, state, vars, watch, log }: ServerOptions): Promise<Server> {
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
      server: { hostname: host, port },
      inspector: false,
      watch,
      persist: state,
      logLevel: "error",
      structuredLogsHandler: ({ level, message }: { level: string; message: string }) => log(`[${level}] ${message}`),
    },
  });
  await firstLoad(worker.raw, watch);
  for (const signal of SIGNALS) {
    for (const listener of process.listeners(signal)) if (!ours.has(listener)) process.removeListener(signal, listener);
  }
  return {
    async stop() {
      await Promise.race([worker.dispose().catch(() => {}), sleep(PATIENCE_MS)]);
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

const ours = new WeakSet<object>();

/**
 * Calls `handle` at Ctrl-C and at a polite `kill`. Wrangler's own listeners, which end the process before anything can be
 * put in order, are taken off when the server has started; these stay.
 */
export function onStopSignal(handle: () => void): void {
  ours.add(handle);
  for (const signal of SIGNALS) process.on(signal, handle);
}
