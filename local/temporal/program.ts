// Which Temporal server this machine has: somebody's own, a program that is installed, or one that
// `npm run temporal:install` put into the cache. Nothing is downloaded here.
import { accessSync, constants, statSync } from "node:fs";
import { homedir } from "node:os";
import { delimiter, join } from "node:path";

/** The newest version that `go install` takes: later ones replace modules, which it refuses. */
export const CLI_VERSION = "1.5.1";

export type Found =
  | { kind: "address"; address: string }
  | { kind: "program"; path: string; why: string }
  | { kind: "none"; reason: string };

type Environment = Readonly<Record<string, string | undefined>>;

const NAME = process.platform === "win32" ? "temporal.exe" : "temporal";

/** `set` holds `TEMPORAL_ADDRESS`, `TEMPORAL_CLI_PATH` and where to look besides. */
export function findTemporal(set: Environment): Found {
  const address = set.TEMPORAL_ADDRESS?.trim();
  if (address) return { kind: "address", address };
  const given = set.TEMPORAL_CLI_PATH?.trim();
  if (given) {
    if (isProgram(given)) return { kind: "program", path: given, why: "TEMPORAL_CLI_PATH" };
    return { kind: "none", reason: `TEMPORAL_CLI_PATH names ${given}, which is no program.` };
  }
  const folders = (set.PATH ?? "").split(delimiter).filter(Boolean);
  const installed = folders.map((folder) => join(folder, NAME)).find(isProgram);
  if (installed) return { kind: "program", path: installed, why: "found on PATH" };
  const cached = cachedProgram(set);
  if (isProgram(cached)) return { kind: "program", path: cached, why: "installed by npm run temporal:install" };
  return {
    kind: "none",
    reason: "No Temporal server is installed here: npm run temporal:install fetches or builds one.",
  };
}

/** Where `npm run temporal:install` puts the program: outside the checkout, so that all of them share it. */
export function cachedProgram(set: Environment): string {
  const cache = set.XDG_CACHE_HOME?.trim() || join(set.HOME?.trim() || homedir(), ".cache");
  return join(cache, "keepstream", `temporal-${CLI_VERSION}-${process.platform}-${process.arch}`, NAME);
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}
