import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, expect, it } from "vitest";
import { readerOf } from "./body-reader.ts";

const PARTS = ["one ", "two ", "three ", "four"];
let server: Server;

beforeAll(async () => {
  server = createServer(async (_request, response) => {
    for (const part of PARTS) {
      response.write(part);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    response.end();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
});
afterAll(() => server.close());

async function readAll(body: ReadableStream<Uint8Array>, atLeast: number): Promise<string[]> {
  const reader = readerOf(body);
  const reads: string[] = [];
  for (let bytes = await reader.read(atLeast); bytes; bytes = await reader.read(atLeast)) {
    reads.push(Buffer.from(bytes).toString());
  }
  return reads;
}

it("waits for so many bytes, and for the end at most", async () => {
  const { port } = server.address() as AddressInfo;
  const { body } = await fetch(`http://127.0.0.1:${port}/`);
  if (!body) throw new Error("no body");
  const reads = await readAll(body as ReadableStream<Uint8Array>, 6);
  expect(reads.join("")).toBe(PARTS.join(""));
  for (const read of reads.slice(0, -1)) expect(read.length).toBeGreaterThanOrEqual(6);
});

it("takes what comes from a stream that can't be waited for", async () => {
  const chunks = PARTS.map((part) => new TextEncoder().encode(part));
  const body = new ReadableStream<Uint8Array>({
    pull(controller) {
      const next = chunks.shift();
      if (next) controller.enqueue(next);
      else controller.close();
    },
  });
  expect(await readAll(body, 6)).toEqual(PARTS);
});
