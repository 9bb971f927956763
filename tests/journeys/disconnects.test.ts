// Readers that lose their connection again and again, anywhere. A sample; the whole sweep is
// `node tests/journeys/disconnect-sweep.ts`.
import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type ScriptedModel, startScriptedModel } from "../../local/model/server.ts";
import { scriptedText } from "../../local/model/text.ts";
import { Random } from "../simulation/random.ts";
import type { BareReport } from "./bare-event-source.ts";
import { startChopper } from "./chopper.ts";
import { Client } from "./client.ts";
import { sweepDisconnects } from "./disconnects.ts";
import { chosenSeed } from "./seed.ts";
import { Stack } from "./stack.ts";

const seed = chosenSeed();
console.log(`disconnects.test.ts: SEED=${seed}`);
const run = promisify(execFile);

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

describe("readers of runs and of whole chats", () => {
  it("come back by SSE, WebSocket and long-poll and have every byte once, in order", async () => {
    const report = await sweepDisconnects(stack, client, { seed, disconnects: 300, abreast: 1 });
    console.log(JSON.stringify(report));
    expect(report.disconnects).toBeGreaterThanOrEqual(300);
    for (const connections of Object.values(report.connections)) expect(connections).toBeGreaterThan(50);
    expect(report.bytes).toBeGreaterThan(0);
  });
});

describe("a bare EventSource", () => {
  it("resumes by itself, and stops when it has it all", async () => {
    const random = new Random(seed, "bare");
    const prompt = `Bare ${seed}`;
    const tokens = 300;
    // Each connection gets a little further; what is left at the end is read in one.
    const budgets = [500, 900, 2_000, 6_000].map((bytes) => random.between(bytes / 2, bytes));
    const chopper = await startChopper({
      to: stack.port,
      random: () => random.next(),
      budget: () => budgets.shift() ?? Number.POSITIVE_INFINITY,
      // A browser sends its cookie by itself; this one can send nothing.
      headers: `authorization: Bearer ${client.token}`,
    });
    try {
      const { id, links } = await client.ask({ prompt, model: `scripted-tokens-${tokens}-rate-40` });
      const script = join(import.meta.dirname, "bare-event-source.ts");
      const args = ["--experimental-eventsource", "--no-warnings", script, `${chopper.url}${links.stream}`];
      const { stdout } = await run(process.execPath, args, { timeout: 90_000 });
      const report = JSON.parse(stdout) as BareReport;
      expect(report.runs[id]).toEqual({ text: scriptedText(prompt, tokens), status: "completed" });
      expect(report.closed).toBe(true);
      expect(chopper.cuts).toBe(4);
      expect(report.opens).toBeGreaterThanOrEqual(4);
    } finally {
      await chopper.close();
    }
  });
});
