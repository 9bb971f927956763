// A program of the local stack in a process of its own, kept running: when it dies it is started again, at once the first
// time and then ever later. It stands outside the terminal's process group, so that Ctrl-C reaches the launcher alone,
// which ends its processes in their order.
import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";

export interface ProgramOptions {
  /** Before each line it says. */
  name: string;
  command: string;
  args: string[];
  env: NodeJS.ProcessEnv;
  log(line: string): void;
  /** Only what it says on its error stream is told. */
  quiet?: boolean;
  /** Asked before each start; while it says so, the program is left down. */
  held?(): boolean;
}

export interface KeptProcess {
  readonly pid: number | undefined;
  /** Ends it for good: politely, and by force after `patienceMs`. Resolves when it is gone. */
  stop(patienceMs: number): Promise<void>;
}

const FIRST_DELAY_MS = 100;
const LONGEST_DELAY_MS = 10_000;
/** Whoever lived that long did not die of its start. */
const STEADY_MS = 5_000;
const LOOK_AGAIN_MS = 100;

export function keepRunning({
  name,
  command,
  args,
  env,
  log,
  quiet = false,
  held = () => false,
}: ProgramOptions): KeptProcess {
  let child: ChildProcess | undefined;
  let timer: NodeJS.Timeout | undefined;
  let delay = FIRST_DELAY_MS;
  let stopped = false;

  function start(): void {
    if (held()) {
      timer = setTimeout(start, LOOK_AGAIN_MS);
      return;
    }
    const began = performance.now();
    const started = spawn(command, args, { env, detached: true, stdio: ["ignore", quiet ? "ignore" : "pipe", "pipe"] });
    child = started;
    for (const stream of [started.stdout, started.stderr]) {
      if (stream) createInterface({ input: stream }).on("line", (line) => log(`[${name}] ${line}`));
    }
    let over = false;
    const ended = (how: string) => {
      if (over) return;
      over = true;
      child = undefined;
      if (stopped) return;
      if (performance.now() - began > STEADY_MS) delay = FIRST_DELAY_MS;
      if (held()) {
        start();
        return;
      }
      log(`[${name}] ended (${how}); starting it again in ${delay / 1000} s`);
      timer = setTimeout(start, delay);
      delay = Math.min(delay * 2, LONGEST_DELAY_MS);
    };
    started.once("error", (error) => ended(error.message));
    started.once("exit", (code, signal) => ended(signal ?? `exit ${code}`));
  }

  start();
  return {
    get pid() {
      return child?.pid;
    },
    async stop(patienceMs) {
      stopped = true;
      clearTimeout(timer);
      const ending = child;
      if (!ending?.pid) return;
      const gone = new Promise<void>((resolve) => ending.once("exit", () => resolve()));
      ending.kill("SIGTERM");
      const force = setTimeout(() => ending.kill("SIGKILL"), patienceMs);
      await gone;
      clearTimeout(force);
    },
  };
}
