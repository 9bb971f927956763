// The thread of `startEndpointThread`: says its port, then serves until it is told to close.
import { parentPort, workerData } from "node:worker_threads";
import { type EndpointOptions, startEndpoint } from "./endpoint.ts";

const endpoint = await startEndpoint(workerData as EndpointOptions);
parentPort?.once("message", () => void endpoint.close());
parentPort?.postMessage(endpoint.port);
