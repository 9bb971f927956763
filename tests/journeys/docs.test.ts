// The documents keep their word: every command in them is run against the real stack, or says why it can't be. A French
// page has the same commands as the English one, in the same order.
import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Stack } from "./stack.ts";

const ROOT = resolve(import.meta.dirname, "../..");
const DOCS = ["api", "deploy", "security", "scale"];
/** After `sh`: what this machine hasn't got, or what the tests must not do. */
const MARKS = ["needs an account", "sets it up"];
const ADMIN_TOKEN = "the-admin-of-the-docs";

interface Block {
  mark: string;
  script: string;
}

function blocks(path: string): Block[] {
  const text = readFileSync(join(ROOT, path), "utf8");
  return [...text.matchAll(/^```sh ?(.*)\n([\s\S]*?)^```$/gm)].map(([, mark = "", script = ""]) => ({ mark, script }));
}

describe("commands in the documents", () => {
  let stack: Stack;

  beforeAll(async () => {
    stack = await Stack.start({ env: { ADMIN_TOKEN } });
  });
  afterAll(() => stack?.dispose());

  test.each(["README.md", ...DOCS.map((name) => `docs/${name}.md`)])("%s: each runs, or is marked", async (path) => {
    const found = blocks(path).filter(({ script }) => path !== "README.md" || script.includes("localhost:8787"));
    expect(found.filter(({ mark }) => mark !== "" && !MARKS.includes(mark))).toEqual([]);
    const script = found.flatMap((block) => (block.mark === "" ? [block.script] : [])).join("\n");
    if (script === "") return;
    const here = script
      .replaceAll("localhost:8787", stack.url.replace("http://", ""))
      .replaceAll("npx ", "npx --no-install ");
    const env = { PATH: process.env.PATH ?? "", HOME: process.env.HOME ?? "", ADMIN_TOKEN };
    const options = { cwd: ROOT, env, maxBuffer: 1 << 26, timeout: 110_000 };
    await promisify(execFile)("bash", ["-euo", "pipefail", "-c", here], options);
  });

  test("every call of the API is in api.md", async () => {
    const { paths } = (await (await fetch(`${stack.url}/openapi.json`)).json()) as { paths: Record<string, object> };
    const text = readFileSync(join(ROOT, "docs/api.md"), "utf8");
    const told = text.replaceAll(/\$(RUN|CHAT)\b/g, "{id}").replaceAll(/…\/(\w+)/g, "/api/workflows/{id}/$1");
    const missing = Object.keys(paths).filter((path) => !told.includes(path.replace("{chatId}", "{id}")));
    expect(missing).toEqual([]);
  });
});

test.each([...DOCS, "tiers/temporal"])("%s has the same commands in French", (name) => {
  const commands = (path: string) => blocks(path).map(({ mark, script }) => [mark, script]);
  expect(commands(`docs/fr/${name}.md`)).toEqual(commands(`docs/${name}.md`));
});
