import { type AddressInfo, createServer, type Server } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { findLocalServers } from "./find-models.ts";
import { claimPort, HOST, parsePort } from "./ports.ts";
import { StartError } from "./start-error.ts";

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

async function listen(host: string): Promise<number> {
  const server = createServer((socket) => {
    socket.on("error", () => {});
    socket.end("HTTP/1.1 200 OK\r\nconnection: close\r\n\r\nnot JSON");
  });
  servers.push(server);
  await new Promise<void>((up) => server.listen(0, host, up));
  return (server.address() as AddressInfo).port;
}

describe("PORT", () => {
  it.each([
    [undefined, 8787],
    [" ", 8787],
    ["9000", 9000],
    ["0", 0],
  ])("%j means %i", (text, port) => expect(parsePort(text, 8787)).toBe(port));

  it.each(["eighty", "-1", "65536", "80.5"])("%j is refused with what it should be", (text) => {
    expect(() => parsePort(text, 8787)).toThrow(`it is "${text}"`);
  });
});

describe("a port", () => {
  it("that is free is ours; 0 finds one", async () => {
    const port = await claimPort(0);
    expect(port).toBeGreaterThan(0);
    expect(await claimPort(port)).toBe(port);
  });

  it.each([HOST, "0.0.0.0"])("that is taken at %s is refused, with by whom and what to do", async (host) => {
    const port = await listen(host);
    const error = await claimPort(port).catch((thrown: unknown) => thrown as StartError);
    expect(error).toBeInstanceOf(StartError);
    expect((error as StartError).message).toContain(`Port ${port} is taken by process ${process.pid}`);
    expect((error as StartError).remedy).toContain(`PORT=${port + 1} npm start`);
  });
});

describe("models on this machine", () => {
  it("are no models where nothing answers, or something else does", async () => {
    const other = await listen(HOST);
    const free = await claimPort(0);
    const places = [other, free].map((port) => ({ name: `${port}`, baseUrl: `http://${HOST}:${port}/v1` }));
    expect(await findLocalServers(places)).toEqual([]);
  });
});
