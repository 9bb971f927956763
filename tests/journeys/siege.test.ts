// Proves docs/security.md, "a flood": what one attacker sends is bounded, and others are answered meanwhile. A sample, where a
// slow body has three seconds instead of thirty; the whole of it is `node tests/journeys/siege-sweep.ts`.
import { afterAll, beforeAll, expect, it } from "vitest";
import { type ScriptedModel, startScriptedModel } from "../../local/model/server.ts";
import { besiege } from "./siege.ts";
import { Stack } from "./stack.ts";

let model: ScriptedModel;
let stack: Stack;

beforeAll(async () => {
  model = await startScriptedModel();
  stack = await Stack.start({ scriptedModelUrl: model.url, env: { BODY_SECONDS: "3" } });
});

afterAll(async () => {
  await stack?.dispose();
  await model?.close();
});

it("slow requests, large bodies and many sockets of one person harm nobody else", { timeout: 240_000 }, async () => {
  const verdict = await besiege(stack, { slow: 40, oversized: 6, sockets: 1_000, answers: 5 });
  console.log(JSON.stringify(verdict));
  const [before, worst, after] = verdict.memory;
  console.log(`memory of the edge, MB: ${before} before, ${worst} at the worst, ${after} when they had left`);
  // Each of the slow bodies, and of the others' answers: those meanwhile, and the one afterwards. That each socket was told
  // of the attacker's own next answer, the siege itself waits for.
  expect(verdict).toMatchObject({ slow: { refused: 20 }, whole: 6, sockets: 1_000 });
  // Whether the refusal is read before the connection breaks under what is still being sent is the client's luck.
  const { 0: closed = 0, 413: refused = 0 } = verdict.oversized;
  expect(closed + refused).toBe(6);
});
