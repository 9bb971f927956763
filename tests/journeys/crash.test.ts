// SIGKILL of the launcher and workerd in the middle of an answer. A few chunks, chosen by a seed; every one of them is
// `node tests/journeys/crash-sweep.ts`.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type ScriptedModel, startScriptedModel } from "../../local/model/server.ts";
import { Random } from "../simulation/random.ts";
import { Client } from "./client.ts";
import { CHUNKS, type Crash, crash, type Verdict } from "./crash.ts";
import { chosenSeed } from "./seed.ts";
import { Stack } from "./stack.ts";

const seed = chosenSeed();
const random = new Random(seed, "crash");
console.log(`crash.test.ts: SEED=${seed}`);
/** Chunks at which text is promised already and more is to come. */
const between = () => random.between(15, 50);

let model: ScriptedModel;
let stack: Stack;
let client: Client;

beforeAll(async () => {
  model = await startScriptedModel();
  stack = await Stack.start({ scriptedModelUrl: model.url });
  client = await Client.join(stack.url);
});

afterAll(async () => {
  await stack?.dispose();
  await model?.close();
});

const at = (options: Crash): Promise<Verdict> => crash(stack, model, client, options);

describe("a provider that keeps the stream", () => {
  it.each([0, random.between(1, 20), random.between(21, 59)])("goes on with it after chunk %i", async (index) => {
    const verdict = await at({ provider: "openai", index });
    expect(verdict).toMatchObject({
      outcome: "reattach",
      status: "completed",
      saidTwice: 0,
      madeTwice: 0,
      generations: 1,
    });
  });

  it("has the whole answer when its stream can no longer be joined", async () => {
    const verdict = await at({ provider: "openai", words: "-expired", index: between() });
    expect(verdict).toMatchObject({ outcome: "reattach", status: "completed", madeTwice: 0, generations: 1 });
  });

  it("has nothing to mend, or little, after the last chunk", async () => {
    const verdict = await at({ provider: "openai", index: CHUNKS });
    expect(["undisturbed", "reattach"]).toContain(verdict.outcome);
    expect(verdict).toMatchObject({ status: "completed", madeTwice: 0, generations: 1 });
  });
});

describe("a provider that does not", () => {
  it.each([
    { provider: "anthropic", words: "", how: "by prefill" },
    { provider: "anthropic", words: "-noprefill", how: "by a turn that asks for it" },
    { provider: "compatible", words: "", how: "by a turn that asks for it" },
    { provider: "openai", words: "-noreattach", how: "when what it kept is lost" },
  ] as const)("is asked to go on: $provider, $how", async ({ provider, words }) => {
    const verdict = await at({ provider, words, index: between() });
    expect(verdict).toMatchObject({ outcome: "continue", status: "completed", continuations: 1 });
    expect(verdict.at).toBeGreaterThanOrEqual(verdict.promised);
    expect(verdict.saidTwice, "the receipt may say more than was made twice, never less").toBeGreaterThanOrEqual(
      verdict.madeTwice,
    );
  });

  it.each([
    { provider: "anthropic", words: "-nocontinue", recovery: "replace", outcome: "replace" },
    { provider: "openai", words: "-noreattach-nocontinue", recovery: "replace", outcome: "replace" },
    { provider: "compatible", words: "-nocontinue", recovery: "continue", outcome: "interrupted" },
    { provider: "anthropic", words: "", recovery: "free", outcome: "interrupted" },
    { provider: "openai", words: "-noreattach", recovery: "free", outcome: "interrupted" },
  ] as const)("ends honestly: $provider $words, allowed to $recovery", async ({ outcome, ...options }) => {
    const verdict = await at({ ...options, index: between() });
    expect(verdict).toMatchObject({ outcome, status: "interrupted", error: "recovery_exhausted", saidTwice: 0 });
    expect(verdict.promised).toBeGreaterThan(0);
    // No more was paid for than the policy allows.
    expect(verdict.generations).toBe(outcome === "replace" ? 2 : 1);
    expect(verdict.receipt.recoveries).toEqual([]);
  });
});
