// Proves PROTOCOL.md, "Limits": each refusal has its own code, the limit, the value it got, and what to do.
import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import {
  MAX_BODY_BYTES,
  MAX_CHATS_PER_PERSON,
  MAX_OPEN_RUNS_PER_CHAT,
  MAX_PROMPT_LENGTH,
  MAX_READERS_PER_CHAT,
  MAX_SYSTEM_LENGTH,
} from "../../protocol/limits.ts";
import { answer, ask, call, ended, fresh, model, type Person, person, post, problem } from "./kit.ts";
import { Socket, SseReader } from "./readers.ts";

const FAST = model("tokens-3-rate-0");
const generate = (who: Person, body: unknown, headers = {}) => who.fetch("/api/chat/generate", post(body, headers));

describe("a prompt", () => {
  it("may be as long as its limit, in any script", async () => {
    const who = await person();
    for (const prompt of [
      "x".repeat(MAX_PROMPT_LENGTH),
      "脑".repeat(MAX_PROMPT_LENGTH),
      "🧠".repeat(MAX_PROMPT_LENGTH / 2),
    ]) {
      const { id, links } = await ask(who, { prompt, model: FAST });
      await ended(who, id);
      const chat = await (await who.fetch(links.chat)).json<{ messages: { text: string }[] }>();
      expect(chat.messages[0]?.text === prompt).toBe(true);
    }
  });

  it("that is longer is refused, with the limit and its length", async () => {
    const who = await person();
    for (const value of [MAX_PROMPT_LENGTH + 1, MAX_PROMPT_LENGTH + 100_000]) {
      const refused = await problem(await generate(who, { prompt: "x".repeat(value) }), "prompt_too_large", 413);
      expect(refused).toMatchObject({ limit: MAX_PROMPT_LENGTH, value });
      expect(refused.detail).toContain(String(MAX_PROMPT_LENGTH));
    }
  });

  it("with characters that no text can have gets U+FFFD in their place", async () => {
    const who = await person();
    const { id, links } = await ask(
      who,
      { prompt: "a\ud800b\udfffc", model: FAST },
      { "idempotency-key": "surrogates" },
    );
    await ended(who, id);
    const chat = await (await who.fetch(links.chat)).json<{ title: string; messages: { text: string }[] }>();
    expect([chat.title, chat.messages[0]?.text]).toEqual(["a\ufffdb\ufffdc", "a\ufffdb\ufffdc"]);
  });

  it("may hold any character there is, NUL and newlines too", async () => {
    const who = await person();
    const prompt = "\u0000 a\r\nb\u2028 \u0007 \ufeff e\u0301 👩‍💻 \u202e rtl";
    const { id, links } = await ask(who, { prompt, model: FAST });
    await ended(who, id);
    const chat = await (await who.fetch(links.chat)).json<{ messages: { text: string }[] }>();
    expect(chat.messages[0]?.text).toBe(prompt);
  });
});

describe("a body", () => {
  it("larger than its limit is refused, whether it says its size or not", async () => {
    const who = await person();
    const body = JSON.stringify({ prompt: "x", filler: "x".repeat(MAX_BODY_BYTES) });
    const headers = { "content-type": "application/json" };
    const said = { ...headers, "content-length": String(body.length) };
    const refused = await problem(
      await who.fetch("/api/chat/generate", { method: "POST", headers: said, body }),
      "body_too_large",
      413,
    );
    expect(refused).toMatchObject({ limit: MAX_BODY_BYTES, value: body.length });
    const stream = new Blob([body]).stream();
    await problem(
      await who.fetch("/api/chat/generate", { method: "POST", headers, body: stream }),
      "body_too_large",
      413,
    );
  });

  it("that is not JSON, or not an object, is refused", async () => {
    const who = await person();
    const send = (body: string, type?: string) =>
      who.fetch("/api/chat/generate", { method: "POST", headers: type ? { "content-type": type } : {}, body });
    for (const body of ["", "{", "nonsense", "[]", "null", "7", '"x"', "\u0000"]) {
      await problem(await send(body, "application/json"), "bad_request", 400);
    }
    for (const type of ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"]) {
      await problem(await send('{"prompt":"x"}', type), "unsupported_media_type", 415);
    }
  });
});

it("a body that is missing is refused wherever one is needed", async () => {
  const who = await person();
  const { chatId } = await answer(who, { prompt: fresh("bodiless"), model: FAST });
  await problem(await who.fetch("/api/chat/generate", { method: "POST" }), "bad_request", 400);
  await problem(await who.fetch(`/api/chats/${chatId}`, { method: "PATCH" }), "bad_request", 400);
});

describe("a field", () => {
  it.each([
    [{ temperature: 2.1 }, "temperature"],
    [{ temperature: -0.1 }, "temperature"],
    [{ temperature: "1" }, "temperature"],
    [{ maxOutputTokens: 0 }, "maxOutputTokens"],
    [{ maxOutputTokens: 1.5 }, "maxOutputTokens"],
    [{ maxOutputTokens: 200_001 }, "maxOutputTokens"],
    [{ system: "x".repeat(MAX_SYSTEM_LENGTH + 1) }, "system"],
    [{ model: "" }, "model"],
    [{ model: "x".repeat(201) }, "model"],
    [{ provider: "nobody" }, "provider"],
    [{ tier: "gold" }, "tier"],
    [{ recovery: "always" }, "recovery"],
    [{ cache: { mode: "sometimes" } }, "cache.mode"],
    [{ cache: { ttl: 0 } }, "cache.ttl"],
    [{ cache: { other: 1 } }, "cache"],
    [{ parentId: 7 }, "parentId"],
    [{ prompt: 7 }, "prompt"],
    [{ unknown: 1 }, ""],
  ])("that can't be is refused by name: %j", async (field, path) => {
    const who = await person();
    const refused = await problem(await generate(who, { prompt: "x", model: FAST, ...field }), "bad_request", 400);
    expect(refused.errors?.map((each) => each.path)).toContain(path);
    if (path === "") expect(refused.detail).toContain("unknown");
  });

  it("of a query that can't be is refused too", async () => {
    const who = await person();
    const { id } = await answer(who, { prompt: fresh("query"), model: FAST });
    for (const query of ["wait=-1", "wait=31", "wait=x", "wait=NaN", "wait=1e9", `offset=${"0".repeat(65)}`]) {
      await problem(await who.fetch(`/api/chat/chunks/${id}?${query}`), "bad_request", 400);
    }
    await problem(await who.fetch(`/api/chat/status/${"x".repeat(101)}`), "bad_request", 400);
    await problem(await who.fetch("/api/chat/generate?committed=yes", post({ prompt: "x" })), "bad_request", 400);
  });
});

describe("a model", () => {
  it("the provider does not know ends its run, which says so", async () => {
    const who = await person();
    const { end } = await answer(who, { prompt: fresh("unknown"), model: "no-such-model" }, "failed");
    expect(end.error?.code).toBe("provider_unknown_model");
  });
});

describe("how many", () => {
  it("chats a person may keep", async () => {
    const session = await (await call("/api/session", { method: "POST" })).json<{ person: string; token: string }>();
    const who: Person = {
      token: session.token,
      fetch: (path, init = {}) =>
        call(path, {
          ...init,
          headers: { ...Object.fromEntries(new Headers(init.headers)), authorization: `Bearer ${session.token}` },
        }),
    };
    const { chatId, id } = await ask(who, { prompt: fresh("first"), model: FAST });
    await ended(who, id);
    await runInDurableObject(env.PERSON.get(env.PERSON.idFromName(session.person)), (_, { storage }) => {
      storage.sql.exec(
        `WITH RECURSIVE n(i) AS (SELECT 2 UNION ALL SELECT i + 1 FROM n WHERE i < ${MAX_CHATS_PER_PERSON})
         INSERT INTO chats (id, title, created, updated, running) SELECT printf('%064d', i), 'x', 0, 0, 0 FROM n`,
      );
    });
    const refused = await generate(who, { prompt: fresh("one more"), model: FAST });
    expect(await problem(refused, "too_many_chats", 429)).toMatchObject({
      limit: MAX_CHATS_PER_PERSON,
      value: MAX_CHATS_PER_PERSON,
    });
    // The chats there are go on, and room that is made is room.
    await answer(who, { prompt: fresh("go on"), chatId, model: FAST });
    await who.fetch(`/api/chats/${chatId}`, { method: "DELETE" });
    await answer(who, { prompt: fresh("room"), model: FAST });
  });

  it("answers at once in a chat", async () => {
    const who = await person();
    const { chatId, id } = await ask(who, { prompt: fresh("many"), model: model("tokens-3000-rate-20") });
    const again = { chatId, parentId: "m1", model: model("tokens-3000-rate-20") };
    for (let n = 1; n < MAX_OPEN_RUNS_PER_CHAT; n++) await ask(who, again);
    const refused = await generate(who, again);
    expect(refused.headers.get("retry-after")).toBe("5");
    const limit = MAX_OPEN_RUNS_PER_CHAT;
    expect(await problem(refused, "too_many_runs", 429)).toMatchObject({ limit, value: limit });
    await who.fetch(`/api/chat/cancel/${id}`, { method: "POST" });
    await ask(who, again);
    await who.fetch(`/api/chats/${chatId}`, { method: "DELETE" });
  });

  it("readers a chat may have, whether they said yet what to read or not", { timeout: 120_000 }, async () => {
    const who = await person();
    const { chatId, id } = await answer(who, { prompt: fresh("crowd"), model: FAST });
    const sockets: Socket[] = [];
    for (let n = 0; n < MAX_READERS_PER_CHAT; n += 100) {
      const query = n % 200 ? "" : "?offset=now";
      sockets.push(
        ...(await Promise.all(Array.from({ length: 100 }, () => Socket.open(who, `/ws/chat/${chatId}${query}`)))),
      );
    }
    const limit = MAX_READERS_PER_CHAT;
    const refused = [
      await who.fetch(`/api/chat/stream/${chatId}`),
      await who.fetch(`/api/chat/chunks/${chatId}?offset=now&wait=1`),
      await who.fetch(`/ws/chat/${chatId}`, { headers: { upgrade: "websocket" } }),
    ];
    for (const response of refused) {
      expect(response.headers.get("retry-after")).toBe("5");
      expect(await problem(response, "too_many_readers", 429)).toMatchObject({ limit, value: limit });
    }
    // Reading what is there takes no reader's place.
    expect((await who.fetch(`/api/chat/chunks/${id}`)).status).toBe(200);
    for (const socket of sockets.splice(0, 10)) socket.leave();
    await new Promise((resolve) => setTimeout(resolve, 100));
    await new SseReader(await who.fetch(`/api/chat/stream/${id}`)).rest();
    for (const socket of sockets) socket.leave();
  });
});
