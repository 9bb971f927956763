// Proves docs/security.md, "a flood": what one attacker sends is bounded, and others are answered meanwhile. A sample; the
// whole of it is `node tests/journeys/siege-sweep.ts`, which waits for slow bodies to be refused as well.
import { afterAll, beforeAll, expect, it } from "vitest";
import { type ScriptedModel, startScriptedModel } from "../../local/model/server.ts";
import { besiege } from "./siege.ts";
import { Stack } from "./stack.ts";

let model: ScriptedModel;
let stack: Stack;

beforeAll(async () => {
  model = await startScriptedModel();
  stack = await Stack.start({ scriptedModelUrl: model.url });
});

afterAll(async () => {
  await stack?.dispose();
  await model?.close();
});

it("slow requests, large bodies and many sockets of one person harm nobody else", { timeout: 240_000 }, async () => {
  const verdict = await besiege(stack, { slow: 40, oversized: 6, sockets: 100, answers: 5, patient: false });
  console.log(JSON.stringify(verdict));
  expect(verdict).toMatchObject({ whole: 6, sockets: 100 });
  // Whether the refusal is read before the connection breaks under what is still being sent is the client's luck.
  const { 0: closed = 0, 413: refused = 0 } = verdict.oversized;
  expect(closed + refused).toBe(6);
});
