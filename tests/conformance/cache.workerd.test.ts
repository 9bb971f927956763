// "The cache" of docs/PROTOCOL.md, in the redis tier: what is kept, for whom, and how it is given.
import { beforeAll, describe, expect, it } from "vitest";
import { scriptedText } from "../../local/model/text.ts";
import type { GenerateRequest } from "../../protocol/requests.ts";
import {
  answer,
  ask,
  bearer,
  cacheIsUp,
  counters,
  ended,
  fresh,
  model,
  type Person,
  person,
  post,
  problem,
} from "./kit.ts";
import { isRecord, SseReader } from "./readers.ts";

beforeAll(cacheIsUp);

const FAST = model("tokens-12-rate-0");

const redis = (prompt: string, more: Partial<GenerateRequest> = {}): GenerateRequest => ({
  prompt,
  tier: "redis",
  model: FAST,
  ...more,
});

/** How the cache stood to an ask. */
async function look(who: Person, body: GenerateRequest) {
  const { end } = await answer(who, body);
  return end.receipt.cache;
}

/** Has an answer made, and resolves when the cache has it. */
async function keep(who: Person, body: GenerateRequest) {
  const made = await answer(who, body);
  for (let tries = 0; tries < 200; tries++) {
    const asked = { ...body, cache: { mode: "only-if-cached" } as const };
    const response = await who.fetch("/api/chat/generate", post(asked));
    await response.body?.cancel();
    if (response.status === 202) return made;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error("The answer never came to the cache.");
}

/** Requests that the model had for a prompt. */
const requests = async (prompt: string) => (await counters()).perPrompt[prompt]?.requests ?? 0;

async function text(who: Person, run: string): Promise<string> {
  const replica = await new SseReader(await who.fetch(`/api/chat/stream/${run}`)).until(isRecord("run.ended"));
  return replica.text(run);
}

describe.concurrent("a kept answer", () => {
  it("is given again in another chat of the tenant, the same, at no cost; to another tenant it is not", async () => {
    const prompt = fresh("Explique l'intelligence artificielle");
    const first = await keep(await person(), redis(prompt));
    expect(first.end.receipt).toMatchObject({ tier: "redis", cache: "miss", requests: 1 });
    expect(first.end.receipt).not.toHaveProperty("saved");

    const who = await person();
    const second = await answer(who, redis(prompt));
    expect(second.end).toMatchObject({ status: "completed", finish: "stop", error: null });
    const { inputTokens, outputTokens, cost } = first.end.receipt;
    expect(second.end.receipt).toMatchObject({
      cache: "hit",
      cost: 0,
      inputTokens: 0,
      outputTokens: 0,
      requests: 0,
      recoveries: [],
      saved: { inputTokens, outputTokens, cost },
    });
    expect(second.end.receipt.age).toBeGreaterThanOrEqual(0);
    expect(await text(who, second.id)).toBe(scriptedText(prompt, 12));
    expect(await requests(prompt)).toBe(1);

    expect(await look(bearer("token-of-one-script"), redis(prompt))).toBe("miss");
    expect(await requests(prompt)).toBe(2);
  });

  it("is a run like any other: its records, its offsets, its status, its place in the chat", async () => {
    const who = await person();
    const prompt = fresh("like any other");
    await keep(who, redis(prompt));
    const { id, chatId } = await ask(who, redis(prompt));
    const reader = new SseReader(await who.fetch(`/api/chat/stream/${chatId}`));
    const whole = await reader.until(isRecord("run.ended"));
    await reader.leave();
    expect(whole.types()).toEqual(["message", "run.started", "delta", "run.ended"]);
    expect(whole.received.every(({ offset }) => offset !== undefined)).toBe(true);
    expect(whole.state.runs[id]).toMatchObject({ cache: "hit", tier: "redis", status: "completed" });
    // Whoever comes back in the middle gets the rest, whoever comes back at the end nothing.
    const [, started] = whole.received;
    const rest = await new SseReader(await who.fetch(`/api/chat/stream/${id}?offset=${started?.offset}`)).next();
    expect(rest?.record).toMatchObject({ type: "delta", at: 0 });
    expect((await who.fetch(`/api/chat/stream/${id}?offset=${whole.offset}`)).status).toBe(204);
    const next = await answer(who, redis("And then?", { chatId }));
    expect(next.end.status).toBe("completed");
  });

  it("is given in every form, with Cache-Status and Age", async () => {
    const who = await person();
    const prompt = fresh("forms");
    const missed = await who.fetch("/api/chat/generate", post(redis(prompt)));
    expect([missed.headers.get("cache-status"), missed.headers.get("age")]).toEqual(["Keepstream; fwd=miss", null]);
    await missed.body?.cancel();
    await keep(who, redis(prompt));
    for (const accept of ["application/json", "text/event-stream", "text/plain"]) {
      const response = await who.fetch("/api/chat/generate", post(redis(prompt), { accept }));
      expect(response.headers.get("cache-status")).toMatch(/^Keepstream; hit; ttl=3[56]\d\d$/);
      expect(response.headers.get("age")).toMatch(/^\d$/);
      const body = await response.text();
      if (accept === "text/plain") expect(body).toBe(scriptedText(prompt, 12));
      else expect(body).toContain(accept === "text/event-stream" ? "event: run.ended" : '"links"');
    }
    const plain = await who.fetch("/api/chat/generate", post({ prompt: fresh("mvp"), model: FAST }));
    expect(plain.headers.get("cache-status")).toBeNull();
    await plain.body?.cancel();
  });

  it("asked for twice with one key is one run, and says the same of itself", async () => {
    const who = await person();
    const prompt = fresh("keyed");
    await keep(who, redis(prompt));
    const headers = { "idempotency-key": crypto.randomUUID() };
    const replies = await Promise.all(
      [1, 2, 3].map(() => who.fetch("/api/chat/generate", post(redis(prompt), headers))),
    );
    const ids = await Promise.all(replies.map(async (reply) => ((await reply.json()) as { id: string }).id));
    expect(new Set(ids).size).toBe(1);
    for (const reply of replies) expect(reply.headers.get("cache-status")).toMatch(/^Keepstream; hit/);
  });

  it("comes at the pace at which it was made, if that is asked for, and can be stopped there", async () => {
    const who = await person();
    const prompt = fresh("pace");
    const slow = { model: model("tokens-20-rate-20") };
    await keep(who, redis(prompt, slow));
    const paced = redis(prompt, { ...slow, cache: { pace: "original" } });
    const { id } = await ask(who, paced);
    const replica = await new SseReader(await who.fetch(`/api/chat/stream/${id}`)).until(isRecord("run.ended"));
    const deltas = replica.received.filter(({ record, offset }) => record.type === "delta" && !offset);
    expect(deltas.length).toBeGreaterThan(5);
    expect(replica.text(id)).toBe(scriptedText(prompt, 20));
    const { receipt } = await ended(who, id);
    expect(receipt).toMatchObject({ cache: "hit", cost: 0, requests: 0 });
    expect(receipt.totalMs).toBeGreaterThan(500);

    const stopped = await ask(who, paced);
    const reader = new SseReader(await who.fetch(`/api/chat/stream/${stopped.id}`));
    await reader.until(({ record }) => record.type === "delta" && record.text !== "");
    await who.fetch(`/api/chat/cancel/${stopped.id}`, { method: "POST" });
    const end = await ended(who, stopped.id);
    expect(end).toMatchObject({ status: "cancelled", receipt: { cache: "hit", cost: 0, requests: 0 } });
    expect(await requests(prompt)).toBe(1);
  }, 60_000);
});

describe.concurrent("the key", () => {
  it.each<[string, Partial<GenerateRequest>]>([
    ["temperature", { temperature: 0.3 }],
    ["limit of tokens", { maxOutputTokens: 500 }],
    ["system prompt", { system: "Be brief." }],
    ["provider", { provider: "anthropic" }],
    ["model", { model: model("tokens-12-rate-0-ttft-0") }],
  ])("is another for another %s", async (_, more) => {
    const who = await person();
    const prompt = fresh("key");
    const body = redis(prompt, { provider: "openai", temperature: 0.7, maxOutputTokens: 400, system: "Be kind." });
    await keep(who, body);
    expect(await look(who, body)).toBe("hit");
    expect(await look(who, { ...body, ...more })).toBe("miss");
  });

  it("is another for another conversation before the question", async () => {
    const who = await person();
    const question = fresh("And then?");
    const following = async (prompt: string) => {
      const { chatId } = await answer(who, redis(prompt));
      return redis(question, { chatId });
    };
    const [one, other] = [fresh("one"), fresh("other")];
    expect(await look(who, await following(one))).toBe("miss");
    while ((await look(who, await following(one))) !== "hit");
    expect(await look(who, await following(other))).toBe("miss");
    expect(await look(who, redis(question))).toBe("miss");
  });

  it("is the same whatever the order of properties and the white space of the request", async () => {
    const who = await person();
    const prompt = fresh("order");
    const body = redis(prompt, { temperature: 0.5, system: "Be kind." });
    await keep(who, body);
    const turned = Object.fromEntries(Object.entries(body).reverse());
    const init = { ...post(body), body: JSON.stringify(turned, null, 4) };
    const response = await who.fetch("/api/chat/generate", init);
    expect(response.headers.get("cache-status")).toMatch(/^Keepstream; hit/);
    await response.body?.cancel();
  });
});

describe.concurrent("what is asked of the cache", () => {
  it("no-cache has it made anew and keeps that; so does an ask without a prompt", async () => {
    const who = await person();
    const prompt = fresh("anew");
    const { chatId } = await keep(who, redis(prompt));
    const anew = await who.fetch("/api/chat/generate", post(redis(prompt, { cache: { mode: "no-cache" } })));
    expect(anew.headers.get("cache-status")).toBe("Keepstream; fwd=request");
    await ended(who, ((await anew.json()) as { id: string }).id);
    expect(await requests(prompt)).toBe(2);
    const again = await answer(who, { chatId, tier: "redis", model: FAST });
    expect(again.end.receipt.cache).toBe("miss");
    expect(await requests(prompt)).toBe(3);
    expect(await look(who, { chatId, tier: "redis", model: FAST, cache: { mode: "default" } })).toBe("hit");
  });

  it("no-store neither looks nor keeps", async () => {
    const who = await person();
    const prompt = fresh("unstored");
    const unstored = redis(prompt, { cache: { mode: "no-store" } });
    const response = await who.fetch("/api/chat/generate", post(unstored));
    expect(response.headers.get("cache-status")).toBe("Keepstream; fwd=bypass");
    expect((await ended(who, ((await response.json()) as { id: string }).id)).receipt.cache).toBe("off");
    await keep(who, redis(prompt));
    expect(await look(who, unstored)).toBe("off");
    expect(await requests(prompt)).toBe(3);
  });

  it("only-if-cached is refused where nothing is kept, and leaves nothing behind", async () => {
    const who = await person();
    const prompt = fresh("only if");
    const body = redis(prompt, { cache: { mode: "only-if-cached" } });
    await problem(await who.fetch("/api/chat/generate", post(body)), "not_cached", 404);
    const { chats } = (await (await who.fetch("/api/chats")).json()) as { chats: unknown[] };
    expect(chats).toEqual([]);
    expect(await requests(prompt)).toBe(0);
  });

  it("a ttl is how long it is kept", async () => {
    const who = await person();
    const long = redis(fresh("long ttl"), { cache: { ttl: 600 } });
    await keep(who, long);
    const given = await who.fetch("/api/chat/generate", post(long));
    await given.body?.cancel();
    const [, left] = /^Keepstream; hit; ttl=(\d+)$/.exec(given.headers.get("cache-status") ?? "") ?? [];
    expect(Number(left)).toBeGreaterThan(500);
    expect(Number(left)).toBeLessThanOrEqual(600);
    // Nothing is seen of it while it is kept: a busy machine may be that long at it.
    const short = redis(fresh("short ttl"), { cache: { ttl: 1 } });
    await answer(who, short);
    await new Promise((resolve) => setTimeout(resolve, 1_100));
    expect(await look(who, short)).toBe("miss");
  });

  it("what is not whole is not kept: stopped, failed, refused, or cut by the model's own limit", async () => {
    const who = await person();
    const cases: [string, Partial<GenerateRequest>][] = [
      ["tokens-12-rate-0-refusal", {}],
      ["tokens-40-rate-0-limit-9", {}],
      ["tokens-12-rate-0-401", { provider: "compatible" }],
    ];
    for (const [words, more] of cases) {
      const body = redis(fresh(words), { model: model(words), ...more });
      await ended(who, (await ask(who, body)).id);
      await new Promise((resolve) => setTimeout(resolve, 150));
      const asked = { ...body, cache: { mode: "only-if-cached" } as const };
      await problem(await who.fetch("/api/chat/generate", post(asked)), "not_cached", 404);
    }
  });

  it("what the ask itself limited is whole", async () => {
    const who = await person();
    const body = redis(fresh("limited"), { maxOutputTokens: 5 });
    const { end } = await keep(who, body);
    expect(end.finish).toBe("length");
    expect(await look(who, body)).toBe("hit");
  });
});
