// The temporal tier's bridge and worker on Cloudflare Containers: one image, two programs, each in a container that an
// object of its own starts, and stops when nobody has asked for a while. Whoever asks the bridge wakes both; a chat with an
// open run asks it each half a minute, so neither sleeps, or stays dead after a crash, while there is something to do.
import { Container } from "@cloudflare/containers";
import { getLogger } from "@logtape/logtape";
import { CONTAINER, containerVars } from "./container-vars.ts";

const logger = getLogger(["keepstream", "containers"]);

/** Longer than the longest time between two questions of a chat with an open run. */
const SLEEP_AFTER = "5m";

export class BridgeContainer extends Container<Env> {
  override defaultPort = 8790;
  override sleepAfter = SLEEP_AFTER;
  override entrypoint = ["node", "temporal-bridge/server.ts"];
  override envVars = containerVars(this.env, "bridge");

  override async fetch(request: Request): Promise<Response> {
    const awake = this.env.BRIDGE_WORKER?.getByName(CONTAINER).wake();
    if (awake) {
      this.ctx.waitUntil(
        awake.catch((error) => logger.warn("the worker could not be woken", { error: String(error) })),
      );
    }
    return super.fetch(request);
  }
}

export class WorkerContainer extends Container<Env> {
  override sleepAfter = SLEEP_AFTER;
  override entrypoint = ["node", "temporal-bridge/worker.ts"];
  override envVars = containerVars(this.env, "worker");

  /** Sees to it that the worker runs, and goes on running for a while. */
  async wake(): Promise<void> {
    this.renewActivityTimeout();
    await this.start();
  }
}
