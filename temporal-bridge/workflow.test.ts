// The workflow, its activities and what the bridge says of them, on a real Temporal server, against the scripted model and
// a chat's real log. Only the network between worker and chat is left out.
import { mkdirSync, writeFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { Client, Connection } from "@temporalio/client";
import { DefaultLogger, NativeConnection, Runtime, Worker } from "@temporalio/worker";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type ScriptedModel, startScriptedModel } from "../local/model/server.ts";
import { scriptedText } from "../local/model/text.ts";
import type { Clock } from "../producers/producer.ts";
import type { Result } from "../protocol/problems.ts";
import type { RecoveryPolicy } from "../protocol/requests.ts";
import type { Workflow } from "../protocol/workflows.ts";
import { parseProvidersConfig } from "../providers/config.ts";
import { createProviders } from "../providers/registry.ts";
import { endedWell } from "../tests/chat-kit.ts";
import { packHistory } from "../tests/histories.ts";
import { OutsideChat } from "../tests/outside-chat.ts";
import { startTemporal, type TemporalServer, withoutTemporal } from "../tests/temporal.ts";
import { createActivities } from "./activities.ts";
import { workflowBundle } from "./bundle.ts";
import type { Activities, Notice } from "./contract.ts";
import { type Edge, EdgeError } from "./edge.ts";
import { BadQuestion, connectTemporal, type Temporal, Unreachable } from "./temporal.ts";

const clock: Clock = { now: () => Date.now(), after: (ms, then) => void setTimeout(then, ms) };
const TASK_QUEUE = "test";

let server: TemporalServer;
let model: ScriptedModel;
let connection: NativeConnection;
let temporal: Temporal;
const chat = new OutsideChat(clock);
/** While it is down, no worker reaches the chat; `afterTerm` takes it down once the next one has taken office. */
const network = { down: false, afterTerm: false };
/** What the chat was told at the end of a run's workflow. */
const notices = new Map<string, Notice>();

function throughDoor<T>(call: () => Promise<Result<T>> | Result<T>): Promise<T> {
  if (network.down) return Promise.reject(new EdgeError("down"));
  return Promise.resolve(call()).then((result) => {
    if (!result.ok) throw new EdgeError(result.failure.detail, { final: true });
    return result.value;
  });
}

const number = (run: string) => Number(run.split(".")[1]);
const edge: Edge = {
  look: (run) => throughDoor(() => chat.door.look(number(run))),
  takeTerm: async (run, nonce) => {
    const term = await throughDoor(() => chat.door.takeTerm(number(run), nonce));
    network.down ||= network.afterTerm;
    return term;
  },
  append: (run, request) => throughDoor(() => chat.door.append(number(run), request)),
  end: (run, request) => throughDoor(() => chat.door.end(number(run), request)),
  notify: async (run, notice) => {
    notices.set(run, notice);
    await throughDoor(() => chat.door.notify(number(run), notice));
  },
};

function bridgeTo(taskQueue: string): Temporal {
  const settings = { address: server.address, namespace: "default", apiKey: undefined, tls: false };
  const place = { host: "127.0.0.1", port: 0, uiUrl: "http://ui.test", token: "a-token-for-this-test" };
  return connectTemporal({ ...settings, ...place, taskQueue }, () => {});
}

interface Running {
  worker: Worker;
  stopped: Promise<void>;
}

/** Each worker of one process needs a connection of its own. */
async function startWorker(
  connection: NativeConnection,
  taskQueue = TASK_QUEUE,
  instead: Partial<Activities> = {},
): Promise<Running> {
  const config = { OPENAI_API_KEY: "scripted", OPENAI_BASE_URL: `${model.url}/v1`, SCRIPTED_PROVIDERS: "openai" };
  const providers = createProviders(parseProvidersConfig(config));
  const worker = await Worker.create({
    connection,
    taskQueue,
    workflowBundle: await workflowBundle(),
    activities: {
      ...createActivities({ edge: () => edge, providers, clock, random: Math.random, log: () => {} }),
      ...instead,
    },
    maxHeartbeatThrottleInterval: "500ms",
    stickyQueueScheduleToStartTimeout: "1s",
    shutdownGraceTime: "100ms",
    shutdownForceTime: "4s",
  });
  return { worker, stopped: worker.run() };
}

async function stop({ worker, stopped }: Running): Promise<void> {
  worker.shutdown();
  await stopped;
}

let prompts = 0;
async function start(words: string, recovery: RecoveryPolicy = "continue", from = temporal) {
  const prompt = `Why? (${++prompts})`;
  const name = `scripted-${words}`;
  const run = await chat.ask(name, prompt, recovery);
  const id = chat.run(run).started.run;
  const asked = { run: id, chatId: "c", provider: "openai", model: name, owner: "me" } as const;
  // A busy server is asked again, as a chat would.
  await until(() =>
    from.start(asked).catch((error) => {
      if (error instanceof Unreachable) return null;
      throw error;
    }),
  );
  return { run, id, prompt };
}

type Maybe<T> = T | null | undefined | false;

async function until<T>(question: () => Promise<Maybe<T>> | Maybe<T>, ms = 30_000): Promise<T> {
  for (const end = Date.now() + ms; Date.now() < end; await sleep(50)) {
    const answer = await question();
    if (answer) return answer;
  }
  throw new Error("It did not come to that in time.");
}

async function closed(id: string): Promise<Workflow> {
  const workflow = await until(async () => {
    const found = await temporal.describe(id);
    return found?.state !== "running" && found;
  }, 60_000);
  if (process.env.REPLAY_RECORD) await record(id);
  return workflow;
}

/** Keeps a history for `replay.test.ts`, named after the test. */
async function record(id: string): Promise<void> {
  const client = new Client({ connection: await Connection.connect({ address: server.address }) });
  const history = packHistory(await client.workflow.getHandle(id).fetchHistory());
  const name = (expect.getState().currentTestName ?? "").replace(/.* > /, "").replace(/[^\w]+/g, "-");
  mkdirSync(new URL("./histories/", import.meta.url), { recursive: true });
  writeFileSync(new URL(`./histories/${name}.json`, import.meta.url), history);
  await client.connection.close();
}

/** How many tokens were made, once there come no more. */
async function generatedInAll(prompt: string): Promise<number> {
  for (let before = -1; ; await sleep(1_000)) {
    const generated = model.counters().perPrompt[prompt]?.generated ?? 0;
    if (generated === before) return generated;
    before = generated;
  }
}

const ended = (run: number) => chat.run(run).ended;

describe.skipIf(withoutTemporal)(`a workflow${withoutTemporal ? ` (left out: ${withoutTemporal})` : ""}`, () => {
  let running: Running;

  beforeAll(async () => {
    Runtime.install({ logger: new DefaultLogger("ERROR") });
    [server, model] = await Promise.all([startTemporal(), startScriptedModel()]);
    connection = await NativeConnection.connect({ address: server.address });
    temporal = bridgeTo(TASK_QUEUE);
    running = await startWorker(connection);
  }, 120_000);

  afterAll(async () => {
    await stop(running);
    await temporal.close();
    await connection.close();
    await Promise.all([server.close(), model.close()]);
  }, 30_000);

  test("brings an answer to its end, and holds nothing of it", async () => {
    const { run, id, prompt } = await start("tokens-200-rate-100");
    const workflow = await closed(id);
    expect(chat.text(run)).toBe(scriptedText(prompt, 200));
    expect(ended(run)).toMatchObject({
      status: "completed",
      receipt: { tier: "temporal", outputTokens: 200, requests: 1, recoveries: [], estimated: false, cost: 0 },
    });
    expect(workflow).toMatchObject({ state: "completed", provider: "openai", step: null });
    expect(workflow.uiUrl).toContain(`http://ui.test/namespaces/default/workflows/${id}/`);
    const timeline = (await temporal.timeline(id)) ?? expect.unreachable();
    expect(timeline.steps.map(({ name, state, attempts }) => [name, state, attempts.length])).toEqual([
      ["validatePrompt", "completed", 1],
      ["generateAnswer", "completed", 1],
      ["finalizeAnswer", "completed", 1],
      ["notifyChat", "completed", 1],
    ]);
    expect(timeline.checkpoints.at(-1)).toMatchObject({ characters: chat.text(run).length });
    expect(workflow.history.events).toBeLessThan(80);
    expect(JSON.stringify(timeline)).not.toContain("Why?");
    expect(chat.phases.map(({ phase }) => phase)).toEqual(expect.arrayContaining(["generating", "finalizing"]));
  });

  test("is started once, however often it is asked for, and after it has ended too", async () => {
    const { id } = await start("tokens-5-rate-0");
    const again = { run: id, chatId: "c", provider: "openai", model: "m", owner: "me" } as const;
    expect((await temporal.start(again)).startedAt).toBe((await temporal.describe(id))?.startedAt);
    const before = await closed(id);
    expect(await temporal.start(again)).toMatchObject({ state: "completed", startedAt: before.startedAt });
  });

  test("is listed by who asked, by state, provider and model, a page at a time", async () => {
    const { id } = await start("tokens-3-rate-0");
    await closed(id);
    const filter = { owner: "me", state: "completed", provider: "openai", model: "scripted-tokens-3-rate-0" } as const;
    await until(async () => (await temporal.list(filter)).workflows.some((each) => each.id === id));
    expect((await temporal.list({ owner: "somebody' OR Owner = 'me" })).workflows).toEqual([]);
    await expect(temporal.list({ owner: "me", cursor: "made-up" })).rejects.toThrow(BadQuestion);
    const first = await temporal.list({ owner: "me", limit: 1 });
    expect(first.workflows).toHaveLength(1);
    const second = await temporal.list({ owner: "me", limit: 1, cursor: first.cursor ?? "" });
    expect(second.workflows[0]?.id).not.toBe(first.workflows[0]?.id);
  });

  test("waits as a provider asks, each attempt in plain sight", async () => {
    const before = Date.now();
    const { run, id, prompt } = await start("429-once-retryafter-2-tokens-20-rate-100");
    const waiting = await until(async () => {
      const workflow = await temporal.describe(id);
      return workflow?.lastFailure && workflow;
    });
    expect(waiting).toMatchObject({
      step: "generateAnswer",
      attempt: 2,
      lastFailure: { code: "provider_rate_limited" },
    });
    await closed(id);
    expect(Date.now() - before).toBeGreaterThan(2_000);
    expect(chat.text(run)).toBe(scriptedText(prompt, 20));
    expect(ended(run)).toMatchObject({ status: "completed", receipt: { requests: 2, recoveries: [] } });
    const generate = (await temporal.timeline(id))?.steps[1];
    expect(generate?.attempts).toMatchObject([{ failure: { code: "provider_rate_limited" } }, { failure: null }]);
  });

  test("asks three times of a provider that fails, and then says so", async () => {
    const { run, id } = await start("500-tokens-20");
    const workflow = await closed(id);
    expect(workflow).toMatchObject({ state: "failed", lastFailure: { code: "provider_overloaded" } });
    expect(ended(run)).toMatchObject({
      status: "failed",
      error: { code: "provider_overloaded" },
      receipt: { requests: 3 },
    });
    expect((await temporal.timeline(id))?.steps[1]?.attempts).toHaveLength(3);
  });

  test("does not ask again with a key that was refused", async () => {
    const { run, id } = await start("401-tokens-20");
    expect(await closed(id)).toMatchObject({ state: "failed", lastFailure: { code: "provider_auth" } });
    expect(ended(run)).toMatchObject({ status: "failed", error: { code: "provider_auth" }, receipt: { requests: 1 } });
    expect((await temporal.timeline(id))?.steps[1]?.attempts).toHaveLength(1);
  });

  test("takes a stream up again that was cut", async () => {
    const { run, id, prompt } = await start("tokens-60-rate-100-cut-20-once");
    await closed(id);
    expect(chat.text(run)).toBe(scriptedText(prompt, 60));
    expect(ended(run)?.receipt.recoveries).toMatchObject([{ mode: "reattach", madeTwice: 0 }]);
    expect(model.counters().perPrompt[prompt]?.madeTwice).toBe(0);
  });

  test("goes on at another worker when its own is stopped, with nothing made twice", async () => {
    const { run, id, prompt } = await start("tokens-200-rate-50");
    await until(() => chat.shown(run).length > 200);
    await stop(running);
    running = await startWorker(connection);
    await closed(id);
    expect(chat.text(run)).toBe(scriptedText(prompt, 200));
    expect(ended(run)?.receipt).toMatchObject({ requests: 2, recoveries: [{ mode: "reattach", madeTwice: 0 }] });
    expect(model.counters().perPrompt[prompt]?.madeTwice).toBe(0);
  });

  test("that is cancelled stops its answer and keeps what there is", async () => {
    const { run, id, prompt } = await start("tokens-2000-rate-50");
    await until(() => chat.shown(run).length > 100);
    await temporal.cancel(id);
    expect(await closed(id)).toMatchObject({ state: "cancelled" });
    expect(ended(run)).toMatchObject({ status: "cancelled" });
    expect(scriptedText(prompt, 2000).startsWith(chat.text(run))).toBe(true);
    expect(await generatedInAll(prompt)).toBeLessThan(2000);
  });

  test("whose run was taken back lets go of the provider before Temporal tells it to, and ends cancelled", async () => {
    const { run, id, prompt } = await start("tokens-2000-rate-50");
    await until(() => chat.shown(run).length > 100);
    const term = await chat.writer.takeOver(run);
    await chat.writer.end(run, term?.epoch ?? 0, endedWell({ status: "cancelled" }));
    expect(await generatedInAll(prompt)).toBeLessThan(2000);
    await temporal.cancel(id);
    expect(await closed(id)).toMatchObject({ state: "cancelled" });
  });

  test.each(["validatePrompt", "generateAnswer", "finalizeAnswer"] as const)(
    "that is cancelled before the worker of its %s is known to be lost ends cancelled, and its chat is told",
    async (step) => {
      // To Temporal a worker that gives no sign of life is as good as dead.
      const dead = Promise.withResolvers<never>();
      dead.promise.catch(() => {});
      const queue = `lost in ${step}`;
      const [another, elsewhere] = [await NativeConnection.connect({ address: server.address }), bridgeTo(queue)];
      const worker = await startWorker(another, queue, { [step]: () => dead.promise });
      try {
        const { id } = await start("tokens-20-rate-0", "continue", elsewhere);
        await until(async () => {
          const generate = (await elsewhere.timeline(id))?.steps.find(({ name }) => name === step);
          return generate?.state === "running";
        });
        await elsewhere.cancel(id);
        expect(await closed(id)).toMatchObject({ state: "cancelled" });
        expect(notices.get(id)).toEqual({ failure: null, cancelled: true });
      } finally {
        dead.reject(new Error("The test is over."));
        await stop(worker);
        await elsewhere.close();
        await another.close();
      }
    },
  );

  test("whose attempt is overtaken stops the answer that nobody else can know of", async () => {
    network.afterTerm = true;
    const { run, id, prompt } = await start("tokens-2000-rate-50");
    await until(() => (model.counters().perPrompt[prompt]?.generated ?? 0) > 10);
    await chat.writer.takeOver(run);
    Object.assign(network, { down: false, afterTerm: false });
    const [first] = await until(() => {
      const all = Object.values(model.counters().perResponse).filter((each) => each.prompt === prompt);
      return all[0]?.state === "cancelled" && all;
    });
    expect(first).toMatchObject({ state: "cancelled" });
    await until(() => chat.shown(run).length > 100);
    expect(chat.recoveries(run)).toMatchObject([{ mode: "continue", at: 0, madeTwice: expect.any(Number) }]);
    await temporal.cancel(id);
    expect(await closed(id)).toMatchObject({ state: "cancelled" });
  });

  test("whose end is taken from it by an attempt that comes late is brought to its end by another one", async () => {
    const before = edge.end;
    let taken = false;
    edge.end = async (run, request) => {
      if (!taken) {
        taken = true;
        await chat.writer.takeOver(number(run));
      }
      return before(run, request);
    };
    try {
      const { run, id, prompt } = await start("tokens-60-rate-100");
      expect(await closed(id)).toMatchObject({ state: "completed" });
      expect([chat.text(run), ended(run)?.status]).toEqual([scriptedText(prompt, 60), "completed"]);
      expect(model.counters().perPrompt[prompt]).toMatchObject({ generations: 1, madeTwice: 0 });
    } finally {
      edge.end = before;
    }
  });

  test("whose end can't be written for longer than one attempt may take goes on trying: it has no last one", async () => {
    // An attempt has ten minutes, which is too long here: that it is over comes early, and more often than an answer may fail.
    const before = edge.end;
    let over = 0;
    edge.end = (run, request) => (++over <= 4 ? Promise.reject(new Error("its time is over")) : before(run, request));
    try {
      const { run, id, prompt } = await start("tokens-20-rate-0");
      expect(await closed(id)).toMatchObject({ state: "completed" });
      expect([chat.text(run), ended(run)?.status]).toEqual([scriptedText(prompt, 20), "completed"]);
      const finalize = (await temporal.timeline(id))?.steps.find(({ name }) => name === "finalizeAnswer");
      expect(finalize?.attempts.length).toBeGreaterThan(4);
    } finally {
      edge.end = before;
    }
  });

  test("whose edge is away for a while goes on, exactly once", async () => {
    const { run, id, prompt } = await start("tokens-300-rate-50");
    await until(() => chat.shown(run).length > 100);
    network.down = true;
    await sleep(3_000);
    chat.crash();
    await sleep(1_000);
    network.down = false;
    await closed(id);
    expect(chat.text(run)).toBe(scriptedText(prompt, 300));
    expect(ended(run)?.receipt).toMatchObject({ requests: 1, recoveries: [] });
  });

  test("is one of a hundred at once, shared by two workers", async () => {
    const another = await NativeConnection.connect({ address: server.address });
    const other = await startWorker(another);
    try {
      const runs = await Promise.all(Array.from({ length: 100 }, () => start("tokens-60-rate-30")));
      await Promise.all(runs.map(({ run }) => until(() => ended(run), 240_000)));
      for (const { run, prompt } of runs) {
        expect([ended(run)?.status, chat.text(run)]).toEqual(["completed", scriptedText(prompt, 60)]);
        // On a machine that is too busy for a sign of life each two seconds a worker counts as lost; nothing is, even so.
        expect(model.counters().perPrompt[prompt]?.madeTwice).toBe(0);
      }
    } finally {
      await stop(other);
      await another.close();
    }
  }, 300_000);
});
