import { spawn } from "node:child_process";
import { once } from "node:events";
import { appendFileSync, mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { afterEach, beforeEach, expect, it } from "vitest";
import { EmbeddedRedis } from "./embedded.ts";
import type { Command, Reply } from "./store.ts";

let folder: string;
let now: number;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "keepstream-embedded-"));
  now = 1_000_000;
});
afterEach(() => rmSync(folder, { recursive: true }));

const open = () => new EmbeddedRedis(folder, () => now);
const journal = () => join(folder, "redis.jsonl");

/** Opens it, runs the commands and closes it. */
async function visit(...commands: Command[]): Promise<Reply[]> {
  const redis = open();
  const replies = await redis.run(commands);
  await redis.close();
  return replies;
}

it("has after a restart what it had before, with what is left of its time", async () => {
  await visit(
    ["SET", "a", "日本 🙂", "EX", "10"],
    ["HSET", "h", "f", "1"],
    ["EXPIRE", "h", "100"],
    ["SET", "gone", "x"],
  );
  await visit(["HINCRBYFLOAT", "h", "f", "0.5"], ["DEL", "gone"]);
  now += 4_000;
  expect(await visit(["GET", "a"], ["PTTL", "a"], ["HGETALL", "h"], ["TTL", "h"], ["EXISTS", "gone"])).toEqual([
    "日本 🙂",
    6_000,
    ["f", "1.5"],
    96,
    0,
  ]);
  now += 6_001;
  expect(await visit(["GET", "a"], ["DBSIZE"])).toEqual([null, 1]);
});

it("keeps what has run out gone when the clock goes back", async () => {
  await visit(["SET", "a", "x", "PX", "100"]);
  now += 200;
  expect(await visit(["SET", "a", "y", "NX"])).toEqual(["OK"]);
  now -= 200;
  expect(await visit(["GET", "a"])).toEqual(["y"]);
});

it("leaves out a line that a crash cut short, and goes on after it", async () => {
  await visit(["SET", "a", "1"]);
  appendFileSync(journal(), '[1000000,["SET","a","half');
  expect(await visit(["GET", "a"], ["SET", "a", "2"])).toEqual(["1", "OK"]);
  expect(await visit(["GET", "a"])).toEqual(["2"]);
});

it("does not grow with what is written over", async () => {
  const redis = open();
  const text = "x".repeat(1_000_000);
  for (let i = 0; i < 40; i++) await redis.run([["SET", "a", text + i]]);
  expect(statSync(journal()).size).toBeLessThan(20_000_000);
  await redis.close();
  expect(await visit(["GET", "a"])).toEqual([`${text}39`]);
});

it("writes nothing for what it only reads", async () => {
  const redis = open();
  await redis.run([["SET", "a", "1"]]);
  const before = readFileSync(journal(), "utf8");
  await redis.run([
    ["GET", "a"],
    ["TTL", "a"],
    ["SET", "a"],
    ["HGET", "a", "f"],
  ]);
  expect(readFileSync(journal(), "utf8")).toBe(before);
  await redis.close();
});

const COUNTER = `
  import { EmbeddedRedis } from ${JSON.stringify(new URL("./embedded.ts", import.meta.url).href)};
  const redis = new EmbeddedRedis(process.argv[1]);
  for (;;) {
    const [count] = await redis.run([["INCR", "count"], ["HSET", "last", "filler", "x".repeat(5000)]]);
    await new Promise((written) => process.stdout.write(count + "\\n", written));
  }
`;

function counter() {
  const child = spawn(process.execPath, ["--input-type=module", "-e", COUNTER, folder], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  let errors = "";
  child.stderr.on("data", (text) => {
    errors += text;
  });
  return { child, lines: createInterface({ input: child.stdout }), errors: () => errors };
}

it("loses nothing that was answered to SIGKILL, again and again", async () => {
  let answered = 0;
  for (let round = 0; round < 8; round++) {
    const { child, lines } = counter();
    const ended = once(child, "exit");
    const before = answered;
    for await (const line of lines) {
      expect(Number(line)).toBeGreaterThan(answered);
      answered = Number(line);
      if (answered === before + 20 + 7 * round) child.kill("SIGKILL");
    }
    await ended;
    const redis = new EmbeddedRedis(folder);
    const [count] = await redis.run([["GET", "count"]]);
    await redis.close();
    // The one that was under way may have been kept without an answer.
    expect([answered, answered + 1]).toContain(Number(count));
    answered = Number(count);
  }
}, 60_000);

it("is refused to a second process", async () => {
  const first = counter();
  await once(first.lines, "line");
  const second = counter();
  await once(second.child, "exit");
  expect(second.errors()).toContain("already runs on");
  first.child.kill("SIGKILL");
});
