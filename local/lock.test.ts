import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { endOrphans, MARK, takeLock } from "./lock.ts";
import { lives, processInfo } from "./processes.ts";

let folder: string;
const children: ChildProcess[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "keepstream-lock-"));
});
afterEach(() => {
  for (const child of children.splice(0)) child.kill("SIGKILL");
  rmSync(folder, { recursive: true });
});

/** A process that lives until it is killed. */
async function sleeper(env: Record<string, string> = {}): Promise<ChildProcess & { pid: number }> {
  const child = spawn(process.execPath, ["-e", "setInterval(() => {}, 1000); console.log('up')"], {
    env: { ...process.env, ...env },
    stdio: ["ignore", "pipe", "ignore"],
  });
  children.push(child);
  await new Promise((up) => child.stdout?.once("data", up));
  return child as ChildProcess & { pid: number };
}

const ended = (child: ChildProcess) => new Promise((done) => child.once("exit", done));
const file = () => join(folder, "launcher.json");
const held = (pid: number, started: string) => writeFileSync(file(), JSON.stringify({ pid, started, url: "http://x" }));

describe("the lock", () => {
  it("is refused while its holder lives, with who and where that is", async () => {
    const { pid } = await sleeper();
    held(pid, processInfo(pid)?.started ?? "");
    expect(() => takeLock(folder, "http://y")).toThrow(`already runs on ${folder}, as process ${pid}, at http://x`);
    expect(JSON.parse(readFileSync(file(), "utf8"))).toMatchObject({ pid });
  });

  it("is taken over from a dead one", async () => {
    const holder = await sleeper();
    held(holder.pid, processInfo(holder.pid)?.started ?? "");
    holder.kill("SIGKILL");
    await ended(holder);
    takeLock(folder, "http://y");
    expect(JSON.parse(readFileSync(file(), "utf8"))).toMatchObject({ pid: process.pid, url: "http://y" });
  });

  it.each([
    ["a pid that went to another program", () => held(process.ppid, "before its time")],
    ["our own pid, from before a restart of the machine", () => held(process.pid, "long ago")],
    ["what can't be read", () => writeFileSync(file(), "{")],
    ["nothing", () => writeFileSync(file(), "")],
  ])("is taken over from %s", (_, prepare) => {
    prepare();
    takeLock(folder, "http://y");
    expect(JSON.parse(readFileSync(file(), "utf8"))).toMatchObject({ pid: process.pid });
  });

  it("is gone when it is released, unless somebody else has it by then", () => {
    const lock = takeLock(folder, "http://y");
    lock.release();
    expect(existsSync(file())).toBe(false);
    lock.release();
    held(1, "x");
    lock.release();
    expect(existsSync(file())).toBe(true);
  });
});

it("servers left behind on a folder are ended, and only those", async () => {
  const [orphan, other] = await Promise.all([sleeper({ [MARK]: folder }), sleeper({ [MARK]: `${folder}-other` })]);
  const gone = ended(orphan);
  const before = processInfo(orphan.pid);
  expect((await endOrphans(folder)).map(({ pid }) => pid)).toEqual([orphan.pid]);
  await gone;
  expect(before && lives(before)).toBe(false);
  expect(processInfo(other.pid)).toBeDefined();
  expect(await endOrphans(folder)).toEqual([]);
});
