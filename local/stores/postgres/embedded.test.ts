import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, expect, it } from "vitest";
import { EmbeddedPostgres } from "./embedded.ts";

const folder = mkdtempSync(join(tmpdir(), "keepstream-pglite-"));
const children: ChildProcess[] = [];
afterAll(() => {
  for (const child of children) child.kill("SIGKILL");
  rmSync(folder, { recursive: true });
});

const WRITER = `
  import { EmbeddedPostgres } from ${JSON.stringify(new URL("./embedded.ts", import.meta.url).href)};
  const store = new EmbeddedPostgres(process.argv[1]);
  const say = (query, ...params) => store.withSession((run) => run({ query, params }));
  process.stdout.write("begun\\n");
  await say("CREATE TABLE IF NOT EXISTS lines (n int PRIMARY KEY, filler text)");
  for (let n = 1; ; n++) {
    await say("INSERT INTO lines VALUES ($1, $2)", String(n), "x".repeat(500));
    await new Promise((written) => process.stdout.write(n + "\\n", written));
  }
`;

function writer() {
  const child = spawn(process.execPath, ["--input-type=module", "-e", WRITER, folder], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  children.push(child);
  let errors = "";
  child.stderr.on("data", (text) => {
    errors += text;
  });
  const ended = once(child, "exit");
  return { child, ended, lines: createInterface({ input: child.stdout }), errors: () => errors };
}

it("a set-up that was killed is done again; no row that was answered is lost to SIGKILL; two never share a folder", async () => {
  const first = writer();
  await once(first.lines, "line");
  // Somewhere in the middle of it, or just done: either must do.
  while (!existsSync(join(folder, "pgdata"))) await sleep(10);
  await sleep(200);
  first.child.kill("SIGKILL");
  await first.ended;

  const second = writer();
  let answered = 0;
  for await (const line of second.lines) {
    answered = Number(line) || 0;
    if (answered === 1) {
      const intruder = writer();
      await intruder.ended;
      expect(intruder.errors()).toContain("already runs on");
    }
    if (answered === 50) second.child.kill("SIGKILL");
  }
  await second.ended;

  const store = new EmbeddedPostgres(folder);
  const { rows } = await store.withSession((run) => run({ query: "SELECT n FROM lines ORDER BY n", params: [] }));
  await store.close();
  expect(rows.map(([n]) => Number(n)).slice(0, answered)).toEqual(Array.from({ length: answered }, (_, i) => i + 1));
  expect(rows.length - answered).toBeLessThanOrEqual(1);
}, 180_000);
