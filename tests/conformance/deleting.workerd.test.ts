// Proves PROTOCOL.md, "Chats": a chat that is deleted while others are busy with it is gone for them, and no more.
import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { expect, it, vi } from "vitest";
import { meReplySchema } from "../../protocol/access.ts";
import { answer, ask, fresh, model, objectOf, person, post, read } from "./kit.ts";

it("whatever meets a deletion is told that the chat is gone, or was answered before", { timeout: 60_000 }, async () => {
  const who = await person();
  const json = { "content-type": "application/json" };
  for (let round = 0; round < 12; round++) {
    const slow = model(`tokens-3000-rate-${round % 2 ? 50 : 0}`);
    const { id, chatId, links } = await ask(who, { prompt: fresh("delete"), model: slow });
    const now = await (await who.fetch(`${links.chunks}?wait=1`)).json<{ offset: string }>();
    const again = { chatId, parentId: "m1", model: slow };
    const calls: [string, RequestInit?][] = [
      [links.cancel, { method: "POST" }],
      [links.status],
      [`${links.chunks}?offset=${now.offset}&wait=5`],
      [`/api/chat/chunks/${chatId}?offset=now&wait=5`],
      [`/api/chats/${chatId}`],
      [`/api/chats/${chatId}`, { method: "PATCH", headers: json, body: '{"title":"x"}' }],
      [`/api/chats/${chatId}`, { method: "DELETE" }],
      [`/api/chats/${chatId}`, { method: "DELETE" }],
      ["/api/chat/generate", post(again)],
      ["/api/chat/generate", post(again, { accept: "text/event-stream" })],
      [`/api/chat/stream/${id}`],
    ];
    // Each round in another order, so that every call is met before, within and after the deletion.
    const turned = [...calls.slice(round % calls.length), ...calls.slice(0, round % calls.length)];
    const answers = await Promise.all(
      turned.map(async ([path, init]) => {
        const response = await who.fetch(path, init);
        await response.text().catch(() => {});
        return `${init?.method ?? "GET"} ${path} ${response.status}`;
      }),
    );
    for (const each of answers) expect(each).toMatch(/ (200|202|204|404)$/);
    expect((await who.fetch(`/api/chats/${chatId}`)).status).toBe(404);
    await vi.waitFor(async () => expect(await (await who.fetch("/api/chats")).json()).toMatchObject({ chats: [] }));
  }
});

it.each(["/api/chats/", "/api/me"])(
  "a chat that is deleted before it begins is gone once it has begun: DELETE %s",
  async (path) => {
    const who = await person();
    const { person: name } = await read(await who.fetch("/api/me"), meReplySchema);
    const list = env.PERSON.get(env.PERSON.idFromName(name));
    // What an ask does first: it puts the chat on the list.
    const chatId = env.CHAT.newUniqueId().toString();
    expect((await list.admit(chatId, "overtaken", null, null, Date.now())).chat.ok).toBe(true);
    expect((await who.fetch(path === "/api/me" ? path : path + chatId, { method: "DELETE" })).status).toBe(204);
    // Whoever is told of deletions has been told, and found no chat.
    const untold = () =>
      runInDurableObject(list, (_, { storage }) => storage.sql.exec("SELECT chat FROM erasures").toArray());
    await expect.poll(untold, { timeout: 20_000 }).toEqual([]);
    const started = await objectOf(chatId).generate(
      name,
      {
        prompt: fresh("overtaken"),
        tier: "mvp",
        provider: "openai",
        model: model("tokens-3000-rate-1"),
        params: { temperature: null, maxOutputTokens: null, system: null },
        cache: { mode: "default", ttl: null, pace: "instant" },
        tenant: "open",
        recovery: "replace",
        idempotency: null,
      },
      { tenant: "open" },
    );
    expect(started.ok).toBe(true);
    const rest = () =>
      runInDurableObject(objectOf(chatId), (_, { storage }) =>
        storage.sql.exec("SELECT name FROM sqlite_master WHERE name IN ('chat', 'log')").toArray(),
      );
    await expect.poll(rest, { timeout: 10_000 }).toEqual([]);
    expect((await who.fetch(`/api/chats/${chatId}`)).status).toBe(404);
  },
);

it.each(["/api/chats/", "/api/me"])(
  "no word of it is left in any row of its person's object: DELETE %s",
  async (path) => {
    const who = await person();
    const me = (await read(await who.fetch("/api/me"), meReplySchema)).person;
    const words = ["quixotic", "zeppelin"].map((word) => `${word}${Date.now().toString(36)}`);
    const chats: string[] = [];
    for (const word of [...words, ...words]) {
      chats.push((await answer(who, { prompt: fresh(`What is a ${word}?`), model: model("tokens-50-rate-0") })).chatId);
    }
    const list = env.PERSON.get(env.PERSON.idFromName(me));
    /** Every row of every table, those of the index too. */
    const rows = () =>
      runInDurableObject(list, (_, { storage: { sql } }) =>
        sql
          .exec<{ name: string }>(
            "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE '\\_%' ESCAPE '\\'",
          )
          .toArray()
          .flatMap(({ name }) => sql.exec(`SELECT * FROM "${name}"`).toArray().flatMap(Object.values))
          .map((value) => (value instanceof ArrayBuffer ? new TextDecoder("latin1").decode(value) : String(value)))
          .join("\n"),
      );
    // The index shares what words begin with.
    for (const known of ["quix", "zepp"]) await vi.waitFor(async () => expect(await rows()).toContain(known), 20_000);
    for (const gone of path === "/api/me" ? [path] : chats.map((id) => path + id)) {
      expect((await who.fetch(gone, { method: "DELETE" })).status).toBe(204);
    }
    expect(await rows()).not.toMatch(/quix|zepp/i);
  },
);
