// `npm start`: the whole of Keepstream on this machine, started by one command and ended by one Ctrl-C. Ports are probed and the
// data folder is locked before anything runs; what a killed start left behind is ended first.
import { readFileSync } from "node:fs";
import { join, relative, resolve } from "node:path";
import { parseArgs } from "node:util";
import type { TiersReply } from "../protocol/requests.ts";
import { parseProvidersConfig } from "../providers/config.ts";
import { createProviders } from "../providers/registry.ts";
import { banner } from "./banner.ts";
import { findLocalServers } from "./find-models.ts";
import { endOrphans, MARK, takeLock } from "./lock.ts";
import { startScriptedModel } from "./model/server.ts";
import { ensurePage, ensurePlaceholder } from "./page.ts";
import { claimPort, HOST, parsePort } from "./ports.ts";
import { onStopSignal, startServer } from "./server.ts";
import { allSet, decide, needsScriptedModel, readGiven } from "./settings.ts";
import { StartError } from "./start-error.ts";
import { chooseStores } from "./stores/choose.ts";
import { startStores } from "./stores/start.ts";
import { temporalPart } from "./temporal/part.ts";

const ROOT = resolve(import.meta.dirname, "..");
const DEFAULT_PORT = 8787;

const HELP = `npm start -- [options]     the whole of Keepstream on this machine

  --watch        build the Worker and the page again when their sources change (npm run dev)
  --no-page      do not build the page
  --no-dev-vars  leave .dev.vars aside; only the environment counts
  --quiet        print one line, "ready URL", instead of the table

  PORT (8787), KEEPSTREAM_HOST (127.0.0.1), KEEPSTREAM_DATA (.keepstream), and the settings of .dev.vars.example may also come by the environment.
  REDIS_URL, POSTGRES_URL   a real server behind the cache and the archive instead of the embedded one; "off": none
  SCRIPTED_MODEL_URL uses a scripted model that runs already, instead of one that lives and dies with this start.
  FIND_LOCAL_MODELS=off does not look for Ollama or for what "npm run model" serves.
  TEMPORAL_ADDRESS uses a Temporal server that runs already, TEMPORAL_CLI_PATH a program of your own; FIND_TEMPORAL=off none.
`;

const closing: (() => unknown)[] = [];
let stopping: Promise<void> | undefined;

/** Ends what was started, last first, and the process with it. */
function stop(code: number): Promise<void> {
  stopping ??= (async () => {
    for (const close of closing.reverse()) {
      try {
        await close();
      } catch (error) {
        console.error(`While ending: ${String(error)}`);
      }
    }
    process.exit(code);
  })();
  return stopping;
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      watch: { type: "boolean", default: false },
      quiet: { type: "boolean", default: false },
      help: { type: "boolean", default: false },
      page: { type: "boolean", default: true },
      "dev-vars": { type: "boolean", default: true },
    },
    allowNegative: true,
  });
  if (values.help) return void console.log(HELP);
  const say = values.quiet ? () => {} : (line: string) => console.log(line);
  const began = performance.now();

  const wanted = parsePort(process.env.PORT, DEFAULT_PORT);
  const data = resolve(process.env.KEEPSTREAM_DATA?.trim() || join(ROOT, ".keepstream"));
  const given = readGiven(process.env, values["dev-vars"] ? join(ROOT, ".dev.vars") : null);

  const lock = takeLock(data, `http://localhost:${wanted}`);
  process.on("exit", lock.release);
  for (const { pid } of await endOrphans(data)) say(`Ended process ${pid}, left behind by a start that was killed.`);
  const port = await claimPort(wanted);
  const url = `http://localhost:${port}`;

  const external = process.env.SCRIPTED_MODEL_URL?.trim() || null;
  const looking = process.env.FIND_LOCAL_MODELS !== "off" && !external && !given.COMPATIBLE_BASE_URL;
  const found = looking ? await findLocalServers() : [];
  const scripted = external === null && needsScriptedModel(given, found) ? await startScriptedModel() : null;
  if (scripted) closing.push(() => scripted.close());
  const scriptedUrl = external ?? scripted?.url ?? null;
  const { vars, providers, notes } = decide(given, found, scriptedUrl ?? "");

  // For all that is started from here on: a later start knows by it what this one left behind.
  process.env[MARK] = data;
  const log = (line: string) => console.error(line);
  const set = allSet(process.env, given);
  const choices = chooseStores(set, data);
  const stores = await startStores(choices);
  const temporal = await temporalPart({ set, data, log });
  closing.push(() => temporal.stop());
  Object.assign(vars, stores.vars, temporal.vars);
  // A terminal is not for a line a request.
  vars.LOG_LEVEL ??= "warning";

  if (values.watch) {
    ensurePlaceholder();
    const { watchPage } = await import("./build.ts");
    const watcher = await watchPage();
    closing.push(() => watcher.close());
  } else if (values.page) {
    const note = ensurePage();
    if (note) notes.push(note);
  } else {
    ensurePlaceholder();
  }

  // Wrangler asks the network for nothing and keeps no traces of its own.
  Object.assign(process.env, {
    CLOUDFLARE_CF_FETCH_ENABLED: "false",
    WRANGLER_SEND_METRICS: "false",
    X_LOCAL_OBSERVABILITY: "false",
    X_LOCAL_EXPLORER: "false",
  });
  const server = await startServer({
    configPath: join(ROOT, "wrangler.toml"),
    host: process.env.KEEPSTREAM_HOST?.trim() || HOST,
    port,
    state: join(data, "edge"),
    vars,
    watch: values.watch,
    log,
  });
  closing.push(() => server.stop());
  // They are closed before the server, which Ctrl-C may have broken; a start that fails before leaves them as a crash would.
  closing.push(() => stores.close());
  closing.push(() => temporal.dismiss());
  temporal.attend({ url: `http://${HOST}:${port}`, vars });

  const tiers = await fetch(`http://127.0.0.1:${port}/api/tiers`);
  if (!tiers.ok) throw new Error(`The server does not answer as it should: ${tiers.status} ${await tiers.text()}`);
  const { tiers: tierStates } = (await tiers.json()) as TiersReply;
  say(
    banner({
      url,
      version: (JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")) as { version: string }).version,
      readyMs: performance.now() - began,
      data: shown(data),
      scriptedUrl,
      // Here the reason is another one than in the cloud.
      tiers: tierStates.map((each) =>
        each.tier === "temporal" && temporal.off ? { ...each, reason: temporal.off } : each,
      ),
      places: temporal.place ? [temporal.place] : [],
      providers,
      stores: choices,
      defaultProvider: createProviders(parseProvidersConfig(vars)).default?.provider ?? null,
      notes,
      watching: values.watch,
    }),
  );
  if (values.quiet) console.log(`ready ${url}`);

  // It takes seconds the first time, and nothing waits for it: chats are delivered to the archive when it is up.
  await stores.prepareArchive().catch((error) => {
    if (!stopping) console.error(`The archive can't be used: ${String(error)}`);
  });
}

/** A path as a person would name it: from here, unless that leads out of here. */
function shown(path: string): string {
  const short = relative(process.cwd(), path);
  return short.startsWith("..") ? path : short || ".";
}

// A terminal that is gone takes no more lines; what runs is ended in order all the same.
for (const stream of [process.stdout, process.stderr]) stream.on("error", () => {});

onStopSignal(() => {
  // A second Ctrl-C does not wait.
  if (stopping) process.exit(130);
  void stop(0);
});

try {
  await main();
} catch (error) {
  if (error instanceof StartError) console.error(`\n${error.message}\n${error.remedy}\n`);
  else console.error(error);
  await stop(1);
}
