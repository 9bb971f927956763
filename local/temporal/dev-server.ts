// A Temporal server of this machine's own: one process, its database in a file, so that it can be killed and started
// again on what it knew.
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { freePort, HOST } from "../ports.ts";

export interface DevServer {
  command: string;
  args: string[];
  env: NodeJS.ProcessEnv;
  /** As Temporal's clients take it. */
  address: string;
  /** Where its web page is; null without one. */
  ui: string | null;
}

interface Options {
  program: string;
  /** Where its database is kept. */
  folder: string;
  /** What workflows can be found by, each a keyword. */
  searchAttributes: readonly string[];
  ui: boolean;
}

/** Chooses free ports for a server; whoever runs it may start it again on them. */
export async function devServer({ program, folder, searchAttributes, ui }: Options): Promise<DevServer> {
  mkdirSync(folder, { recursive: true });
  const port = await freePort();
  const uiPort = ui ? await freePort() : null;
  const attributes = searchAttributes.flatMap((name) => ["--search-attribute", `${name}=Keyword`]);
  const page = uiPort === null ? ["--headless"] : ["--ui-port", String(uiPort)];
  return {
    command: program,
    args: [
      ...["server", "start-dev", "--ip", HOST, "--port", String(port), ...page],
      ...["--db-filename", join(folder, "temporal.db"), "--log-level", "error", ...attributes],
    ],
    // It asks nobody whether there is a newer one.
    env: { ...process.env, TEMPORAL_VERSION_CHECK_DISABLED: "1" },
    address: `${HOST}:${port}`,
    ui: uiPort === null ? null : `http://${HOST}:${uiPort}`,
  };
}
