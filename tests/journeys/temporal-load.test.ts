// The temporal tier under load and under faults from outside: many workflows on one worker, a very long answer, a provider
// that fails by script, and an edge that the worker can't reach for a while.
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type ScriptedModel, startScriptedModel } from "../../local/model/server.ts";
import { scriptedText } from "../../local/model/text.ts";
import { freePort } from "../../local/ports.ts";
import type { RunStatus } from "../../protocol/records.ts";
import type { WorkflowResultReply, WorkflowStatusReply, WorkflowTimelineReply } from "../../protocol/workflows.ts";
import { Line } from "../stores/line.ts";
import { withoutTemporal } from "../temporal.ts";
import { Client } from "./client.ts";
import { eventually, Stack } from "./stack.ts";
import { attemptsOf, temporalReady } from "./temporal-server.ts";

/** How long the edge is out of reach, ms; the whole minute that is promised is `OUTAGE_MS=60000`. */
const OUTAGE_MS = Number(process.env.OUTAGE_MS || 4_000);
const AT_ONCE = 100;
const LONG = 20_000;

describe.skipIf(withoutTemporal)(`the temporal tier${withoutTemporal ? ` (skipped: ${withoutTemporal})` : ""}`, () => {
  let model: ScriptedModel;
  let stack: Stack;
  let client: Client;
  /** Between the worker and the edge. */
  let line: Line;

  beforeAll(async () => {
    model = await startScriptedModel();
    const port = await freePort();
    line = await Line.to(port);
    const env = { EDGE_URL: `http://127.0.0.1:${line.port}` };
    stack = await Stack.start({ scriptedModelUrl: model.url, temporal: true, port, env });
    client = await Client.join(stack.url);
    await temporalReady(client);
  }, 300_000);

  afterAll(async () => {
    await stack?.dispose();
    await line?.close();
    await model?.close();
  });

  const counts = (prompt: string) => model.counters().perPrompt[prompt];
  const ask = async (prompt: string, words: string, more: object = {}) =>
    (await client.ask({ prompt, tier: "temporal", model: `scripted-${words}`, ...more })).id;

  async function resultOf(run: string, status: RunStatus = "completed"): Promise<WorkflowResultReply> {
    let result: WorkflowResultReply | undefined;
    await eventually(
      `${run} ends`,
      async () => {
        result = (await (await client.get(`/api/workflows/${run}/result?wait=30`)).json()) as WorkflowResultReply;
        return result.over;
      },
      300_000,
    );
    expect({ state: result?.state, error: result?.error }).toMatchObject({ state: status });
    return result as WorkflowResultReply;
  }

  async function closed(run: string): Promise<NonNullable<WorkflowStatusReply["workflow"]>> {
    let workflow: WorkflowStatusReply["workflow"] = null;
    await eventually("the workflow is closed", async () => {
      workflow = (await client.workflow(run)).workflow;
      return workflow !== null && workflow.state !== "running";
    });
    return workflow as unknown as NonNullable<WorkflowStatusReply["workflow"]>;
  }

  it(`${AT_ONCE} workflows at once run on one worker`, async () => {
    const began = performance.now();
    const runs = await Promise.all(
      Array.from({ length: AT_ONCE }, async (_, i) => {
        const prompt = `at once ${i} ${stack.port}`;
        // Its first word comes late, so that all of them are open at once.
        return { prompt, run: await ask(prompt, "tokens-60-rate-60-ttft-5000") };
      }),
    );
    for (const { run, prompt } of runs) expect((await resultOf(run)).text).toBe(scriptedText(prompt, 60));
    // A worker that a busy machine leaves without a breath for two seconds is taken for lost: then another attempt goes on.
    const anew = runs.filter(({ prompt }) => counts(prompt)?.generations !== 1).length;
    const ms = Math.round(performance.now() - began);
    console.log(`${AT_ONCE} at once: each byte-exact after ${ms} ms, ${anew} begun anew`);
    for (const { run } of runs) expect((await closed(run)).state).toBe("completed");
  }, 600_000);

  describe("a provider that fails by script", () => {
    /** Beside them, since they wait most of the time. */
    const long = { prompt: "", run: "" };

    beforeAll(async () => {
      long.prompt = `At length ${stack.port}`;
      long.run = await ask(long.prompt, `tokens-${LONG}-rate-1000`, { maxOutputTokens: LONG });
    });

    it("429 with Retry-After is honoured", async () => {
      const prompt = `429 ${stack.port}`;
      const began = performance.now();
      const run = await ask(prompt, "tokens-20-rate-0-429-once-retryafter-3");
      expect((await resultOf(run)).text).toBe(scriptedText(prompt, 20));
      expect(performance.now() - began).toBeGreaterThan(3_000);
      expect(counts(prompt)?.requests).toBeGreaterThan(1);
      const [, generate] = (await timeline(run)).steps;
      expect(generate?.attempts.at(-1)?.attempt).toBeGreaterThan(1);
      expect(generate?.attempts[0]?.failure?.code).toBe("provider_rate_limited");
      expect((await attemptsOf(stack, run)).some(({ attempt }) => attempt === 2)).toBe(true);
    });

    it("500 is asked again", async () => {
      const prompt = `500 ${stack.port}`;
      const run = await ask(prompt, "tokens-20-rate-0-500-once");
      expect((await resultOf(run)).text).toBe(scriptedText(prompt, 20));
      const [, generate] = (await timeline(run)).steps;
      expect(generate?.attempts[0]?.failure?.code).toBe("provider_overloaded");
    });

    it("401 is not", async () => {
      const prompt = `401 ${stack.port}`;
      const run = await ask(prompt, "tokens-20-401");
      const { error, text } = await resultOf(run, "failed");
      expect([error?.code, text]).toEqual(["provider_auth", ""]);
      expect(counts(prompt)?.requests).toBe(1);
      expect((await closed(run)).state).toBe("failed");
      expect((await timeline(run)).failure?.code).toBe("provider_auth");
    });

    it.each(["openai", "anthropic", "compatible"] as const)(
      "a stream that is cut is recovered: %s",
      async (provider) => {
        const prompt = `cut ${provider} ${stack.port}`;
        const run = await ask(prompt, "tokens-60-rate-60-cut-20-once", { provider });
        const { text, receipt } = await resultOf(run);
        expect(text).toBe(scriptedText(prompt, 60));
        expect(receipt?.recoveries).toMatchObject([
          { mode: provider === "openai" ? "reattach" : "continue", madeTwice: 0 },
        ]);
        expect(counts(prompt)?.madeTwice).toBe(0);
      },
    );

    it(`an answer of ${LONG} tokens beside them stays far under the limits of a history`, async () => {
      const { text } = await resultOf(long.run);
      expect(text === scriptedText(long.prompt, LONG)).toBe(true);
      const { history } = await closed(long.run);
      console.log(`${LONG} tokens: ${history.events} events and ${history.bytes} bytes of history`);
      expect(history.events).toBeLessThan(500);
      expect(history.bytes).toBeLessThan(500_000);
    }, 600_000);

    const timeline = async (run: string) => {
      await closed(run);
      return (await (await client.get(`/api/workflows/${run}/timeline`)).json()) as WorkflowTimelineReply;
    };
  });

  it(`an edge out of reach for ${OUTAGE_MS / 1000} s, and again, gets all of it, once`, async () => {
    const prompt = `Out of reach ${stack.port}`;
    const chunks = 20 * (2 * (OUTAGE_MS / 1000) + 12);
    const run = await ask(prompt, `tokens-${chunks}-rate-20`);
    const shown = async () => (await client.status(run)).progress.characters;
    await eventually("it has begun", async () => (await shown()) > 40);
    for (const mode of ["refuse", "hang"] as const) {
      await line.set(mode);
      const before = await shown();
      await sleep(OUTAGE_MS);
      expect((await client.status(run)).state).toBe("running");
      const began = performance.now();
      await line.set("pass");
      await eventually("it goes on", async () => (await shown()) > before + 60);
      const ms = Math.round(performance.now() - began);
      console.log(`edge back (${mode}, ${OUTAGE_MS / 1000} s): text goes on after ${ms} ms`);
    }
    expect((await resultOf(run)).text).toBe(scriptedText(prompt, chunks));
    expect(counts(prompt)).toMatchObject({ generations: 1, madeTwice: 0 });
    expect((await closed(run)).state).toBe("completed");
  }, 600_000);
});
