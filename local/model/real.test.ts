import { execFile } from "node:child_process";
import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { startScriptedModel } from "./server.ts";

let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "keepstream-model-"));
});
afterAll(() => rm(folder, { recursive: true }));

interface Ran {
  code: number | string | null | undefined;
  stderr: string;
}

/** Runs the program as `npm run model` does, on a port that nobody has; it must end by itself. */
async function start(environment: Record<string, string>): Promise<Ran> {
  const free = await startScriptedModel();
  await free.close();
  const env = { ...process.env, KEEPSTREAM_DATA: folder, MODEL_PORT: String(free.port), ...environment };
  return new Promise((resolve) => {
    execFile(process.execPath, [join(import.meta.dirname, "real.ts")], { env, timeout: 20_000 }, (error, _, stderr) => {
      resolve({ code: error === null ? 0 : error.code, stderr });
    });
  });
}

it("says what to do where there is no Python", async () => {
  const { code, stderr } = await start({ PATH: folder });
  expect(code).toBe(1);
  expect(stderr).toContain("there is no Python on the path");
  expect(stderr).toContain("COMPATIBLE_BASE_URL");
});

it.skipIf(process.platform === "win32")("says what to do where Python is too old", async () => {
  await writeFile(join(folder, "python3"), "#!/bin/sh\necho 3.9\n");
  await chmod(join(folder, "python3"), 0o755);
  const { code, stderr } = await start({ PATH: folder });
  expect(code).toBe(1);
  expect(stderr).toContain("needs Python 3.10 or newer to run, and python3 is 3.9");
});

it("does not take a port that something else has", async () => {
  const other = await startScriptedModel();
  try {
    const { code, stderr } = await start({ MODEL_PORT: String(other.port) });
    expect(code).toBe(1);
    expect(stderr).toContain(`Port ${other.port} is taken`);
  } finally {
    await other.close();
  }
});

it("names a wrong setting", async () => {
  expect((await start({ MODEL_PORT: "x" })).stderr).toContain('MODEL_PORT must be a number from 1 to 65535, not "x"');
  expect((await start({ MODEL_GGUF: "/nowhere.gguf" })).stderr).toContain("/nowhere.gguf, and there is no such file");
});
