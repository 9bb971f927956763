// The temporal tier on the real stack, with a real Temporal server: an answer survives the crash of every part. A few
// chunks, chosen by a seed; every one of them is `node tests/journeys/temporal-sweep.ts`.
import { execFile } from "node:child_process";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type ScriptedModel, startScriptedModel } from "../../local/model/server.ts";
import { scriptedText } from "../../local/model/text.ts";
import { hold, release } from "../../local/temporal/hold.ts";
import type {
  WorkflowListReply,
  WorkflowResultReply,
  WorkflowStatusReply,
  WorkflowTimelineReply,
} from "../../protocol/workflows.ts";
import { Random } from "../simulation/random.ts";
import { withoutTemporal } from "../temporal.ts";
import { Client } from "./client.ts";
import { chosenSeed } from "./seed.ts";
import { eventually, type Part, Stack } from "./stack.ts";
import { CHUNKS, strike } from "./temporal-crash.ts";
import { attemptsOf, temporalReady } from "./temporal-server.ts";
import { type BlowToOne, SHARED_TOKEN, TwoWorkers } from "./temporal-two.ts";

const seed = chosenSeed();
const random = new Random(seed, "temporal");
console.log(`temporal.test.ts: SEED=${seed}`);
const ROOT = resolve(import.meta.dirname, "../..");
const run = promisify(execFile);

describe.skipIf(withoutTemporal)(`the temporal tier${withoutTemporal ? ` (skipped: ${withoutTemporal})` : ""}`, () => {
  let model: ScriptedModel;
  let stack: Stack;
  let client: Client;

  beforeAll(async () => {
    model = await startScriptedModel();
    const env = { TEMPORAL_BRIDGE_TOKEN: SHARED_TOKEN };
    stack = await Stack.start({ scriptedModelUrl: model.url, temporal: true, env });
    client = await Client.join(stack.url);
    await temporalReady(client);
  }, 300_000);

  afterAll(async () => {
    await stack?.dispose();
    await model?.close();
  });

  const ask = (prompt: string, words: string) => client.ask({ prompt, tier: "temporal", model: `scripted-${words}` });
  const counts = (prompt: string) => model.counters().perPrompt[prompt];
  const get = async <T>(path: string): Promise<T> => (await (await client.get(path)).json()) as T;
  /** The workflow, once it is over. */
  async function closed(id: string) {
    let over: WorkflowStatusReply["workflow"] = null;
    await eventually("the workflow ends", async () => {
      const { workflow } = await client.workflow(id);
      if (workflow && workflow.state !== "running") over = workflow;
      return over !== null;
    });
    return over;
  }
  /** While the worker is down. */
  async function withoutWorker<T>(body: () => Promise<T>): Promise<T> {
    hold(stack.data);
    for (const { pid } of stack.processes("worker")) process.kill(pid, "SIGKILL");
    await eventually("the worker is gone", () => stack.processes("worker").length === 0);
    try {
      return await body();
    } finally {
      release(stack.data);
    }
  }

  describe("a long essay whose worker is killed in the middle", () => {
    const essay = { index: 120, chunks: 400, rate: 30, parts: ["worker"] as Part[], down: 5_000 };

    it("goes on exactly where it was, and nothing is made twice, where the provider keeps the stream", async () => {
      const verdict = await strike(stack, model, client, { provider: "openai", ...essay });
      expect(verdict).toMatchObject({ outcome: "reattach", madeTwice: 0, saidTwice: 0, generations: 1, breaks: 0 });
      console.log(`kill to next new word: ${verdict.sinceBlow} ms; worker back to it: ${verdict.sinceBack} ms`);
      const attempts = (await attemptsOf(stack, verdict.run)).filter(({ activity }) => activity === "generateAnswer");
      expect(attempts.at(-1)).toMatchObject({ lastFailure: expect.stringContaining("eartbeat") });
      expect(attempts.at(-1)?.attempt).toBeGreaterThan(1);
      const { steps } = await get<WorkflowTimelineReply>(`/api/workflows/${verdict.run}/timeline`);
      const [, generate] = steps;
      expect(generate).toMatchObject({ name: "generateAnswer", state: "completed" });
      expect(generate?.attempts.map(({ attempt }) => attempt)).toContain(2);
    });

    it("goes on where it was, and says what was made twice, where the provider does not", async () => {
      const verdict = await strike(stack, model, client, { provider: "anthropic", ...essay });
      expect(verdict).toMatchObject({ outcome: "continue", generations: 2, breaks: 0 });
      expect(verdict.saidTwice).toBeGreaterThanOrEqual(verdict.madeTwice);
    });
  });

  describe("SIGKILL at some chunk", () => {
    const blows: Part[][] = [
      ["bridge"],
      ["temporal"],
      ["edge"],
      ["worker"],
      ["worker", "edge"],
      ["bridge", "temporal"],
    ];
    it.each(blows.map((parts) => ({ what: parts.join(" and "), parts, index: random.between(0, CHUNKS) })))(
      "of $what, after chunk $index",
      async ({ parts, index }) => {
        const verdict = await strike(stack, model, client, { provider: "openai", index, parts });
        expect(verdict).toMatchObject({ madeTwice: 0, generations: 1 });
      },
    );
  });

  describe("with no worker", () => {
    it("status, list and cancel answer, and the workflow ends when there is one again", async () => {
      const prompt = `Nobody is there ${seed}`;
      const { id } = await ask(prompt, "tokens-60-rate-20");
      await eventually("it has begun", async () => (await client.status(id)).progress.characters > 60);
      await withoutWorker(async () => {
        const timed = async <T>(what: string, body: () => Promise<T>) => {
          const began = performance.now();
          const value = await body();
          console.log(`with no worker: ${what} answered in ${Math.round(performance.now() - began)} ms`);
          return value;
        };
        const status = await timed("status", () => client.workflow(id));
        expect(status).toMatchObject({ state: "running", workflow: { state: "running", step: "generateAnswer" } });
        const { workflows } = await timed("list", () => get<WorkflowListReply>("/api/workflows/list?state=running"));
        expect(workflows.map((each) => each.id)).toContain(id);
        expect(await timed("cancel", () => client.cancel(id))).toEqual({ id, state: "cancelled" });
        const result = await get<WorkflowResultReply>(`/api/workflows/${id}/result`);
        expect(result).toMatchObject({ over: true, state: "cancelled" });
        expect(scriptedText(prompt, 60).startsWith(result.text)).toBe(true);
        expect(result.text.length).toBeGreaterThan(60);
      });
      expect(await closed(id)).toMatchObject({ state: "cancelled" });
    });

    it("an ask waits, and is answered when there is one", async () => {
      const prompt = `I can wait ${seed}`;
      const { id } = await withoutWorker(async () => {
        const asked = await ask(prompt, "tokens-20-rate-0");
        const waited = await client.get(`/api/workflows/${asked.id}/result?wait=1`);
        expect([waited.status, waited.headers.get("retry-after")]).toEqual([202, "1"]);
        expect(await waited.json()).toMatchObject({ over: false, state: "running", text: "" });
        return asked;
      });
      const { text } = await get<WorkflowResultReply>(`/api/workflows/${id}/result?wait=30`);
      expect(text).toBe(scriptedText(prompt, 20));
    });

    it("npm run worker:stop and worker:start stop and start it alone", async () => {
      const control = (...args: string[]) =>
        run(process.execPath, [join(ROOT, "local/temporal/control.ts"), ...args], {
          env: { ...process.env, KEEPSTREAM_DATA: stack.data },
        });
      const [before] = stack.processes("worker");
      expect((await control("stop", "--kill")).stdout).toContain(`process ${before?.pid}`);
      expect(stack.processes("worker")).toEqual([]);
      expect((await control("start")).stdout).toMatch(/runs as process \d+/);
      expect((await control("stop")).stdout).toMatch(/is gone/);
      await control("start");
      expect(["bridge", "temporal", "edge"].every((part) => stack.processes(part as Part).length > 0)).toBe(true);
    });
  });

  describe("cancelled", () => {
    /** Each with the moment at which it is stopped. */
    it.each([
      { when: "before its workflow has begun", words: "tokens-500-rate-40", until: () => true },
      { when: "while it waits for the first word", words: "tokens-500-rate-40-ttft-20000", until: "waiting" },
      { when: "while the provider is asked again", words: "tokens-500-429-retryafter-20", until: "asked" },
      { when: "in the middle", words: "tokens-500-rate-40", until: "generating" },
    ] as const)("$when", async ({ when, words, until }) => {
      const prompt = `Stop ${when} ${seed}`;
      const { id } = await ask(prompt, words);
      await eventually("the moment has come", async () => {
        if (until === "asked") return (counts(prompt)?.requests ?? 0) > 0;
        if (until === "waiting") return (counts(prompt)?.generations ?? 0) > 0;
        return until === "generating" ? (await client.status(id)).progress.characters > 40 : true;
      });
      const shown = (await client.status(id)).progress.characters;
      const began = performance.now();
      expect(await client.cancel(id)).toEqual({ id, state: "cancelled" });
      await eventually("the provider has stopped", () => {
        const all = Object.values(model.counters().perResponse).filter((each) => each.prompt === prompt);
        return all.every(({ state }) => state === "cancelled" || state === "aborted");
      });
      console.log(`cancelled ${when}: at the provider after ${Math.round(performance.now() - began)} ms`);
      expect(await closed(id)).toMatchObject({ state: "cancelled" });
      const { text, state } = await get<WorkflowResultReply>(`/api/workflows/${id}/result`);
      expect(state).toBe("cancelled");
      expect(text.length).toBeGreaterThanOrEqual(shown);
      expect(scriptedText(prompt, 500).startsWith(text)).toBe(true);
    });
  });

  describe("two workers share the queue", () => {
    let two: TwoWorkers;
    beforeAll(() => {
      two = new TwoWorkers(stack, model, client);
    });
    afterAll(() => two?.end());

    const blows: Omit<BlowToOne, "index">[] = [
      { signal: "SIGKILL", victim: random.pick(["kept", "second"]) },
      { signal: "SIGSTOP", victim: random.pick(["kept", "second"]) },
    ];
    it.each(blows.map((blow) => ({ ...blow, index: random.between(0, CHUNKS) })))(
      "$signal to the $victim one, after chunk $index: the other one goes on with its answers",
      async (blow) => {
        // How the answers were shared out is the queue's affair: one of the two may have had them all.
        const shared = await two.strike(blow);
        console.log(`two workers, ${blow.signal}: ${JSON.stringify(shared)}`);
      },
    );
  });

  it("a terminal that is closed leaves nothing running", async () => {
    await stack.hangUp();
    await eventually("nothing runs any more", () => stack.servers().length === 0);
  });
});
