// What processes cost, as the kernel counts it. Linux only.
import { readdirSync, readFileSync } from "node:fs";

/** Clock ticks a second: fixed at 100 for everything Linux tells user space. */
const TICKS = 100;

export interface Usage {
  /** CPU used since each process began, user and system, all threads, seconds. */
  cpu: number;
  /** Resident memory, MB. */
  rss: number;
}

/** Fields after the name, which may itself hold spaces and brackets. */
function statOf(pid: number): string[] {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  return stat.slice(stat.lastIndexOf(")") + 2).split(" ");
}

/** Every process that descends from `pid`, and `pid` itself. */
export function tree(pid: number): number[] {
  const parents = new Map<number, number>();
  for (const name of readdirSync("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    try {
      parents.set(Number(name), Number(statOf(Number(name))[1]));
    } catch {
      // Gone in the meantime.
    }
  }
  const found = [pid];
  for (const each of found) for (const [child, parent] of parents) if (parent === each) found.push(child);
  return found;
}

/** The children of `pid` whose program is called `name`. */
export function childrenNamed(pid: number, name: string): number[] {
  return tree(pid).filter((each) => each !== pid && readFileSync(`/proc/${each}/comm`, "utf8").trim() === name);
}

/** What a process and its descendants have used. */
export function usageOf(pid: number): Usage {
  let cpu = 0;
  let rss = 0;
  for (const each of tree(pid)) {
    const fields = statOf(each);
    cpu += (Number(fields[11]) + Number(fields[12])) / TICKS;
    const resident = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${each}/status`, "utf8"));
    rss += Number(resident?.[1] ?? 0) / 1024;
  }
  return { cpu, rss };
}

/** Share of all cores that was busy between two readings of this, 0 to 1. */
export function machineTicks(): { busy: number; total: number } {
  const line = readFileSync("/proc/stat", "utf8").split("\n", 1)[0] ?? "";
  const fields = line.trim().split(/\s+/).slice(1, 9).map(Number);
  const total = fields.reduce((sum, each) => sum + each, 0);
  return { busy: total - (fields[3] ?? 0) - (fields[4] ?? 0), total };
}
