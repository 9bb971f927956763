// The redis tier on the whole stack: its five-minute test, and SIGKILL of everything at chunks chosen by a seed; every one
// of them is `node tests/journeys/crash-sweep.ts openai "" 1 0 redis`.
import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type ScriptedModel, startScriptedModel } from "../../local/model/server.ts";
import { scriptedText } from "../../local/model/text.ts";
import { type Endpoint, startEndpointThread } from "../../local/stores/endpoint.ts";
import { cacheVars } from "../../local/stores/start.ts";
import type { GenerateRequest, HealthReply } from "../../protocol/requests.ts";
import { Random } from "../simulation/random.ts";
import { Line } from "../stores/line.ts";
import { Client } from "./client.ts";
import { CHUNKS, type Crash, crash, type Verdict } from "./crash.ts";
import { follow } from "./readers.ts";
import { chosenSeed } from "./seed.ts";
import { eventually, Stack } from "./stack.ts";
import { Transcript } from "./transcript.ts";

const seed = chosenSeed();
const random = new Random(seed, "redis");
console.log(`redis.test.ts: SEED=${seed}`);
/** The embedded cache; a machine that does much else is no outage of it. */
const env = { REDIS_URL: "", CACHE_LOOK_UP_MS: "10000" };

let model: ScriptedModel;
let stack: Stack;
let client: Client;

beforeAll(async () => {
  model = await startScriptedModel();
  stack = await Stack.start({ scriptedModelUrl: model.url, env });
  client = await Client.join(stack.url);
});

afterAll(async () => {
  await stack?.dispose();
  await model?.close();
});

const at = (options: Omit<Crash, "tier">): Promise<Verdict> =>
  crash(stack, model, client, { ...options, tier: "redis" });

async function answerOf(body: GenerateRequest) {
  const { id } = await client.ask({ tier: "redis", ...body });
  const reader = new Transcript();
  await follow(
    client,
    id,
    reader,
    () => "sse",
    () => reader.ended(id),
  );
  return { id, text: reader.text(id), receipt: (await client.status(id)).receipt };
}

/** Resolves when the cache has it: then it is given without the model being asked. */
async function kept(body: GenerateRequest): Promise<void> {
  await eventually("the answer is kept", async () => {
    const response = await client.post({ tier: "redis", ...body, cache: { mode: "only-if-cached" } });
    await response.body?.cancel();
    return response.status === 202;
  });
}

describe("the five-minute test", () => {
  it("an answer that took its time is there at once when it is asked for again", async () => {
    const body = { prompt: "Explique l'intelligence artificielle", model: "scripted-tokens-100-rate-25" };
    const first = await answerOf(body);
    expect(first.receipt).toMatchObject({ cache: "miss", requests: 1 });
    await kept(body);
    const second = await answerOf(body);
    expect(second.text).toBe(first.text);
    expect(second.receipt).toMatchObject({ cache: "hit", cost: 0, requests: 0 });
    expect(second.receipt?.saved?.ms).toBeGreaterThan(3_000);
    expect(model.counters().perPrompt[body.prompt]?.requests).toBe(1);
  });
});

describe("two hundred chats that ask the same at once", () => {
  const MANY = 200;

  /** Chats that are there already: their making is work of its own. */
  async function chats(): Promise<string[]> {
    const body: GenerateRequest = { prompt: `hello ${seed}`, tier: "redis", model: "scripted-tokens-2-rate-0" };
    const made: string[] = [];
    while (made.length < MANY) {
      const some = await Promise.all(Array.from({ length: 10 }, () => client.ask(body)));
      for (const { id, chatId } of some) {
        await ended(id);
        made.push(chatId);
      }
    }
    return made;
  }

  const askAll = async (ids: string[], body: GenerateRequest) =>
    Promise.all(ids.map((chatId) => client.ask({ ...body, tier: "redis", chatId, parentId: null })));

  async function ended(id: string): Promise<Transcript> {
    const reader = new Transcript();
    await follow(
      client,
      id,
      reader,
      () => "sse",
      () => reader.ended(id),
    );
    return reader;
  }

  let ids: string[];
  beforeAll(async () => {
    ids = await chats();
  });

  it("are one request, each has all of it, and one pays", async () => {
    const body = { prompt: `many ${seed}`, model: "scripted-tokens-100-rate-10" };
    const asked = await askAll(ids, body);
    const readers = await Promise.all(asked.map(({ id }) => ended(id)));
    const whole = scriptedText(body.prompt, 100);
    expect(asked.filter(({ id }, i) => readers[i]?.text(id) !== whole)).toEqual([]);
    expect(model.counters().perPrompt[body.prompt]).toMatchObject({ requests: 1, generations: 1, madeTwice: 0 });
    const receipts = await Promise.all(asked.map(async ({ id }) => (await client.status(id)).receipt));
    expect(receipts.filter((receipt) => receipt?.cache === "miss" && receipt.requests === 1)).toHaveLength(1);
    // On a busy machine some are asked only when the answer is kept already.
    const unpaid = receipts.filter((receipt) => receipt && ["collapsed", "hit"].includes(receipt.cache));
    expect(unpaid.filter((receipt) => receipt?.requests === 0 && receipt.cost === 0)).toHaveLength(MANY - 1);
  });

  it("may stop but for one, who has it whole and pays", async () => {
    const body = { prompt: `all but one ${seed}`, model: "scripted-tokens-300-rate-10" };
    const asked = await askAll(ids, body);
    const [last, ...others] = asked.reverse();
    await Promise.all(others.map(({ id }) => client.cancel(id)));
    const id = last?.id ?? "";
    expect((await ended(id)).text(id)).toBe(scriptedText(body.prompt, 300));
    expect((await client.status(id)).receipt).toMatchObject({ requests: 1 });
    expect(model.counters().perPrompt[body.prompt]).toMatchObject({ requests: 1, generated: 300 });
  });

  it("stop the provider when all of them stop", async () => {
    const body = { prompt: `all ${seed}`, model: "scripted-tokens-5000-rate-10" };
    const asked = await askAll(ids, body);
    const first = asked[0]?.id ?? "";
    const reader = new Transcript();
    await follow(
      client,
      first,
      reader,
      () => "sse",
      () => reader.text(first) !== "",
    );
    await Promise.all(asked.map(({ id }) => client.cancel(id)));
    const { generated = Number.NaN } = model.counters().perPrompt[body.prompt] ?? {};
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    expect(model.counters().perPrompt[body.prompt]).toMatchObject({ requests: 1, generated });
    expect(generated).toBeLessThan(5_000);
  });
});

describe("when the cache fails", () => {
  let line: Line;
  let endpoint: Endpoint;
  let shaky: Stack;
  let other: Client;

  beforeAll(async () => {
    const folder = await mkdtemp(join(tmpdir(), "keepstream-redis-"));
    endpoint = await startEndpointThread({ protocol: "upstash", store: { folder }, secret: "only-for-tests" });
    line = await Line.to(endpoint.port);
    const address = cacheVars(line.port, "only-for-tests");
    shaky = await Stack.start({ scriptedModelUrl: model.url, env: { ...address, CACHE_LOOK_UP_MS: "1000" } });
    other = await Client.join(shaky.url);
  });

  afterAll(async () => {
    await shaky?.dispose();
    await line?.close();
    await endpoint?.close();
  });

  const health = async () => (await (await fetch(`${shaky.url}/health`)).json()) as HealthReply;

  async function answered(body: GenerateRequest) {
    const { id } = await other.ask({ tier: "redis", ...body });
    const reader = new Transcript();
    await follow(
      other,
      id,
      reader,
      () => "sse",
      () => reader.ended(id),
    );
    return { text: reader.text(id), receipt: (await other.status(id)).receipt };
  }

  it.each(["refuse", "hang"] as const)(
    "by %s, nothing does: answers are made, and shared, and say so",
    async (mode) => {
      const body: GenerateRequest = { prompt: `${mode} ${seed}`, model: "scripted-tokens-40-rate-20" };
      await line.set(mode);
      try {
        const answers = await Promise.all([answered(body), answered(body), answered(body)]);
        for (const { text, receipt } of answers) {
          expect(text).toBe(scriptedText(body.prompt ?? "", 40));
          expect(receipt?.cache).toBe("unavailable");
        }
        expect(model.counters().perPrompt[body.prompt ?? ""]?.requests).toBe(1);
        const { status, parts } = await health();
        expect([status, parts.find(({ name }) => name === "cache")?.status]).toEqual(["degraded", "down"]);
        // What is kept in the answer's own object stands in for the cache.
        expect((await answered(body)).receipt).toMatchObject({ cache: "unavailable", requests: 0 });
      } finally {
        await line.set("pass");
      }
      await eventually("what ended meanwhile comes to the cache", async () => {
        const response = await other.post({ tier: "redis", ...body, cache: { mode: "only-if-cached" } });
        await response.body?.cancel();
        return response.status === 202;
      });
      expect(model.counters().perPrompt[body.prompt ?? ""]?.requests).toBe(1);
      expect((await health()).parts.find(({ name }) => name === "cache")?.status).toBe("ok");
    },
  );

  it("emptied in the middle of an answer, that goes on, and comes there", async () => {
    const body: GenerateRequest = { prompt: `flushed ${seed}`, model: "scripted-tokens-40-rate-20" };
    const going = answered(body);
    await eventually("it is being made", () => (model.counters().perPrompt[body.prompt ?? ""]?.generated ?? 0) > 5);
    const headers = { authorization: "Bearer only-for-tests" };
    const flushed = await fetch(`http://127.0.0.1:${endpoint.port}/`, {
      method: "POST",
      headers,
      body: '["FLUSHALL"]',
    });
    expect(flushed.status).toBe(200);
    expect((await going).receipt).toMatchObject({ cache: "miss" });
    await eventually("it is kept", async () => (await answered(body)).receipt?.cache === "hit");
    expect(model.counters().perPrompt[body.prompt ?? ""]?.requests).toBe(1);
  });
});

describe("when everything is killed", () => {
  it.each([0, random.between(1, 20), random.between(21, 59)])(
    "the answer is taken up after chunk %i",
    async (index) => {
      const verdict = await at({ provider: "openai", index });
      expect(verdict).toMatchObject({ outcome: "reattach", status: "completed", madeTwice: 0, generations: 1 });
      expect(verdict.receipt).toMatchObject({ tier: "redis", cache: "miss" });
    },
  );

  it("or made further, or the end is honest", async () => {
    const index = random.between(15, 50);
    const on = await at({ provider: "anthropic", index });
    expect(on).toMatchObject({ outcome: "continue", status: "completed", continuations: 1 });
    const free = await at({ provider: "anthropic", index, recovery: "free" });
    expect(free).toMatchObject({ outcome: "interrupted", error: "recovery_exhausted", generations: 1 });
  });

  it("at its last chunk, it is whole, and comes to the cache", async () => {
    const verdict = await at({ provider: "openai", index: CHUNKS });
    expect(verdict).toMatchObject({ status: "completed", generations: 1, madeTwice: 0 });
  });

  it("between its end and the cache, it comes there all the same", async () => {
    const body: GenerateRequest = { prompt: `killed at the end ${seed}`, model: "scripted-tokens-30-rate-200" };
    const kill = stack.aim();
    await answerOf(body);
    kill();
    await stack.kill();
    await stack.start();
    await kept(body);
    expect((await answerOf(body)).text).toBe(scriptedText(body.prompt ?? "", 30));
    expect(model.counters().perPrompt[body.prompt ?? ""]?.requests).toBe(1);
  });

  it("in the middle of a kept answer at its own pace, that goes on from where it was", async () => {
    const body: GenerateRequest = { prompt: `paced ${seed}`, model: "scripted-tokens-60-rate-25" };
    await answerOf(body);
    await kept(body);
    const { id } = await client.ask({ tier: "redis", ...body, cache: { pace: "original" } });
    const reader = new Transcript();
    const kill = stack.aim();
    const half = scriptedText(body.prompt ?? "", 30).length;
    await follow(
      client,
      id,
      reader,
      () => "sse",
      () => {
        if (reader.text(id).length < half) return false;
        kill();
        return true;
      },
    );
    const promised = reader.promised(id);
    await stack.kill();
    await stack.start();
    await follow(
      client,
      id,
      reader,
      () => "sse",
      () => reader.ended(id),
    );
    expect(reader.text(id)).toBe(scriptedText(body.prompt ?? "", 60));
    expect(reader.text(id).startsWith(promised)).toBe(true);
    expect((await client.status(id)).receipt).toMatchObject({ cache: "hit", cost: 0, requests: 0 });
    expect(model.counters().perPrompt[body.prompt ?? ""]?.requests).toBe(1);
  });
});
