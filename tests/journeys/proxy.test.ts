// Wrangler's proxy, which stands before workerd on one's own machine and nowhere else, is killed alone: the launcher sees it,
// and what was being answered comes to its end.
import { afterAll, beforeAll, expect, it } from "vitest";
import { listenerOf } from "../../local/processes.ts";
import { Client } from "./client.ts";
import { eventually, Stack } from "./stack.ts";

let stack: Stack;

beforeAll(async () => {
  stack = await Stack.start();
});
afterAll(() => stack?.dispose());

it("a proxy that is killed alone is started again with all that stands behind it", async () => {
  const client = await Client.join(stack.url);
  const { id } = await client.ask({ prompt: "What is a river?", model: "scripted-tokens-60-rate-30" });
  const proxy = listenerOf(stack.port);
  process.kill(proxy?.pid ?? 0, "SIGKILL");
  await eventually("the answer is there", async () => {
    const status = await client.status(id).catch(() => null);
    return status?.state === "completed";
  });
  expect(listenerOf(stack.port)?.pid).not.toBe(proxy?.pid);
});
