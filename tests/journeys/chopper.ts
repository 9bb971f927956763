// A TCP proxy that cuts connections: after so many bytes from the server, wherever in a character, an event, a frame or
// a header that falls. Half of the cuts are an orderly end, half a reset.

import type { AddressInfo } from "node:net";
import { connect, createServer, type Server, type Socket } from "node:net";

export interface Chopper {
  readonly url: string;
  /** Connections cut so far. */
  readonly cuts: number;
  close(): Promise<void>;
}

export interface ChopperOptions {
  /** The server's port. */
  to: number;
  /** How many bytes from the server the next connection lets through; Infinity for all. */
  budget(): number;
  random(): number;
  /** Header lines put into a connection's first request, for clients that can send none. */
  headers?: string;
}

export async function startChopper({ to, budget, random, headers }: ChopperOptions): Promise<Chopper> {
  let cuts = 0;
  const open = new Set<Socket>();
  const server: Server = createServer((client) => {
    const upstream = connect({ port: to, host: "127.0.0.1", noDelay: true });
    client.setNoDelay(true);
    open.add(client).add(upstream);
    let left = budget();
    let pristine = headers !== undefined;
    const cut = () => {
      cuts += 1;
      left = 0;
      upstream.destroy();
      if (random() < 0.5) client.resetAndDestroy();
      else client.destroySoon();
    };
    client.on("data", (bytes) => {
      if (pristine) {
        const line = bytes.indexOf("\r\n") + 2;
        upstream.write(Buffer.concat([bytes.subarray(0, line), Buffer.from(`${headers}\r\n`), bytes.subarray(line)]));
        pristine = false;
      } else {
        upstream.write(bytes);
      }
    });
    upstream.on("data", (bytes) => {
      if (bytes.length < left) {
        left -= bytes.length;
        client.write(bytes);
      } else if (left > 0) {
        client.write(bytes.subarray(0, left));
        cut();
      }
    });
    client.on("close", () => {
      open.delete(client);
      upstream.destroy();
    });
    upstream.on("close", () => {
      open.delete(upstream);
      client.destroySoon();
    });
    client.on("error", () => {});
    upstream.on("error", () => {});
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    get cuts() {
      return cuts;
    },
    async close() {
      for (const socket of open) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
