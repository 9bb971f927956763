// What the operating system knows of processes: which one a pid is now, who listens on a port, which servers a launcher
// left behind. Linux is read from /proc; elsewhere `ps` and `lsof` are asked. What can't be found out is undefined.
import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, readlinkSync } from "node:fs";

const HAS_PROC = existsSync("/proc/self/stat");

export interface ProcessInfo {
  pid: number;
  parent: number;
  command: string;
  /** When it started, in whatever unit the system has: with the pid it names one process for ever. */
  started: string;
}

/** The process that has this pid now; undefined when there is none (a dead one nobody has waited for is none). */
export function processInfo(pid: number): ProcessInfo | undefined {
  if (!HAS_PROC) {
    const [line = ""] = lines("ps", ["-o", "ppid=,lstart=,command=", "-p", String(pid)]);
    // `lstart` is five words: Mon Nov 23 06:47:34 2026.
    const [, parent, started, command] = /^\s*(\d+)\s+((?:\S+\s+){4}\S+)\s+(.*)$/.exec(line) ?? [];
    return started ? { pid, parent: Number(parent), started, command: command ?? "" } : undefined;
  }
  const stat = read(`/proc/${pid}/stat`);
  // The name in parentheses may itself hold spaces and parentheses.
  const [state, ...fields] = stat?.slice(stat.lastIndexOf(")") + 2).split(" ") ?? [];
  if (state === undefined || state === "Z" || state === "X") return undefined;
  const command = (read(`/proc/${pid}/cmdline`) ?? "").replaceAll("\0", " ").trim();
  return { pid, parent: Number(fields[0]), command, started: fields[18] ?? "" };
}

/** Processes that carry `NAME=value` in their environment, whoever their parent is by now. */
export function processesWithEnv(name: string, value: string): ProcessInfo[] {
  const entry = `${name}=${value}`;
  const pids = HAS_PROC
    ? allPids().filter((pid) => (read(`/proc/${pid}/environ`) ?? "").split("\0").includes(entry))
    : lines("ps", ["-axwwE", "-o", "pid=,command="])
        .filter((line) => line.includes(` ${entry} `) || line.endsWith(` ${entry}`))
        .map((line) => Number.parseInt(line, 10));
  return pids.flatMap((pid) => processInfo(pid) ?? []);
}

/** Whether it is still the same process. */
export function lives({ pid, started }: ProcessInfo): boolean {
  return processInfo(pid)?.started === started;
}

/** Who listens on a TCP port of this machine. */
export function listenerOf(port: number): ProcessInfo | undefined {
  const pid = HAS_PROC ? procListener(port) : Number(lines("lsof", ["-nP", `-iTCP:${port}`, "-sTCP:LISTEN", "-t"])[0]);
  return pid ? processInfo(pid) : undefined;
}

function procListener(port: number): number | undefined {
  const hex = port.toString(16).toUpperCase().padStart(4, "0");
  const sockets = ["/proc/net/tcp", "/proc/net/tcp6"].flatMap((file) => (read(file) ?? "").split("\n"));
  const inodes = new Set<string>();
  for (const line of sockets) {
    const [, local, , state, , , , , , inode] = line.trim().split(/\s+/);
    if (state === "0A" && local?.endsWith(`:${hex}`)) inodes.add(`socket:[${inode}]`);
  }
  if (inodes.size === 0) return undefined;
  return allPids().find((pid) => openFiles(pid).some((target) => inodes.has(target)));
}

function openFiles(pid: number): string[] {
  const folder = `/proc/${pid}/fd`;
  return (quietly(() => readdirSync(folder)) ?? []).flatMap(
    (fd) => quietly(() => readlinkSync(`${folder}/${fd}`)) ?? [],
  );
}

function allPids(): number[] {
  return readdirSync("/proc").flatMap((name) => (/^\d+$/.test(name) ? [Number(name)] : []));
}

function read(path: string): string | undefined {
  return quietly(() => readFileSync(path, "utf8"));
}

/** What is looked at may end meanwhile, or be somebody else's. */
function quietly<T>(look: () => T): T | undefined {
  try {
    return look();
  } catch {
    return undefined;
  }
}

function lines(program: string, args: string[]): string[] {
  const output = quietly(() => execFileSync(program, args, { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }));
  return (output ?? "").split("\n").filter(Boolean);
}
