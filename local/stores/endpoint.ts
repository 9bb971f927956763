// A store with its HTTP endpoint, in this process or, so that a query of the database delays nobody else, in a thread.
import { once } from "node:events";
import { Worker } from "node:worker_threads";
import { listen } from "./listen.ts";
import { EmbeddedPostgres } from "./postgres/embedded.ts";
import { neonApp } from "./postgres/neon.ts";
import { RealPostgres } from "./postgres/real.ts";
import { EmbeddedRedis } from "./redis/embedded.ts";
import { RealRedis } from "./redis/real.ts";
import { upstashApp } from "./redis/upstash.ts";

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
    const redis = "url" in store ? await RealRedis.open(store.url) : new EmbeddedRedis(store.folder);
    return serve(redis, await listen(upstashApp(redis, secret), port, host));
  }
  const postgres = "url" in store ? new RealPostgres(store.url) : new EmbeddedPostgres(store.folder);
  return serve(postgres, await listen(neonApp(postgres, secret), port, host));
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
  const [port] = (await once(thread, "message")) as [number];
  return {
    port,
    close: async () => {
      thread.postMessage("close");
      await once(thread, "exit");
    },
  };
}
