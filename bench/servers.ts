// The processes under load: the scripted model in its own, and one workerd with both Workers, reached directly, without
// the proxy that development puts in front.
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { readFile } from "node:fs/promises";
import { stripTypeScriptTypes } from "node:module";
import { basename, dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { convertV4MiniflareOptions, Log, LogLevel, Miniflare } from "miniflare";
import { childrenNamed } from "./proc.ts";
import type { Addresses } from "./subjects.ts";

const root = dirname(dirname(fileURLToPath(import.meta.url)));

export interface Model {
  url: string;
  pid: number;
  stop(): Promise<void>;
}

export async function startModel(): Promise<Model> {
  const child = spawn(process.execPath, [join(root, "local/model/server.ts")], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  for await (const line of createInterface({ input: child.stdout })) {
    const [url] = /http:\/\/\S+/.exec(line) ?? [];
    if (url && child.pid) return { url, pid: child.pid, stop: () => stop(child) };
  }
  throw new Error(`The scripted model ended before it listened (exit code ${child.exitCode}).`);
}

export function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve();
  return new Promise((resolve) => {
    child.once("exit", () => resolve());
    child.kill();
  });
}

/** Bundles a Worker as a deployment would into `folder`, and gives the file. */
export async function bundleWorker(folder: string, entry: string): Promise<string> {
  const wrangler = join(root, "node_modules/wrangler/bin/wrangler.js");
  await promisify(execFile)(process.execPath, [wrangler, "deploy", entry, "--dry-run", "--outdir", folder], {
    cwd: root,
  });
  return join(folder, `${basename(entry, ".ts")}.js`);
}

export interface Edge extends Addresses {
  /** Of workerd. */
  pid: number;
  stop(): Promise<void>;
}

export interface EdgeOptions {
  modelUrl: string;
  /** The bundled Worker's file. */
  bundle: string;
  /** An empty folder for the chats. */
  store: string;
  /** What tells the Worker of its cache. */
  cache: Record<string, string>;
  inspectorPort?: number;
}

const COMMON = {
  modules: true as const,
  compatibilityDate: "2026-10-20",
  compatibilityFlags: ["nodejs_compat"],
  // Neither Worker goes through a Worker of Miniflare's, on the way in or out.
  unsafeDirectSockets: [{ host: "127.0.0.1", port: 0 }],
  stripCfConnectingIp: false,
};

/** Starts one workerd. */
export async function startEdge({ modelUrl, bundle, store, cache, inspectorPort }: EdgeOptions): Promise<Edge> {
  const passThrough = stripTypeScriptTypes(await readFile(join(root, "bench/pass-through.ts"), "utf8"));
  const classes = {
    CHAT: "ChatObject",
    ANSWER: "AnswerObject",
    PERSON: "PersonObject",
    DEPLOYMENT: "DeploymentObject",
  };
  const miniflare = new Miniflare(
    convertV4MiniflareOptions({
      resourcePersistencePath: store,
      log: new Log(LogLevel.ERROR),
      logRequests: false,
      ...(inspectorPort !== undefined && { inspectorPort }),
      workers: [
        {
          name: "keepstream",
          ...COMMON,
          rootPath: dirname(bundle),
          scriptPath: basename(bundle),
          bindings: {
            SESSION_SECRET: "only for measurements, never elsewhere",
            COMPATIBLE_BASE_URL: `${modelUrl}/v1`,
            OPENAI_API_KEY: "scripted",
            OPENAI_BASE_URL: `${modelUrl}/v1`,
            SCRIPTED_PROVIDERS: "compatible,openai",
            ...cache,
          },
          durableObjects: Object.fromEntries(
            Object.entries(classes).map(([name, className]) => [name, { className, useSQLite: true }]),
          ),
        },
        { name: "pass-through", ...COMMON, script: passThrough, bindings: { MODEL_URL: modelUrl } },
      ],
    }),
  );
  await miniflare.ready;
  const [keepstream, bare] = await Promise.all([
    miniflare.unsafeGetDirectURL("keepstream"),
    miniflare.unsafeGetDirectURL("pass-through"),
  ]);
  const [pid] = childrenNamed(process.pid, "workerd");
  if (pid === undefined) throw new Error("No workerd among this process's children.");
  return {
    keepstream: keepstream.origin,
    passThrough: bare.origin,
    pid,
    stop: () => miniflare.dispose(),
  };
}
