// Dependencies run one way. This walks every import of the product's folders and fails on an arrow that is not allowed.
import { globSync, readFileSync } from "node:fs";
import { dirname, relative, resolve } from "node:path";
import { describe, expect, test } from "vitest";

const root = resolve(import.meta.dirname, "..");

/** What each folder may import besides itself, and which packages, where that is limited. */
const ALLOWED: Record<string, { folders: string[]; packages?: string[] }> = {
  protocol: { folders: [], packages: ["zod"] },
  providers: { folders: ["protocol"] },
  producers: { folders: ["protocol", "providers"] },
  cache: { folders: ["protocol"] },
  archive: { folders: ["protocol"] },
  "durable-objects": { folders: ["protocol", "providers", "producers", "cache", "archive"] },
  workers: { folders: ["protocol", "providers", "producers", "cache", "archive", "durable-objects"] },
  "temporal-bridge": { folders: ["protocol", "providers", "producers"] },
  web: { folders: ["protocol"] },
};
/** Tests may use the test helpers and run the local parts. */
const FOR_TESTS = ["tests", "local"];

const IMPORT =
  /(?:^|\n)\s*(?:import|export)\b[^"';]*?\bfrom\s*"([^"]+)"|\bimport\(\s*"([^"]+)"\s*\)|(?:^|\n)\s*import\s*"([^"]+)"/g;

interface Arrow {
  from: string;
  to: string;
}

function arrowsOf(folder: string): Arrow[] {
  return globSync(`${folder}/**/*.{ts,tsx}`, { cwd: root }).flatMap((file) => {
    const source = readFileSync(resolve(root, file), "utf8");
    return [...source.matchAll(IMPORT)].map((match) => ({ from: file, to: match[1] ?? match[2] ?? match[3] ?? "" }));
  });
}

/** The top folder an import leads to, or undefined for a package. */
function folderOf({ from, to }: Arrow): string | undefined {
  if (!to.startsWith(".")) return undefined;
  return relative(root, resolve(root, dirname(from), to)).split("/")[0];
}

const isTest = (file: string) => /\.(test|contract)\.tsx?$/.test(file);

describe.each(Object.entries(ALLOWED))("%s", (folder, { folders, packages }) => {
  const arrows = arrowsOf(folder);

  test("has imports to check", () => {
    expect(arrows.length).toBeGreaterThan(0);
  });

  test("imports only what stands before it", () => {
    const wrong = arrows.filter((arrow) => {
      const to = folderOf(arrow);
      const allowed = [folder, ...folders, ...(isTest(arrow.from) ? FOR_TESTS : [])];
      return to !== undefined && !allowed.includes(to);
    });
    expect(wrong).toEqual([]);
  });

  if (packages) {
    test(`imports no package but ${packages.join(", ")}`, () => {
      const wrong = arrows.filter((arrow) => !isTest(arrow.from) && !folderOf(arrow) && !packages.includes(arrow.to));
      expect(wrong).toEqual([]);
    });
  }
});

test("no view of the page talks to the network: of its api it takes the error alone", () => {
  const wrong = [...arrowsOf("web/views"), ...arrowsOf("web/components")].filter(
    ({ to }) => /\/api\//.test(to) && !to.endsWith("/api/client.ts"),
  );
  expect(wrong).toEqual([]);
  const calls = globSync("web/{views,components}/**/*.{ts,tsx}", { cwd: root }).filter((file) =>
    /\bfetch\(|new (WebSocket|EventSource|XMLHttpRequest)\b/.test(readFileSync(resolve(root, file), "utf8")),
  );
  expect(calls).toEqual([]);
});

test("the local parts take nothing from the Worker but its settings' names and bounds", () => {
  const wrong = arrowsOf("local").filter(({ from, to }) => {
    const inWorker = ["workers", "durable-objects", "web"].includes(folderOf({ from, to }) ?? "");
    return inWorker && !to.endsWith("/workers/env.ts");
  });
  expect(wrong).toEqual([]);
});
