import { afterEach, describe, expect, it } from "vitest";
import { eventually } from "../tests/journeys/stack.ts";
import { type KeptProcess, keepRunning, type ProgramOptions } from "./kept-process.ts";

const kept: KeptProcess[] = [];
let lines: string[] = [];

afterEach(async () => {
  await Promise.all(kept.splice(0).map((each) => each.stop(0)));
});

/** Runs a line of JavaScript. */
function run(script: string, more: Partial<ProgramOptions> = {}): KeptProcess {
  lines = [];
  const options = { name: "it", command: process.execPath, args: ["-e", script], env: process.env };
  const process_ = keepRunning({ ...options, log: (line) => lines.push(line), ...more });
  kept.push(process_);
  return process_;
}

const LIVES = "console.log('up'); setInterval(() => {}, 1000)";
const ups = () => lines.filter((line) => line === "[it] up").length;
const kill = ({ pid }: KeptProcess) => process.kill(pid ?? 0, "SIGKILL");

describe("a program that is kept running", () => {
  it("is started again when it is killed, and what it says bears its name", async () => {
    const program = run(LIVES);
    await eventually("it is up", () => ups() === 1);
    const first = program.pid;
    kill(program);
    await eventually("it is up again", () => ups() === 2);
    expect(program.pid).not.toBe(first);
    expect(lines).toContain("[it] ended (SIGKILL); starting it again in 0.1 s");
  });

  it("is left alone ever longer when it dies of its start", async () => {
    run("process.exit(3)");
    await eventually("it has died three times", () => lines.length === 3);
    expect(lines).toEqual([0.1, 0.2, 0.4].map((delay) => `[it] ended (exit 3); starting it again in ${delay} s`));
  });

  it("that can't be started at all is told about", async () => {
    run("", { command: "/no/such/program" });
    await eventually("it is told", () => lines.some((line) => line.includes("ENOENT")));
  });

  it("stays down while it is held, and no longer", async () => {
    let held = false;
    const program = run(LIVES, { held: () => held });
    await eventually("it is up", () => ups() === 1);
    held = true;
    kill(program);
    await eventually("it is down", () => program.pid === undefined);
    await new Promise((resolve) => setTimeout(resolve, 500));
    expect(program.pid).toBeUndefined();
    held = false;
    await eventually("it is up again", () => ups() === 2);
  });

  it("ends when it is asked to, by force when it does not listen, and is not started again", async () => {
    const deaf = run(`process.on('SIGTERM', () => {}); ${LIVES}`);
    await eventually("it is up", () => ups() === 1);
    const { pid } = deaf;
    await deaf.stop(100);
    expect(() => process.kill(pid ?? 0, 0)).toThrow();
    expect(deaf.pid).toBeUndefined();
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(ups()).toBe(1);
  });
});
