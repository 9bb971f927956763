// The bridge's command: HTTP in front of a Temporal client, until it is told to stop.
import { serve } from "@hono/node-server";
import { createApp } from "./app.ts";
import { createLog } from "./log.ts";
import { parseBridgeSettings } from "./settings.ts";
import { connectTemporal } from "./temporal.ts";

/** What is under way when it is told to stop may take this long, ms. */
const STOP_MS = 2_000;

const log = createLog("bridge", process.env);

function main(): void {
  const settings = parseBridgeSettings(process.env);
  const temporal = connectTemporal(settings, log);
  const app = createApp({ temporal, token: settings.token, log });
  const server = serve({ fetch: app.fetch, hostname: settings.host, port: settings.port }, ({ port }) => {
    log("ready", { host: settings.host, port, temporal: settings.address, namespace: settings.namespace }, "info");
  });
  let stopping = false;
  const stop = () => {
    if (stopping) return;
    stopping = true;
    setTimeout(() => process.exit(0), STOP_MS).unref();
    server.close(() => {
      void temporal.close().finally(() => log("stopped", {}, "info"));
    });
  };
  process.on("SIGTERM", stop);
  process.on("SIGINT", stop);
}

try {
  main();
} catch (error) {
  log("failed", { error: error instanceof Error ? error.message : String(error) });
  process.exitCode = 1;
}
