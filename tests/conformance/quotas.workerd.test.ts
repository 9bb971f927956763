// Proves PROTOCOL.md, "What a person may use": limits are exact however many ask at once, are settled by receipts, survive
// a restart, and refuse before a provider is asked.
import { runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { type Limits, madeTokenSchema, meReplySchema } from "../../protocol/access.ts";
import { cancelReplySchema, generateReplySchema } from "../../protocol/requests.ts";
import { deployment } from "./deployment.ts";
import { answer, bearer, counters, ended, fresh, model, objectOf, type Person, post, problem, read } from "./kit.ts";
import { Socket, SseReader } from "./readers.ts";

const FAST = model("tokens-3-rate-0");
/** Ends when it is stopped. */
const LONG = model("tokens-3000-rate-1");
const admin = bearer("token-of-the-admin");

/** Somebody with limits of their own. */
async function limited(limits: Partial<Limits>): Promise<Person & { person: string; id: string }> {
  const made = await read(
    await admin.fetch("/api/admin/tokens", post({ name: "limited", limits })),
    madeTokenSchema,
    201,
  );
  return { ...bearer(made.token), person: `made:${made.id}`, id: made.id };
}

const ask = (who: Person, more: object = {}, headers: Record<string, string> = {}) =>
  who.fetch(
    "/api/chat/generate",
    post({ prompt: fresh("quota"), model: FAST, maxOutputTokens: 100, ...more }, headers),
  );

async function used(who: Person) {
  return (await read(await who.fetch("/api/me"), meReplySchema)).usage;
}

/** Kills the person's object: what was only in memory is gone. */
async function restart(person: string): Promise<void> {
  const object = env.PERSON.get(env.PERSON.idFromName(person));
  await runInDurableObject(object, (_, state) => state.abort("killed by a test")).catch(() => {});
}

describe("200 asks at once", () => {
  it("are answered as often as a minute's limit says, and no provider hears of the others", async () => {
    const who = await limited({ asksPerMinute: 7 });
    const prompt = fresh("parallel");
    const replies = await Promise.all(Array.from({ length: 200 }, () => ask(who, { prompt })));
    const accepted = replies.filter(({ status }) => status === 202);
    expect(accepted).toHaveLength(7);
    for (const refused of replies.filter(({ status }) => status !== 202)) {
      expect(refused.headers.get("ratelimit-policy")).toBe('"asks";q=7;w=60');
      expect(refused.headers.get("ratelimit")).toMatch(/^"asks";r=0;t=\d+$/);
      expect(Number(refused.headers.get("retry-after"))).toBeGreaterThan(0);
      expect(await problem(refused, "rate_limited", 429)).toMatchObject({ limit: 7, value: 7 });
    }
    let requests = 0;
    for (const reply of accepted) {
      const { receipt } = await ended(who, (await read(reply, generateReplySchema, 202)).id);
      requests += receipt.requests;
    }
    // A busy machine may have one of the seven try twice.
    expect(requests).toBeGreaterThanOrEqual(7);
    expect((await counters()).perPrompt[prompt]?.requests).toBe(requests);
    await expect.poll(async () => (await used(who)).answersNow, { timeout: 20_000 }).toBe(0);
  });

  it("are as many answers at once as the limit says, and one more for each that ends", async () => {
    const who = await limited({ answersAtOnce: 5 });
    const replies = await Promise.all(Array.from({ length: 200 }, () => ask(who, { model: LONG })));
    const accepted = replies.filter(({ status }) => status === 202);
    expect(accepted).toHaveLength(5);
    expect(replies.find(({ status }) => status === 429)?.headers.get("ratelimit-policy")).toBe(
      '"answers";q=5;qu="concurrent-requests"',
    );
    const ids = await Promise.all(accepted.map(async (reply) => (await read(reply, generateReplySchema, 202)).id));
    await restart(who.person);
    await problem(await ask(who), "rate_limited", 429);
    await read(await who.fetch(`/api/chat/cancel/${ids[0]}`, { method: "POST" }), cancelReplySchema);
    await expect.poll(async () => (await used(who)).answersNow, { timeout: 20_000 }).toBe(4);
    expect((await ask(who, { model: LONG })).status).toBe(202);
    await problem(await ask(who), "rate_limited", 429);
    for (const id of ids) await who.fetch(`/api/chat/cancel/${id}`, { method: "POST" });
  });

  it("never hold more than a day's budget of tokens, and take what their receipts say", async () => {
    const who = await limited({ tokensPerDay: 1_000 });
    const prompt = fresh("budget");
    const replies = await Promise.all(Array.from({ length: 200 }, () => ask(who, { prompt })));
    const accepted = replies.filter(({ status }) => status === 202);
    const refused = replies.filter(({ status }) => status !== 202);
    // Each may take its prompt and a hundred tokens more.
    expect(accepted.length).toBeGreaterThan(0);
    expect(accepted.length).toBeLessThan(10);
    for (const each of refused) await problem(each, "budget_exceeded", 429);
    const ends = await Promise.all(
      accepted.map(async (reply) => ended(who, (await read(reply, generateReplySchema, 202)).id)),
    );
    const took = ends.reduce((sum, { receipt }) => sum + (receipt.inputTokens ?? 0) + (receipt.outputTokens ?? 0), 0);
    await expect.poll(() => used(who), { timeout: 20_000 }).toMatchObject({ answersNow: 0, tokensToday: took });
    await restart(who.person);
    expect((await used(who)).tokensToday).toBe(took);
  });
});

describe("a day's budget", () => {
  it("that is used up is told with what is left, and when there is more", async () => {
    const who = await limited({ tokensPerDay: 150 });
    const refused = await ask(who, { maxOutputTokens: 500 });
    expect(Number(refused.headers.get("retry-after"))).toBeLessThanOrEqual(86_400);
    expect(refused.headers.get("ratelimit")).toMatch(/^"tokens";r=150;t=\d+$/);
    expect((await problem(refused, "budget_exceeded", 429)).detail).toContain("maxOutputTokens");
    expect((await ask(who, { maxOutputTokens: 50 })).status).toBe(202);
  });

  it("is not given back by deleting a chat while its answer is written", async () => {
    const who = await limited({ tokensPerDay: 200 });
    const { chatId } = await read(await ask(who, { model: LONG }), generateReplySchema, 202);
    expect((await who.fetch(`/api/chats/${chatId}`, { method: "DELETE" })).status).toBe(204);
    expect((await used(who)).tokensToday).toBeGreaterThan(100);
    await problem(await ask(who), "budget_exceeded", 429);
  });
});

describe("what is held", () => {
  it("is given back when no run came of it", async () => {
    const who = await limited({ answersAtOnce: 1 });
    const { chatId } = await answer(who, { prompt: fresh("first"), model: FAST });
    await expect.poll(async () => (await used(who)).answersNow, { timeout: 20_000 }).toBe(0);
    for (const more of [{ chatId, parentId: "m99" }, { chatId: "0".repeat(64) }]) {
      expect((await ask(who, more)).status).toBeGreaterThanOrEqual(400);
    }
    await expect.poll(async () => (await used(who)).answersNow, { timeout: 20_000 }).toBe(0);
  });

  it("is given back, with the key, when no chat came of it", async () => {
    const who = await limited({ answersAtOnce: 1, tokensPerDay: 1_000 });
    const list = env.PERSON.get(env.PERSON.idFromName(who.person));
    const key = { "idempotency-key": crypto.randomUUID() };
    const rows = (_: unknown, { storage }: DurableObjectState) =>
      ["chats", "idempotency", "holds", "deleted", "erasures"].map(
        (table) => storage.sql.exec(`SELECT count(*) AS count FROM ${table}`).one().count,
      );
    const kept = { tier: "redis", cache: { mode: "only-if-cached" } };
    await problem(await ask(who, kept, key), "not_cached", 404);
    expect(await runInDurableObject(list, rows)).toEqual([0, 0, 0, 0, 0]);
    expect(await used(who)).toMatchObject({ answersNow: 0, tokensToday: 0 });
    // Another body under the same key is no conflict.
    const { id } = await read(await ask(who, { model: LONG }, key), generateReplySchema, 202);
    await who.fetch(`/api/chat/cancel/${id}`, { method: "POST" });
  });

  describe("when the call to the chat fails", () => {
    /** A deployment whose first calls to a chat fail, before they get there or after. */
    function failing(calls: number, after: boolean) {
      let left = calls;
      const fails = async (call: () => Promise<unknown>) => {
        if (left-- <= 0) return call();
        if (after) await call();
        throw new Error("Network connection lost.");
      };
      const get = (id: DurableObjectId) => {
        const chat = env.CHAT.get(id);
        return {
          wake: () => chat.wake(),
          generate: (...given: Parameters<typeof chat.generate>) => fails(() => chat.generate(...given)),
          disown: (...given: Parameters<typeof chat.disown>) => fails(() => chat.disown(...given)),
          fetch: (url: string, init: RequestInit) => fails(() => chat.fetch(url, init)),
        };
      };
      const CHAT = {
        newUniqueId: () => env.CHAT.newUniqueId(),
        idFromString: (id: string) => env.CHAT.idFromString(id),
        get,
      };
      return deployment({ CHAT } as never);
    }
    const forms = [{}, { accept: "text/event-stream" }];

    it.each(forms)("is given back with the chat's place on the list, if nothing began: %j", async (headers) => {
      const who = await limited({ answersAtOnce: 1 });
      // It can't be reached for a while.
      const fetch = failing(2, false);
      const asked = post({ prompt: fresh("lost"), model: FAST }, { ...headers, authorization: `Bearer ${who.token}` });
      expect((await fetch("/api/chat/generate", asked)).status).toBe(500);
      expect((await used(who)).answersNow).toBe(0);
      expect(await (await who.fetch("/api/chats")).json()).toMatchObject({ chats: [] });
      expect((await ask(who)).status).toBe(202);
    });

    it.each(forms)("is held on by a run that did begin: %j", async (headers) => {
      const who = await limited({ answersAtOnce: 1 });
      const fetch = failing(1, true);
      const asked = post({ prompt: fresh("heard"), model: LONG }, { ...headers, authorization: `Bearer ${who.token}` });
      expect((await fetch("/api/chat/generate", asked)).status).toBe(500);
      await problem(await ask(who), "rate_limited", 429);
      const { chats } = await (await who.fetch("/api/chats")).json<{ chats: { id: string }[] }>();
      expect((await who.fetch(`/api/chat/cancel/${chats[0]?.id}.1`, { method: "POST" })).status).toBe(200);
      await expect.poll(async () => (await used(who)).answersNow, { timeout: 20_000 }).toBe(0);
    });
  });

  it("is held once for an ask that is repeated", async () => {
    const who = await limited({ answersAtOnce: 2 });
    const body = { prompt: fresh("twice"), model: LONG };
    const key = { "idempotency-key": crypto.randomUUID() };
    const [one, two] = [await ask(who, body, key), await ask(who, body, key)];
    const id = (await read(one, generateReplySchema, 202)).id;
    expect((await read(two, generateReplySchema, 202)).id).toBe(id);
    expect((await used(who)).answersNow).toBe(1);
    await who.fetch(`/api/chat/cancel/${id}`, { method: "POST" });
  });

  it("is not asked of a repetition, in a chat that goes on either", async () => {
    const who = await limited({ answersAtOnce: 1 });
    const { chatId } = await answer(who, { prompt: fresh("before"), model: FAST });
    await expect.poll(async () => (await used(who)).answersNow, { timeout: 20_000 }).toBe(0);
    const body = { chatId, prompt: fresh("again"), model: LONG };
    const key = { "idempotency-key": crypto.randomUUID() };
    const { id } = await read(await ask(who, body, key), generateReplySchema, 202);
    expect((await read(await ask(who, body, key), generateReplySchema, 202)).id).toBe(id);
    await problem(await ask(who, { ...body, temperature: 1 }, key), "idempotency_conflict", 422);
    await problem(await ask(who, body, { "idempotency-key": crypto.randomUUID() }), "rate_limited", 429);
    await problem(await ask(who, body), "rate_limited", 429);
    expect((await used(who)).answersNow).toBe(1);
    await who.fetch(`/api/chat/cancel/${id}`, { method: "POST" });
  });

  it("counts in every form of asking, and is told in each", async () => {
    const who = await limited({ asksPerMinute: 3 });
    const streamed = await ask(who, {}, { accept: "text/event-stream" });
    expect(streamed.headers.get("ratelimit")).toMatch(/^"asks";r=2;t=60$/);
    await new SseReader(streamed).rest();
    await (await ask(who, {}, { accept: "text/plain" })).text();
    const body = { model: FAST, messages: [{ role: "user", content: fresh("sdk") }] };
    const whole = await who.fetch("/v1/chat/completions", post(body));
    expect([whole.status, whole.headers.get("ratelimit")?.startsWith('"asks";r=0')]).toEqual([200, true]);
    expect((await who.fetch("/v1/chat/completions", post(body))).status).toBe(429);
  });
});

it("whoever was revoked asks for nothing more, in a chat that goes on either", async () => {
  const who = await limited({});
  const { chatId } = await answer(who, { prompt: fresh("revoked"), model: FAST });
  await env.PERSON.get(env.PERSON.idFromName(who.person)).close(who.person, who.id);
  await problem(await ask(who), "unauthenticated", 401);
  await problem(await ask(who, { chatId }), "unauthenticated", 401);
  expect((await who.fetch(`/api/chats/${chatId}`)).status).toBe(200);
});

it("whoever reads with a token that is revoked is sent away, and so is who comes back in the seconds after", async () => {
  const who = await limited({});
  const { id, chatId } = await read(await ask(who, { model: LONG }), generateReplySchema, 202);
  const open = async () => ({
    stream: new SseReader(await who.fetch(`/api/chat/stream/${id}`)),
    socket: await Socket.open(who, `/ws/chat/${chatId}?offset=-1`),
  });
  const list = env.PERSON.get(env.PERSON.idFromName(who.person));
  const sentAway = async ({ stream, socket }: Awaited<ReturnType<typeof open>>) => {
    const records = await stream.rest();
    expect(records.map(({ record }) => record.type)).not.toContain("run.ended");
    expect(await socket.closed).toMatchObject({ code: 4401 });
  };
  const before = await open();
  await list.close(who.person, who.id);
  await sentAway(before);
  // For some seconds what was known of the token is believed elsewhere.
  const after = await open();
  await runInDurableObject(list, (_, { storage }) => void storage.sql.exec("UPDATE revoked SET sweep = 1"));
  await runDurableObjectAlarm(list);
  await sentAway(after);
  await objectOf(id).cancel(who.person, 1);
});

it("what a run took and could not tell before its chat was deleted counts, instead of what was held", async () => {
  const who = await limited({ tokensPerDay: 10_000 });
  const { chatId, id } = await read(await ask(who, { model: LONG }), generateReplySchema, 202);
  const list = env.PERSON.get(env.PERSON.idFromName(who.person));
  const hold = await runInDurableObject(objectOf(id), (_, { storage }) =>
    String(storage.sql.exec("SELECT hold FROM runs").one().hold),
  );
  await list.forget(who.person, chatId, [{ run: id, hold, tokens: 4_321, dollars: 0 }]);
  expect(await used(who)).toMatchObject({ answersNow: 0, tokensToday: 4_321 });
});

it("whoever has no limits holds nothing, and is told of none", async () => {
  const who = bearer("token-of-the-team");
  const reply = await ask(who, { model: LONG });
  expect(reply.headers.get("ratelimit")).toBeNull();
  const { id } = await read(reply, generateReplySchema, 202);
  expect((await used(who)).answersNow).toBe(0);
  await who.fetch(`/api/chat/cancel/${id}`, { method: "POST" });
});
