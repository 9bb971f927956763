// A real Temporal server for the tests that need one, or the reason why they are left out. In CI an absent one is a failure.
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Connection } from "@temporalio/client";
import { devServer } from "../local/temporal/dev-server.ts";
import { findTemporal } from "../local/temporal/program.ts";
import { SEARCH_ATTRIBUTES } from "../temporal-bridge/attributes.ts";

const found = findTemporal({ ...process.env, TEMPORAL_ADDRESS: "" });

/** The server's program, where there is one. */
export const temporalProgram = found.kind === "program" ? found.path : undefined;

/** Why the tests that need Temporal are left out, where they may be. */
export const withoutTemporal =
  found.kind === "none" && process.env.KEEPSTREAM_REQUIRE !== "all" ? found.reason : undefined;

export interface TemporalServer {
  address: string;
  close(): Promise<void>;
}

const START_PATIENCE_MS = 60_000;

/** Starts one on free ports and a database of its own; resolves when it takes workflows. */
export async function startTemporal(): Promise<TemporalServer> {
  if (!temporalProgram)
    throw new Error("No Temporal server was found, and it is required here: npm run temporal:install.");
  const folder = mkdtempSync(join(tmpdir(), "keepstream-temporal-"));
  const options = { program: temporalProgram, folder, searchAttributes: SEARCH_ATTRIBUTES, ui: false };
  const { command, args, env, address } = await devServer(options);
  const server = spawn(command, args, { env, stdio: "ignore" });
  const gone = new Promise<void>((resolve) => server.once("close", () => resolve()));
  const close = async () => {
    server.kill("SIGKILL");
    await gone;
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    await answers(address, server);
  } catch (error) {
    await close();
    throw error;
  }
  return { address, close };
}

/** Resolves when its default namespace can be asked for. */
async function answers(address: string, server: ChildProcess): Promise<void> {
  for (const until = Date.now() + START_PATIENCE_MS; ; await sleep(50)) {
    if (server.exitCode !== null) throw new Error(`The Temporal server ended with ${server.exitCode}.`);
    try {
      const connection = await Connection.connect({ address, connectTimeout: 1_000 });
      try {
        await connection.workflowService.describeNamespace({ namespace: "default" });
        return;
      } finally {
        await connection.close();
      }
    } catch (error) {
      if (Date.now() > until) throw error;
    }
  }
}
