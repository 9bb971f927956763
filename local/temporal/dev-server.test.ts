import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Client, Connection } from "@temporalio/client";
import { afterEach, expect, it } from "vitest";
import { SEARCH_ATTRIBUTES } from "../../temporal-bridge/attributes.ts";
import { eventually } from "../../tests/journeys/stack.ts";
import { temporalProgram, withoutTemporal } from "../../tests/temporal.ts";
import { type KeptProcess, keepRunning } from "../kept-process.ts";
import { devServer } from "./dev-server.ts";

const folder = mkdtempSync(join(tmpdir(), "keepstream-dev-server-"));
let server: KeptProcess | undefined;
afterEach(async () => {
  await server?.stop(1_000);
  rmSync(folder, { recursive: true, force: true });
});

it.skipIf(withoutTemporal)(
  `a Temporal server that is killed comes back with what it knew${withoutTemporal ? ` (skipped: ${withoutTemporal})` : ""}`,
  async () => {
    const options = { program: temporalProgram ?? "", folder, searchAttributes: SEARCH_ATTRIBUTES, ui: true };
    const own = await devServer(options);
    const said: string[] = [];
    const kept = keepRunning({ name: "temporal", ...own, log: (line) => said.push(line) });
    server = kept;
    const workflows = await eventuallyConnected(own.address);
    await workflows.workflow.start("Any", { workflowId: "one", taskQueue: "nobody", args: [] });
    expect((await fetch(own.ui ?? "")).status).toBe(200);

    process.kill(kept.pid ?? 0, "SIGKILL");
    await eventually("it is up again", () => kept.pid !== undefined);
    await eventually("it knows the workflow", async () => {
      const found = await workflows.workflow
        .getHandle("one")
        .describe()
        .catch(() => undefined);
      return found?.status.name === "RUNNING";
    });
    const { customAttributes } = await workflows.connection.operatorService.listSearchAttributes({
      namespace: "default",
    });
    expect(Object.keys(customAttributes ?? {})).toEqual(expect.arrayContaining([...SEARCH_ATTRIBUTES]));
    await workflows.connection.close();
  },
);

async function eventuallyConnected(address: string): Promise<Client & { connection: Connection }> {
  let connection: Connection | undefined;
  await eventually("it takes workflows", async () => {
    connection = await Connection.connect({ address, connectTimeout: 1_000 }).catch(() => undefined);
    return connection !== undefined;
  });
  return new Client({ connection: connection as Connection }) as Client & { connection: Connection };
}
