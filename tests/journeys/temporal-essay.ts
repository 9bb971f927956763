// The crash test of the temporal tier as one command: `node tests/journeys/temporal-essay.ts [seconds down, else 30]`. A
// long essay, SIGKILL to its worker in the middle, a wait, the worker again; and what became of the essay, where the
// provider keeps the stream (openai) and where it does not (anthropic). It exits 1 when anything was lost.
import { startScriptedModel } from "../../local/model/server.ts";
import type { WorkflowTimelineReply } from "../../protocol/workflows.ts";
import { HEARTBEAT_TIMEOUT_MS } from "../../temporal-bridge/contract.ts";
import { Client } from "./client.ts";
import { Stack } from "./stack.ts";
import { check, strike } from "./temporal-crash.ts";
import { attemptsOf, temporalReady } from "./temporal-server.ts";

const seconds = Number(process.argv[2] ?? 30);
/** It is not over when the worker is back. */
const RATE = 30;
const CHUNKS = (seconds + 20) * RATE;
const INDEX = 5 * RATE;

const model = await startScriptedModel();
const stack = await Stack.start({ scriptedModelUrl: model.url, temporal: true });
try {
  const client = await Client.join(stack.url);
  await temporalReady(client);
  for (const provider of ["openai", "anthropic"] as const) {
    console.log(`\n${provider}: an essay of ${CHUNKS} chunks, ${RATE} a second`);
    const blow = { provider, index: INDEX, chunks: CHUNKS, rate: RATE, parts: ["worker"] as const };
    const verdict = await strike(stack, model, client, { ...blow, down: seconds * 1000 });
    const { shown, at, outcome, saidTwice, madeTwice, sinceBack, breaks, run, receipt } = verdict;
    console.log(`  worker killed after ${shown} characters, started again ${seconds} s later`);
    console.log(`  ${outcome} at ${at}; the next new word ${sinceBack} ms after the worker was back`);
    console.log(`  (to be at most the heartbeat timeout and 2 s: ${HEARTBEAT_TIMEOUT_MS + 2_000} ms)`);
    console.log(`  byte-exact, workflow ${verdict.workflow.state}; readers cut off ${breaks} times`);
    console.log(
      `  tokens made twice: ${madeTwice}; the receipt says ${saidTwice}: ${JSON.stringify(receipt.recoveries)}`,
    );
    for (const { activity, attempt, lastFailure } of await attemptsOf(stack, run)) {
      console.log(`  in Temporal: ${activity}, attempt ${attempt}${lastFailure ? ` after: ${lastFailure}` : ""}`);
    }
    const timeline = (await (await client.get(`/api/workflows/${run}/timeline`)).json()) as WorkflowTimelineReply;
    const generate = timeline.steps.find(({ name }) => name === "generateAnswer");
    for (const { attempt, failure } of generate?.attempts ?? []) {
      console.log(`  in the API: generateAnswer, attempt ${attempt}${failure ? `: ${failure.message}` : ""}`);
    }
    check(breaks === 0, "readers stayed connected");
    if (provider === "openai") check(outcome === "reattach" && madeTwice === 0, "nothing was made twice");
    check(madeTwice <= saidTwice, "the receipt says what was made twice");
  }
} finally {
  await stack.dispose();
  await model.close();
}
