// Histories of real workflows, kept as fixtures: the present workflow must take the same way through each of them, or
// those that are open during an upgrade would be stuck. `REPLAY_RECORD=1` beside `workflow.test.ts` makes them anew, which
// only a deliberate, versioned change of the workflow's way may need.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { DefaultLogger, Runtime, Worker } from "@temporalio/worker";
import { beforeAll, describe, expect, test } from "vitest";
import { unpackHistory } from "../tests/histories.ts";
import { workflowBundle } from "./bundle.ts";

const HISTORIES = join(import.meta.dirname, "histories");

describe("a workflow begun before", () => {
  beforeAll(() => void Runtime.install({ logger: new DefaultLogger("ERROR") }));

  test.each(readdirSync(HISTORIES))(
    "goes its way again: %s",
    async (name) => {
      const history = unpackHistory(readFileSync(join(HISTORIES, name), "utf8"));
      await Worker.runReplayHistory({ workflowBundle: await workflowBundle() }, history);
    },
    60_000,
  );

  test("would be noticed if it could not", async () => {
    const [name = ""] = readdirSync(HISTORIES);
    const text = readFileSync(join(HISTORIES, name), "utf8");
    const renamed = unpackHistory(text.replaceAll("validatePrompt", "somethingElse"));
    await expect(Worker.runReplayHistory({ workflowBundle: await workflowBundle() }, renamed)).rejects.toThrow(
      /Nondeterminism/i,
    );
  }, 60_000);
});
