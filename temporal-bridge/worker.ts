// The worker's command: carries out workflows until it is told to stop, and then lets go of what it has, so that another
// worker goes on with it.
import { DefaultLogger, NativeConnection, Runtime, Worker } from "@temporalio/worker";
import type { Clock } from "../producers/producer.ts";
import { createProviders } from "../providers/registry.ts";
import { createActivities } from "./activities.ts";
import { workflowBundle } from "./bundle.ts";
import { createEdge } from "./edge.ts";
import { createLog } from "./log.ts";
import { parseWorkerSettings, type WorkerSettings } from "./settings.ts";

const RETRY_MS = 1_000;

const log = createLog("worker", process.env);
const clock: Clock = { now: () => Date.now(), after: (ms, callback) => void setTimeout(callback, ms) };

async function connect({ address, apiKey, tls }: WorkerSettings): Promise<NativeConnection> {
  for (;;) {
    try {
      return await NativeConnection.connect({ address, tls, ...(apiKey && { apiKey }) });
    } catch (error) {
      log("Temporal can't be reached; trying again", { address, error: String(error) });
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
    }
  }
}

async function main(): Promise<void> {
  const settings = parseWorkerSettings(process.env);
  const logger = new DefaultLogger("WARN", ({ level, message, meta }) => log(message, { level, ...meta }));
  Runtime.install({ logger, shutdownSignals: ["SIGTERM", "SIGINT"] });
  const connection = await connect(settings);
  const edge = (trace: string | null) => createEdge({ url: settings.edgeUrl, token: settings.token, trace });
  const providers = createProviders(settings.providers);
  const worker = await Worker.create({
    connection,
    namespace: settings.namespace,
    taskQueue: settings.taskQueue,
    workflowBundle: await workflowBundle(),
    activities: createActivities({ edge, providers, clock, random: Math.random, log }),
    maxConcurrentActivityTaskExecutions: settings.answers,
    // A worker that died is noticed soon: by its heartbeats, and by the workflow tasks it leaves lying.
    maxHeartbeatThrottleInterval: "500ms",
    stickyQueueScheduleToStartTimeout: "1s",
    shutdownGraceTime: "100ms",
    shutdownForceTime: "4s",
  });
  log("ready", { address: settings.address, taskQueue: settings.taskQueue, edge: settings.edgeUrl }, "info");
  await worker.run();
  await connection.close();
  log("stopped", {}, "info");
}

main().catch((error) => {
  log("failed", { error: error instanceof Error ? error.message : String(error) });
  process.exitCode = 1;
});
