import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { cachedProgram, findTemporal } from "./program.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "keepstream-temporal-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

function program(path: string): string {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, "#!/bin/sh\n");
  chmodSync(path, 0o755);
  return path;
}

describe("a Temporal server is looked for", () => {
  it("first at the address that was given, then as the program that was", () => {
    const path = program(join(folder, "own"));
    const set = { TEMPORAL_ADDRESS: "cluster:7233", TEMPORAL_CLI_PATH: path };
    expect(findTemporal(set)).toEqual({ kind: "address", address: "cluster:7233" });
    expect(findTemporal({ ...set, TEMPORAL_ADDRESS: " " })).toMatchObject({ kind: "program", path });
  });

  it("then on PATH, then in the cache", () => {
    const set = { HOME: folder, PATH: [join(folder, "none"), join(folder, "bin")].join(delimiter) };
    const cached = program(cachedProgram(set));
    expect(findTemporal(set)).toMatchObject({ kind: "program", path: cached });
    const onPath = program(join(folder, "bin/temporal"));
    expect(findTemporal(set)).toMatchObject({ kind: "program", path: onPath });
  });

  it("and where there is none, what to do is said", () => {
    mkdirSync(join(folder, "bin/temporal"), { recursive: true });
    const set = { XDG_CACHE_HOME: folder, PATH: join(folder, "bin") };
    expect(findTemporal(set)).toEqual({ kind: "none", reason: expect.stringContaining("npm run temporal:install") });
  });

  it("a wrong TEMPORAL_CLI_PATH is told, not passed over", () => {
    const set = { HOME: folder, TEMPORAL_CLI_PATH: join(folder, "missing") };
    program(cachedProgram(set));
    expect(findTemporal(set)).toEqual({ kind: "none", reason: expect.stringContaining("TEMPORAL_CLI_PATH names") });
  });
});
