// The workflow as one file, which is what a worker loads: bundled once, and again only after a change. Images have it
// built in (`node temporal-bridge/bundle.ts`), so that a worker is ready in a second instead of five.
import { mkdirSync, renameSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { bundleWorkflowCode } from "@temporalio/worker";

const FOLDER = join(import.meta.dirname, "..", "dist");
const BUNDLE = join(FOLDER, "workflows.js");
/** What it is made of, besides Temporal's own part. */
const SOURCES = ["workflows.ts", "contract.ts"].map((name) => join(import.meta.dirname, name));
const SDK = join(import.meta.dirname, "..", "node_modules", "@temporalio", "workflow", "package.json");

/** What to give a worker. */
export async function workflowBundle(): Promise<{ codePath: string } | { code: string }> {
  if (isFresh()) return { codePath: BUNDLE };
  const [workflowsPath = ""] = SOURCES;
  const { code } = await bundleWorkflowCode({ workflowsPath });
  try {
    mkdirSync(FOLDER, { recursive: true });
    const unfinished = `${BUNDLE}.${process.pid}`;
    writeFileSync(unfinished, code);
    renameSync(unfinished, BUNDLE);
  } catch {
    // A file system that can't be written to; the next one bundles it again.
  }
  return { code };
}

function isFresh(): boolean {
  const made = statSync(BUNDLE, { throwIfNoEntry: false })?.mtimeMs ?? 0;
  return [...SOURCES, SDK].every((file) => (statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0) < made);
}

if (import.meta.main) await workflowBundle();
