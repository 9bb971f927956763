// The redis tier on the whole stack: its five-minute test, what is the same ask, two hundred who ask at once, outages, and
// SIGKILL of everything at chunks chosen by a seed; every one of them is `node tests/journeys/crash-sweep.ts openai "" 1 0 redis`.
// All of it over one kind of stores, real ones where there are any, and most over the other too; `STORES=embedded` names one.
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type ScriptedModel, startScriptedModel } from "../../local/model/server.ts";
import { scriptedText } from "../../local/model/text.ts";
import type { GenerateRequest, HealthReply } from "../../protocol/requests.ts";
import { Random } from "../simulation/random.ts";
import { kept } from "./archive-crash.ts";
import { Client } from "./client.ts";
import { CHUNKS, crash } from "./crash.ts";
import { answered, follow, readToEnd } from "./readers.ts";
import { chosenSeed } from "./seed.ts";
import { eventually, Stack } from "./stack.ts";
import { BEST, LastingStores, type OwnStores, ownStores, STORES } from "./stores.ts";
import { Transcript } from "./transcript.ts";

const seed = chosenSeed();
const random = new Random(seed, "redis");
console.log(`redis.test.ts: SEED=${seed}`);
const ANOTHER_TENANT = "token-of-another-tenant";
/** A machine that does much else is no outage of the cache. */
const PATIENT = { CACHE_LOOK_UP_MS: "10000", API_TOKENS: ANOTHER_TENANT };

const redis = (body: GenerateRequest): GenerateRequest => ({ tier: "redis", ...body });

describe.each(STORES)("over the $kind stores", ({ kind, absent }) => {
  if (absent) return it.skip(absent);
  let model: ScriptedModel;
  let stores: OwnStores;
  let stack: Stack;
  let client: Client;

  beforeAll(async () => {
    model = await startScriptedModel();
    stores = await ownStores(kind);
    stack = await Stack.start({ scriptedModelUrl: model.url, env: { ...stores.env, ...PATIENT } });
    client = await Client.join(stack.url);
  });

  afterAll(async () => {
    await stack?.dispose();
    await stores?.dispose();
    await model?.close();
  });

  it("an answer that took its eight seconds is there at once when its tenant asks for it again", async () => {
    const body = redis({ prompt: "Explique l'intelligence artificielle", model: "scripted-tokens-200-rate-25" });
    const first = await answered(client, body);
    expect(first.receipt).toMatchObject({ cache: "miss", requests: 1 });
    expect(first.receipt.totalMs).toBeGreaterThan(7_000);
    await kept(client, body);
    const again = [
      await answered(client, { ...body, chatId: first.chatId, parentId: null }),
      await answered(client, body),
      await answered(await Client.join(stack.url), body),
    ];
    for (const { text, receipt } of again) {
      expect(text).toBe(first.text);
      expect(receipt).toMatchObject({ cache: "hit", cost: 0, requests: 0 });
      expect(receipt.saved?.ms).toBeGreaterThan(6_000);
    }
    expect(model.counters().perPrompt[body.prompt ?? ""]?.requests).toBe(1);

    const missed = await Client.with(stack.url, ANOTHER_TENANT).post(body);
    expect(missed.headers.get("cache-status")).toBe("Keepstream; fwd=miss");
    await missed.body?.cancel();
    await eventually("it is made for them", () => model.counters().perPrompt[body.prompt ?? ""]?.requests === 2);
  });

  it("killed between its end and the cache, it comes there all the same", async () => {
    const body: GenerateRequest = { prompt: `killed at the end ${seed}`, model: "scripted-tokens-30-rate-200" };
    const kill = stack.aim();
    await answered(client, redis(body));
    kill();
    await stack.kill();
    await stack.start();
    expect((await kept(client, body)).text).toBe(scriptedText(body.prompt ?? "", 30));
    expect(model.counters().perPrompt[body.prompt ?? ""]?.requests).toBe(1);
  });

  it("whatever shapes an answer is part of its name, and how the request is written is not", async () => {
    const question = `what is the same ${seed}`;
    const fast = { provider: "openai", model: "scripted-tokens-3-rate-0" } as const;
    const shaped = { ...fast, temperature: 0.7, maxOutputTokens: 400, system: "Be kind." };
    const following = async (prompt: string) => (await answered(client, redis({ prompt, ...fast }))).chatId;
    const body: GenerateRequest = { prompt: question, ...shaped, chatId: await following(`one ${seed}`) };
    await answered(client, redis(body));
    await kept(client, { ...body, chatId: await following(`one ${seed}`) });

    const look = async (more: GenerateRequest, write: (asked: object) => string = JSON.stringify) => {
      const asked = { tier: "redis", ...body, chatId: await following(`one ${seed}`), ...more };
      const headers = { ...client.headers, "content-type": "application/json" };
      const init = { method: "POST", headers, body: write({ ...asked, cache: { mode: "only-if-cached" } }) };
      return (await fetch(`${client.base}/api/chat/generate`, init)).status;
    };
    for (const more of [
      { temperature: 0.3 },
      { maxOutputTokens: 401 },
      { system: "Be brief." },
      { chatId: await following(`another ${seed}`) },
      { provider: "anthropic" as const },
      { model: "scripted-tokens-3-rate-0-ttft-0" },
    ]) {
      expect([more, await look(more)]).toEqual([more, 404]);
    }
    const turned = (asked: object) => JSON.stringify(Object.fromEntries(Object.entries(asked).reverse()), null, 4);
    expect([await look({}), await look({}, turned)]).toEqual([202, 202]);
  });

  describe("many chats that ask the same at once", () => {
    const MANY = kind === BEST ? 200 : 40;

    /** Chats that are there already: their making is work of its own. */
    async function chats(): Promise<string[]> {
      const body: GenerateRequest = { prompt: `hello ${seed}`, tier: "redis", model: "scripted-tokens-2-rate-0" };
      const made: string[] = [];
      while (made.length < MANY) {
        const some = await Promise.all(Array.from({ length: 10 }, () => client.ask(body)));
        for (const { id, chatId } of some) {
          await readToEnd(client, id);
          made.push(chatId);
        }
      }
      return made;
    }

    const askAll = async (ids: string[], body: GenerateRequest) =>
      Promise.all(ids.map((chatId) => client.ask({ ...body, tier: "redis", chatId, parentId: null })));

    let ids: string[];
    beforeAll(async () => {
      ids = await chats();
    });

    it("are one request, each has all of it, and one pays", async () => {
      const body = { prompt: `many ${seed}`, model: "scripted-tokens-100-rate-10" };
      const asked = await askAll(ids, body);
      const readers = await Promise.all(asked.map(({ id }) => readToEnd(client, id)));
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
      expect((await readToEnd(client, id)).text(id)).toBe(scriptedText(body.prompt, 300));
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

  if (kind !== BEST) return;

  describe("when everything is killed", () => {
    it.each([0, random.between(1, 20), random.between(21, 59)])(
      "the answer is taken up after chunk %i, by all who asked for it",
      async (index) => {
        const verdict = await crash(stack, model, client, { tier: "redis", provider: "openai", index, followers: 2 });
        expect(verdict).toMatchObject({ outcome: "reattach", status: "completed", madeTwice: 0, generations: 1 });
      },
    );

    it("or made further, or the end is honest", async () => {
      const index = random.between(15, 50);
      const on = await crash(stack, model, client, { tier: "redis", provider: "anthropic", index });
      expect(on).toMatchObject({ outcome: "continue", status: "completed", continuations: 1 });
      const free = await crash(stack, model, client, { tier: "redis", provider: "anthropic", index, recovery: "free" });
      expect(free).toMatchObject({ outcome: "interrupted", error: "recovery_exhausted", generations: 1 });
    });

    it("at its last chunk, it is whole, and comes to the cache", async () => {
      const verdict = await crash(stack, model, client, { tier: "redis", provider: "openai", index: CHUNKS });
      expect(verdict).toMatchObject({ status: "completed", generations: 1, madeTwice: 0 });
    });

    it("in the middle of a kept answer at its own pace, that goes on from where it was", async () => {
      const body: GenerateRequest = { prompt: `paced ${seed}`, model: "scripted-tokens-60-rate-25" };
      await answered(client, redis(body));
      await kept(client, body);
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
      await readToEnd(client, id, reader);
      expect(reader.text(id)).toBe(scriptedText(body.prompt ?? "", 60));
      expect(reader.text(id).startsWith(promised)).toBe(true);
      expect((await client.status(id)).receipt).toMatchObject({ cache: "hit", cost: 0, requests: 0 });
      expect(model.counters().perPrompt[body.prompt ?? ""]?.requests).toBe(1);
    });
  });
});

describe.each(STORES)("when the cache fails, over the $kind stores", ({ kind, absent }) => {
  if (absent) return it.skip(absent);
  let model: ScriptedModel;
  let stores: LastingStores;
  let shaky: Stack;
  let client: Client;

  beforeAll(async () => {
    model = await startScriptedModel();
    stores = await LastingStores.start(kind);
    const env = { ...stores.settings, CACHE_LOOK_UP_MS: "1000" };
    shaky = await Stack.start({ scriptedModelUrl: model.url, env });
    client = await Client.join(shaky.url);
  });

  afterAll(async () => {
    await shaky?.dispose();
    await stores?.dispose();
    await model?.close();
  });

  /** A part is asked every few seconds at most, however often its health is asked for. */
  async function healthOnce(cache: "ok" | "down"): Promise<HealthReply> {
    for (;;) {
      const health = (await (await fetch(`${shaky.url}/health`)).json()) as HealthReply;
      if (health.parts.find(({ name }) => name === "cache")?.status === cache) return health;
      await sleep(250);
    }
  }

  it.each(["refuse", "hang"] as const)(
    "by %s, nothing does: answers are made, and shared, and say so",
    async (mode) => {
      const body = redis({ prompt: `${mode} ${seed}`, model: "scripted-tokens-40-rate-20" });
      await stores.cache.set(mode);
      try {
        const answers = await Promise.all([answered(client, body), answered(client, body), answered(client, body)]);
        for (const { text, receipt } of answers) {
          expect(text).toBe(scriptedText(body.prompt ?? "", 40));
          expect(receipt.cache).toBe("unavailable");
        }
        expect(model.counters().perPrompt[body.prompt ?? ""]?.requests).toBe(1);
        // What is kept in the answer's own object stands in for the cache.
        expect((await answered(client, body)).receipt).toMatchObject({ cache: "unavailable", requests: 0 });
        expect((await healthOnce("down")).status).toBe("degraded");
      } finally {
        await stores.cache.set("pass");
      }
      // What ended meanwhile comes to the cache.
      await kept(client, body);
      expect(model.counters().perPrompt[body.prompt ?? ""]?.requests).toBe(1);
      await healthOnce("ok");
    },
  );

  it("emptied in the middle of an answer, that goes on, and comes there", async () => {
    const body = redis({ prompt: `flushed ${seed}`, model: "scripted-tokens-40-rate-20" });
    const going = answered(client, body);
    await eventually("it is being made", () => (model.counters().perPrompt[body.prompt ?? ""]?.generated ?? 0) > 5);
    await stores.flushCache();
    expect((await going).receipt).toMatchObject({ cache: "miss" });
    await kept(client, body);
    expect(model.counters().perPrompt[body.prompt ?? ""]?.requests).toBe(1);
  });
});
