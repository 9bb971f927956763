// One launcher at a time on one data folder. The lock names its holder by pid and start time, so a holder that was
// killed, or whose pid has gone to another program, holds nothing. Servers that a killed launcher left behind are ended.
import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { lives, type ProcessInfo, processesWithEnv, processInfo } from "./processes.ts";
import { StartError } from "./start-error.ts";

const FILE = "launcher.json";
/** Set in the environment of everything the launcher starts, to the data folder. */
export const MARK = "KEEPSTREAM_SERVER_OF";

interface Holder {
  pid: number;
  started: string;
  url: string;
}

export interface Lock {
  release(): void;
}

/** Takes the lock of `folder`; throws a `StartError` when a living launcher holds it. */
export function takeLock(folder: string, url: string): Lock {
  mkdirSync(folder, { recursive: true });
  const path = join(folder, FILE);
  const holder: Holder = { pid: process.pid, started: processInfo(process.pid)?.started ?? "", url };
  const mine = JSON.stringify(holder);
  // Written aside and linked into place: whoever reads the lock reads all of it.
  const aside = `${path}.${process.pid}`;
  writeFileSync(aside, mine);
  try {
    while (!tryLink(aside, path)) {
      const found = readText(path);
      if (found === undefined) continue;
      const other = parseHolder(found);
      if (other && isAlive(other)) throw held(folder, other);
      takeAway(path, found);
    }
  } finally {
    rmSync(aside, { force: true });
  }
  return {
    release: () => {
      if (readText(path) === mine) rmSync(path, { force: true });
    },
  };
}

/** Removes a dead holder's lock, and only that: another launcher may have taken it over since it was read. */
function takeAway(path: string, stale: string): void {
  const away = `${path}.${process.pid}.stale`;
  try {
    renameSync(path, away);
  } catch {
    return;
  }
  if (readText(away) !== stale) tryLink(away, path);
  rmSync(away, { force: true });
}

/** Ends servers of this data folder that a killed launcher left behind; returns those it ended. */
export async function endOrphans(folder: string): Promise<ProcessInfo[]> {
  const orphans = processesWithEnv(MARK, folder).filter(({ pid }) => pid !== process.pid);
  for (const { pid } of orphans) {
    try {
      process.kill(pid, "SIGKILL");
    } catch {
      // It has ended by itself.
    }
  }
  for (let waited = 0; waited < 2_000 && orphans.some(lives); waited += 10) await sleep(10);
  return orphans;
}

function isAlive({ pid, started }: Holder): boolean {
  return pid !== process.pid && processInfo(pid)?.started === started;
}

function held(folder: string, { pid, url }: Holder): StartError {
  return new StartError(
    `Keepstream already runs on ${folder}, as process ${pid}, at ${url}`,
    `Open that address, or end it first (Ctrl-C in its terminal, or: kill ${pid}). For a second one beside it, give it its own ` +
      "folder and port: KEEPSTREAM_DATA=.keepstream-2 PORT=8788 npm start",
  );
}

function tryLink(from: string, to: string): boolean {
  try {
    linkSync(from, to);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  }
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}

function parseHolder(text: string): Holder | undefined {
  try {
    const { pid, started, url } = JSON.parse(text) as Partial<Holder>;
    return typeof pid === "number" && typeof started === "string" ? { pid, started, url: url ?? "" } : undefined;
  } catch {
    return undefined;
  }
}
