// An HTTP server for an app, on loopback unless told otherwise.
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { createAdaptorServer } from "@hono/node-server";
import type { Hono } from "hono";
import { HOST } from "../ports.ts";

export interface Listener {
  port: number;
  /** Cuts what is open and stops listening. */
  close(): Promise<void>;
}

/** Port 0 takes a free one. Rejects with the reason (EADDRINUSE …) when it can't listen. */
export async function listen(app: Hono, port: number, host: string = HOST): Promise<Listener> {
  const server = createAdaptorServer({ fetch: app.fetch, overrideGlobalObjects: false }) as Server;
  // Longer than any client keeps an idle connection, so none is closed under a request.
  server.keepAliveTimeout = 120_000;
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host, resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    close: async () => {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
    },
  };
}
