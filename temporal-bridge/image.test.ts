// What can be known of the image where no container can be built: that it has every file and every package it runs on.
import { globSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { expect, test } from "vitest";

const ROOT = join(import.meta.dirname, "..");
const dockerfile = readFileSync(join(import.meta.dirname, "Dockerfile"), "utf8");
const copied = [...dockerfile.matchAll(/^COPY --chown=node:node (\S+) \1$/gm)].map(([, folder]) => folder ?? "");
const { dependencies } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8"));

const IMPORT = /(?:^|\n)\s*(?:import|export)\b[^"';]*?\bfrom\s*"([^"]+)"/g;

/** Every import of the product's own files in those folders, with types left out: they are not there when it runs. */
const imports = copied.flatMap((folder) =>
  globSync(`${folder}/**/*.ts`, { cwd: ROOT, exclude: (name) => /\.(test|contract)\.ts$/.test(String(name)) }).flatMap(
    (file) =>
      [...readFileSync(join(ROOT, file), "utf8").matchAll(IMPORT)]
        .filter(([statement]) => !/^\s*(import|export) type\b/.test(statement))
        .map(([, to = ""]) => ({ file, to })),
  ),
);

test("the image has every file it imports", () => {
  expect(copied).toEqual(["protocol", "providers", "producers", "temporal-bridge"]);
  const folders = imports
    .filter(({ to }) => to.startsWith("."))
    .map(({ file, to }) => relative(ROOT, resolve(ROOT, dirname(file), to)));
  expect(new Set(folders.map((path) => path.split("/")[0]))).toEqual(new Set(copied));
});

test("the image has every package it imports, development's left out", () => {
  const packages = imports.map(({ to }) => to).filter((to) => !to.startsWith(".") && !to.startsWith("node:"));
  const names = new Set(
    packages.map((to) =>
      to
        .split("/")
        .slice(0, to.startsWith("@") ? 2 : 1)
        .join("/"),
    ),
  );
  expect([...names].filter((name) => !dependencies[name])).toEqual([]);
  expect(names).toContain("@temporalio/worker");
});
