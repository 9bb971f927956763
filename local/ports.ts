// Ports: probed before anything is started, because a server that finds its port taken hangs without a word.
import { type AddressInfo, connect, createServer } from "node:net";
import { listenerOf, type ProcessInfo, processInfo } from "./processes.ts";
import { StartError } from "./start-error.ts";

export const HOST = "127.0.0.1";

/** The port `text` asks for (0: any free one), or a `StartError` that says what it should be. */
export function parsePort(text: string | undefined, fallback: number): number {
  const port = text?.trim() ? Number(text) : fallback;
  if (Number.isInteger(port) && port >= 0 && port <= 65_535) return port;
  throw new StartError(
    `PORT must be a number from 1 to 65535 (0: any free one); it is "${text}".`,
    "PORT=8787 npm start",
  );
}

/** Makes sure that nobody listens on `port`, or throws a `StartError` that says who does. For 0 it finds a free one. */
export async function claimPort(port: number): Promise<number> {
  if (port === 0) return freePort();
  if (!(await answers(port)) && (await canListen(port))) return port;
  const holder = responsible(listenerOf(port));
  const who = holder ? `process ${holder.pid} (${shorten(holder.command)})` : "another program";
  const end = holder ? `End it (kill ${holder.pid}), or choose` : "Choose";
  throw new StartError(`Port ${port} is taken by ${who}.`, `${end} another port: PORT=${port + 1} npm start`);
}

/** workerd that is killed is started again by whoever started it: then that is who has the port. */
function responsible(holder: ProcessInfo | undefined): ProcessInfo | undefined {
  if (!holder || !/workerd\S* serve /.test(holder.command) || holder.parent <= 1) return holder;
  return processInfo(holder.parent) ?? holder;
}

export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, HOST, resolve);
  });
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** Some systems let two programs listen on one port at different addresses, so listening alone proves too little. */
function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: HOST, timeout: 1_000 });
    const done = (answered: boolean) => {
      socket.destroy();
      resolve(answered);
    };
    socket.once("connect", () => done(true));
    socket.once("timeout", () => done(true));
    socket.once("error", () => done(false));
  });
}

function canListen(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen(port, HOST, () => server.close(() => resolve(true)));
  });
}

function shorten(command: string): string {
  return command.length > 80 ? `${command.slice(0, 79)}…` : command;
}
