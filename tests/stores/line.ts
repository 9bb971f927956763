// A TCP line to a server of this machine that can be made to fail: refused, silent, or cut.
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { HOST } from "../../local/ports.ts";

/** `refuse`: connections are refused and open ones cut. `hang`: nothing gets through, and nobody is told. */
export type LineMode = "pass" | "refuse" | "hang";

export class Line {
  readonly port: number;
  readonly #to: () => Promise<number>;
  readonly #sockets = new Set<Socket>();
  #server: Server | undefined;
  #mode: LineMode = "pass";

  private constructor(port: number, to: () => Promise<number>, server: Server) {
    this.port = port;
    this.#to = to;
    this.#server = server;
    server.on("connection", (socket) => void this.#carry(socket));
  }

  /** A line to a port of this machine; a function that tells the port is asked when the first one calls. */
  static async to(port: number | (() => Promise<number>)): Promise<Line> {
    const server = await listening(0);
    const to = typeof port === "number" ? async () => port : port;
    return new Line((server.address() as AddressInfo).port, to, server);
  }

  async set(mode: LineMode): Promise<void> {
    this.#mode = mode;
    if (mode === "refuse") {
      const server = this.#server;
      this.#server = undefined;
      this.cut();
      if (server) await new Promise((closed) => server.close(closed));
    } else if (!this.#server) {
      this.#server = await listening(this.port);
      this.#server.on("connection", (socket) => void this.#carry(socket));
    }
    for (const socket of this.#sockets) {
      if (mode === "pass") socket.resume();
      else socket.pause();
    }
  }

  /** Breaks every open connection. */
  cut(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  async close(): Promise<void> {
    await this.set("refuse");
  }

  async #carry(from: Socket): Promise<void> {
    // It may be gone before there is anybody to carry to.
    from.on("error", () => {});
    from.pause();
    const port = await this.#to().catch(() => undefined);
    if (port === undefined) return void from.destroy();
    const to = connect(port, HOST);
    for (const [socket, other] of [
      [from, to],
      [to, from],
    ] as const) {
      this.#sockets.add(socket);
      socket.on("data", (chunk) => other.write(chunk));
      socket.on("end", () => other.end());
      socket.on("error", () => other.destroy());
      socket.on("close", () => {
        this.#sockets.delete(socket);
        other.destroy();
      });
      if (this.#mode !== "hang") socket.resume();
    }
    if (this.#mode === "refuse" || from.destroyed) from.destroy();
  }
}

async function listening(port: number): Promise<Server> {
  const server = createServer();
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, HOST, resolve);
  });
  return server;
}
