// A store with its HTTP endpoint, in this process or, so that a query of the database delays nobody else, in a thread.
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { Worker } from "node:worker_threads";
import { listen } from "./listen.ts";
import { neonApp } from "./postgres/neon.ts";
import type { SqlStore } from "./postgres/store.ts";
import type { RedisStore } from "./redis/store.ts";
import { upstashApp } from "./redis/upstash.ts";

/** A database that is just coming up for the first time may take longer to end; it does not mind being cut off. */
const PATIENCE_MS = 1_000;

export interface EndpointOptions {
  protocol: "upstash" | "neon";
  /** A server's address, or the folder of an embedded store. */
  store: { url: string } | { folder: string };
  /** What callers show: the bearer token, or the password in their connection string. */
  secret: string;
  /** 0, the default, takes a free one. */
  port?: number;
  host?: string;
}

export interface Endpoint {
  port: number;
  close(): Promise<void>;
}

/** Listens at once; a database that is still coming up makes its callers wait. */
export async function startEndpoint({ protocol, store, secret, port = 0, host }: EndpointOptions): Promise<Endpoint> {
  if (protocol === "upstash") {
    const redis = await redisStore(store);
    return serve(redis, await listen(upstashApp(redis, secret), port, host));
  }
  const postgres = await sqlStore(store);
  return serve(postgres, await listen(neonApp(postgres, secret), port, host));
}

// Only the one in use is loaded.
async function redisStore(store: EndpointOptions["store"]): Promise<RedisStore> {
  if ("url" in store) return (await import("./redis/real.ts")).RealRedis.open(store.url);
  return new (await import("./redis/embedded.ts")).EmbeddedRedis(store.folder);
}

async function sqlStore(store: EndpointOptions["store"]): Promise<SqlStore> {
  if ("url" in store) return new (await import("./postgres/real.ts")).RealPostgres(store.url);
  return new (await import("./postgres/embedded.ts")).EmbeddedPostgres(store.folder);
}

function serve(store: { close(): Promise<void> }, listener: Endpoint): Endpoint {
  return {
    port: listener.port,
    close: async () => {
      await listener.close();
      await store.close();
    },
  };
}

/** The same, in a thread of its own. */
export async function startEndpointThread(options: EndpointOptions): Promise<Endpoint> {
  const thread = new Worker(new URL("./endpoint-thread.ts", import.meta.url), { workerData: options });
  const exited = new Promise((resolve) => thread.once("exit", resolve));
  const [port] = (await once(thread, "message")) as [number];
  // Without this one the whole stack does worse, but goes on.
  thread.on("error", (error) => console.error(error));
  return {
    port,
    close: async () => {
      thread.postMessage("close");
      await Promise.race([exited, sleep(PATIENCE_MS, undefined, { ref: false })]);
      await thread.terminate();
    },
  };
}
