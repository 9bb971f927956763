// `npm run temporal:install`: gets the Temporal server once, into the cache that every checkout of this person shares.
// Downloaded where the internet is, else built by Go, where that is.
import { spawn, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { TestWorkflowEnvironment } from "@temporalio/testing";
import { CLI_VERSION, cachedProgram, findTemporal } from "./program.ts";

const DOWNLOADS = "https://temporal.download";
const PROBE_MS = 5_000;
const DOWNLOAD_MS = 180_000;
const MODULE = `github.com/temporalio/cli/cmd/temporal@v${CLI_VERSION}`;

const target = cachedProgram(process.env);

async function install(): Promise<boolean> {
  mkdirSync(dirname(dirname(target)), { recursive: true });
  // Beside its place, so that putting it there is one rename.
  const aside = mkdtempSync(`${dirname(target)}.new-`);
  try {
    const got = (await downloaded(aside)) ?? (await built(aside));
    if (!got) return false;
    mkdirSync(dirname(target), { recursive: true });
    renameSync(got, target);
    return true;
  } finally {
    rmSync(aside, { recursive: true, force: true });
  }
}

/** By the SDK, which knows where the server is and what this machine is. It starts the server once to see that it runs. */
async function downloaded(folder: string): Promise<string | undefined> {
  try {
    await fetch(DOWNLOADS, { method: "HEAD", signal: AbortSignal.timeout(PROBE_MS) });
  } catch {
    console.log(`${DOWNLOADS} can't be reached from here.`);
    return undefined;
  }
  console.log(`Downloading the Temporal server ${CLI_VERSION} …`);
  const executable = { type: "cached-download", version: `v${CLI_VERSION}`, downloadDir: folder } as const;
  const started = TestWorkflowEnvironment.createLocal({ server: { executable } });
  const late = sleep(DOWNLOAD_MS).then(() => Promise.reject(new Error(`not within ${DOWNLOAD_MS / 1000} s`)));
  try {
    await (await Promise.race([started, late])).teardown();
    const [file] = readdirSync(folder);
    return file && join(folder, file);
  } catch (error) {
    console.log(`The download failed: ${(error as Error).message}`);
    return undefined;
  }
}

async function built(folder: string): Promise<string | undefined> {
  const { status, stdout } = spawnSync("go", ["version"], { encoding: "utf8" });
  if (status !== 0) {
    console.log("There is no Go here to build it with.");
    return undefined;
  }
  console.log(`Building the Temporal server ${CLI_VERSION} with ${stdout.trim()}.`);
  console.log("The first time this takes 5 to 8 minutes on two cores, and 300 MB; later times seconds.");
  const began = performance.now();
  const env = { ...process.env, CGO_ENABLED: "0", GOBIN: folder };
  const go = spawn("go", ["install", "-ldflags=-s -w", MODULE], { env, stdio: "inherit" });
  const code = await new Promise((resolve) => go.once("exit", resolve));
  if (code !== 0) return undefined;
  console.log(`Built in ${Math.round((performance.now() - began) / 1000)} s.`);
  return join(folder, basename(target));
}

const found = findTemporal({ ...process.env, TEMPORAL_ADDRESS: "" });
if (found.kind === "program") {
  console.log(`There is one already: ${found.path} (${found.why}).`);
} else if (await install()) {
  console.log(`${target}\nnpm start finds it by itself.`);
  // A download given up may still be under way.
  process.exit(0);
} else {
  console.error(
    "\nNo Temporal server could be had. Install one (https://docs.temporal.io/cli), or Go 1.24 or newer and run this again,\n" +
      "or set TEMPORAL_ADDRESS to a server, or TEMPORAL_CLI_PATH to the program.",
  );
  process.exit(1);
}
