// Proves PROTOCOL.md, "What is kept of a person": all of it is exported, and its erasure leaves nothing.
import { listDurableObjectIds, runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { sql } from "drizzle-orm";
import { describe, expect, inject, it } from "vitest";
import { connector } from "../../archive/database.ts";
import type { PersonObject } from "../../durable-objects/person.ts";
import { meExportSchema, meReplySchema, shareReplySchema } from "../../protocol/access.ts";
import { chatListReplySchema } from "../../protocol/requests.ts";
import { rowsOfArchive } from "../archived.ts";
import { answer, ask, bearer, ended, fresh, model, objectOf, type Person, person, problem, read } from "./kit.ts";
import { SseReader } from "./readers.ts";

const FAST = model("tokens-3-rate-0");

/** The object that is a person, and what it is called. */
async function listOf(who: Person) {
  const { person: name } = await read(await who.fetch("/api/me"), meReplySchema);
  return { name, list: env.PERSON.get(env.PERSON.idFromName(name)) };
}

/** Everything an object has on disk, as text. */
async function stored(object: DurableObjectStub): Promise<string> {
  return runInDurableObject(object, (_, { storage }) => {
    const tables = storage.sql.exec<{ name: string }>("SELECT name FROM sqlite_master WHERE type = 'table'").toArray();
    const own = tables.filter(({ name }) => !/^(_cf|sqlite)_/.test(name));
    return own.map(({ name }) => JSON.stringify(storage.sql.exec(`SELECT * FROM "${name}"`).toArray())).join("\n");
  });
}

it("everybody is told who they are, and what they may use", async () => {
  const who = await person();
  expect(await read(await who.fetch("/api/me"), meReplySchema)).toMatchObject({
    person: expect.stringMatching(/^anon:/),
    tenant: "open",
    scopes: ["read", "ask", "manage"],
    admin: false,
    usage: { answersNow: 0 },
  });
  const team = await read(await bearer("token-of-the-team").fetch("/api/me"), meReplySchema);
  expect(team).toMatchObject({ person: "named:team", tenant: "named:team" });
  expect((await read(await bearer("token-of-the-admin").fetch("/api/me"), meReplySchema)).admin).toBe(true);
});

describe("a person's export", () => {
  it("has every chat, as each is read", async () => {
    const who = await person();
    const chats = [];
    for (const what of ["one", "two", "three"]) {
      const { chatId } = await answer(who, { prompt: fresh(what), model: FAST });
      await answer(who, { chatId, prompt: fresh(`${what} again`), model: FAST });
      chats.push(await (await who.fetch(`/api/chats/${chatId}`)).json<object>());
    }
    const reply = await who.fetch("/api/me/export");
    expect(reply.headers.get("content-disposition")).toContain("keepstream.json");
    const all = await read(reply, meExportSchema);
    expect(all.chats).toHaveLength(3);
    expect(all.chats).toEqual(expect.arrayContaining(chats.map((chat) => expect.objectContaining(chat))));
  });

  it("has what reading a chat does not tell: what the model was told besides, and the chat's link", async () => {
    const who = await person();
    const system = `Be brief (${fresh("system")}).`;
    const { chatId } = await answer(who, { prompt: fresh("asked"), model: FAST, system, temperature: 0.5 });
    const link = await read(await who.fetch(`/api/chats/${chatId}/share`, { method: "POST" }), shareReplySchema, 201);
    const { chats } = await read(await who.fetch("/api/me/export"), meExportSchema);
    expect(chats).toMatchObject([
      {
        id: chatId,
        share: link.token,
        runs: [{ started: { params: { system, temperature: 0.5 } }, ended: { status: "completed" } }],
      },
    ]);
  });

  it("is more than a page of chats when there are more, and has those that move meanwhile", async () => {
    const who = await person();
    const { list } = await listOf(who);
    const ids = await Promise.all(
      Array.from({ length: 53 }, async () => (await ask(who, { prompt: fresh("many"), model: FAST })).chatId),
    );
    const reply = await who.fetch("/api/me/export");
    await runInDurableObject(list, (_, { storage }) => {
      const oldest = "SELECT id FROM chats ORDER BY updated LIMIT 3";
      storage.sql.exec(`UPDATE chats SET updated = ? WHERE id IN (${oldest})`, Date.now() + 1_000);
    });
    const { chats } = await read(reply, meExportSchema);
    expect(chats.map(({ id }) => id).sort()).toEqual(ids.sort());
  });

  it("never looks whole where a chat could not be read: it is refused, or broken off", async () => {
    const who = await person();
    const ask = async () => (await answer(who, { prompt: fresh("rests"), model: FAST })).chatId;
    const chats = [await ask(), await ask()].sort();
    const { DATABASE_URL, NEON_FETCH_ENDPOINT } = inject("stores").settings;
    const archive = connector(DATABASE_URL, NEON_FETCH_ENDPOINT)(10_000);
    /** The archive has nothing of a chat that rests there, or has it again. */
    const lose = (chatId: string, by: number) =>
      archive.execute(sql`update snapshots set part = part + ${by} where chat_id = ${chatId}`);
    const [first = "", second = ""] = chats;

    await expect.poll(() => objectOf(second).evict(), { timeout: 20_000 }).toBe(true);
    await lose(second, 100);
    const broken = await who.fetch("/api/me/export");
    expect(broken.status).toBe(200);
    await expect(broken.text()).rejects.toThrow();

    await expect.poll(() => objectOf(first).evict(), { timeout: 20_000 }).toBe(true);
    await lose(first, 100);
    await problem(await who.fetch("/api/me/export"), "archive_unreachable", 503);

    for (const chatId of chats) await lose(chatId, -100);
    expect((await read(await who.fetch("/api/me/export"), meExportSchema)).chats).toHaveLength(2);
  });

  it("of somebody who has nothing is empty", async () => {
    expect((await read(await (await person()).fetch("/api/me/export"), meExportSchema)).chats).toEqual([]);
  });
});

describe("a person's erasure", () => {
  it("leaves nothing that was said, stops what runs, and ends who reads", async () => {
    const who = await person();
    const word = `unmistakable${Date.now()}`;
    const { chatId } = await answer(who, { prompt: fresh(word), model: FAST });
    await who.fetch(`/api/chats/${chatId}`, {
      method: "PATCH",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ title: word }),
    });
    const running = await ask(who, { prompt: fresh(word), model: model("tokens-3000-rate-5") });
    const reader = new SseReader(await who.fetch(`/api/chat/stream/${running.id}`));
    const { list } = await listOf(who);
    await expect.poll(() => stored(list), { timeout: 20_000 }).toContain(word);

    expect((await who.fetch("/api/me", { method: "DELETE" })).status).toBe(204);
    await reader.rest();
    for (const object of [list, objectOf(chatId), objectOf(running.chatId)]) {
      expect(await stored(object)).not.toContain(word);
    }
    expect(await stored(objectOf(chatId))).toBe("");
    expect(await read(await who.fetch("/api/chats"), chatListReplySchema)).toEqual({ chats: [], cursor: null });
    await problem(await who.fetch(`/api/chats/${chatId}`), "unknown_chat", 404);

    // Nobody is locked out by it.
    const { id } = await ask(who, { prompt: fresh("again"), model: FAST });
    await ended(who, id);
  });

  it("leaves nothing of what was asked where answers are shared, but with who is still waiting for one", async () => {
    const [who, other] = [await person(), await person()];
    const word = `unmistakable${Date.now()}`;
    const said = { tier: "redis", system: `Be brief about ${word}.` } as const;
    const prompt = fresh(word);
    const answers = async () => {
      const ids = await listDurableObjectIds(env.ANSWER);
      const all = await Promise.all(ids.map((id) => stored(env.ANSWER.get(id))));
      return all.filter((text) => text.includes(word)).length;
    };
    await answer(who, { ...said, prompt, model: FAST });
    await ask(who, { ...said, prompt: `Alone, ${prompt}`, model: model("tokens-3000-rate-5") });
    const together = { ...said, prompt: `Together, ${prompt}`, model: model("tokens-3000-rate-5") };
    await ask(who, together);
    const { id } = await ask(other, together);
    await expect.poll(answers, { timeout: 20_000 }).toBe(2);
    expect((await who.fetch("/api/me", { method: "DELETE" })).status).toBe(204);
    await expect.poll(answers, { timeout: 20_000 }).toBe(1);
    await other.fetch(`/api/chat/cancel/${id}`, { method: "POST" });
    await expect.poll(answers, { timeout: 20_000 }).toBe(0);
  });

  it("is of what there was: its alarm leaves alone what begins after it", async () => {
    const who = await person();
    const { name, list } = await listOf(who);
    await Promise.all([1, 2, 3].map(() => ask(who, { prompt: fresh("before"), model: FAST })));
    const later = env.CHAT.newUniqueId().toString();
    await runInDurableObject(list, async (object: PersonObject) => {
      const erased = object.erase(name);
      await Promise.all([
        object.alarm(),
        object.alarm(),
        erased.then(() => object.admit(later, "after", null, null, Date.now())),
      ]);
    });
    const { chats } = await read(await who.fetch("/api/chats"), chatListReplySchema);
    expect(chats.map(({ id }) => id)).toEqual([later]);
  });

  it("is nobody else's", async () => {
    const [who, other] = [await person(), await person()];
    const { chatId } = await answer(other, { prompt: fresh("stays"), model: FAST });
    expect((await who.fetch("/api/me", { method: "DELETE" })).status).toBe(204);
    expect((await other.fetch(`/api/chats/${chatId}`)).status).toBe(200);
  });

  it("is not held up by a chat that can't be erased yet, nor does that lock anybody out", async () => {
    const who = await person();
    const { name, list } = await listOf(who);
    const { chatId } = await answer(who, { prompt: fresh("erasable"), model: FAST });
    // An object that refuses: it takes this person for a stranger.
    const { chatId: refuses } = await answer(await person(), { prompt: fresh("refuses"), model: FAST });
    await runInDurableObject(list, (_, { storage }) => {
      storage.sql.exec("INSERT INTO chats (id, title, created, updated, running) VALUES (?, '', 1, 1, 0)", refuses);
      storage.sql.exec("INSERT INTO erasing (id, person) VALUES (1, ?)", name);
      return storage.setAlarm(Date.now() + 60_000);
    });
    await runDurableObjectAlarm(list);
    expect(await read(await who.fetch("/api/chats"), chatListReplySchema)).toEqual({ chats: [], cursor: null });
    await problem(await who.fetch(`/api/chats/${chatId}`), "unknown_chat", 404);
    await answer(who, { prompt: fresh("not locked out"), model: FAST });
    // It is tried again, until it holds.
    const left = () =>
      runInDurableObject(list, (_, { storage }) => storage.sql.exec("SELECT chat FROM erasures").toArray());
    await expect.poll(left, { timeout: 20_000 }).toEqual([{ chat: refuses }]);
    expect(await runInDurableObject(list, (_, { storage }) => storage.getAlarm())).not.toBeNull();
    await runInDurableObject(list, (_, { storage }) => void storage.sql.exec("DELETE FROM erasures"));
  });

  it("goes on after whatever broke it off, however often it does", async () => {
    const who = await person();
    const { name, list } = await listOf(who);
    await list.erase(name);
    await runInDurableObject(list, (_, { storage }) => {
      storage.sql.exec("INSERT INTO erasing (id, person) VALUES (1, ?)", name);
      storage.sql.exec("ALTER TABLE places RENAME TO elsewhere");
      return storage.setAlarm(Date.now() + 60_000);
    });
    for (let times = 0; times < 8; times++) {
      await runDurableObjectAlarm(list);
      expect(await runInDurableObject(list, (_, { storage }) => storage.getAlarm())).not.toBeNull();
    }
    await runInDurableObject(list, (_, { storage }) => void storage.sql.exec("ALTER TABLE elsewhere RENAME TO places"));
    await runDurableObjectAlarm(list);
    await answer(who, { prompt: fresh("free again"), model: FAST });
  });

  it("whose alarm was given up is woken by whoever comes next", async () => {
    const who = await person();
    const { name, list } = await listOf(who);
    const { chatId } = await answer(who, { prompt: fresh("given up"), model: FAST });
    await runInDurableObject(list, async (_, state) => {
      state.storage.sql.exec("INSERT INTO erasing (id, person) VALUES (1, ?)", name);
      await state.storage.deleteAlarm();
      await state.storage.sync();
      state.abort("killed by a test");
    }).catch(() => {});
    await who.fetch("/api/chats");
    await expect.poll(async () => (await who.fetch(`/api/chats/${chatId}`)).status, { timeout: 20_000 }).toBe(404);
  });
});

it("a chat that can't be deleted yet holds up the deletion of no other, in the archive either", async () => {
  const who = await person();
  const { name, list } = await listOf(who);
  const { DATABASE_URL, NEON_FETCH_ENDPOINT } = inject("stores").settings;
  const rows = () => rowsOfArchive(connector(DATABASE_URL, NEON_FETCH_ENDPOINT)(10_000), chatId);
  const { chatId } = await answer(who, { prompt: fresh("gone"), model: FAST });
  await expect.poll(async () => (await rows()).messages.length, { timeout: 20_000 }).toBe(2);
  const { chatId: refuses } = await answer(await person(), { prompt: fresh("refuses"), model: FAST });
  await runInDurableObject(list, (_, { storage }) => {
    storage.sql.exec("INSERT INTO erasures (chat, person, since) VALUES (?, ?, 1)", refuses, name);
  });
  expect((await who.fetch(`/api/chats/${chatId}`, { method: "DELETE" })).status).toBe(204);
  await expect.poll(rows, { timeout: 20_000 }).toEqual({ title: null, messages: [], runs: [] });
  await runInDurableObject(list, (_, { storage }) => void storage.sql.exec("DELETE FROM erasures"));
});
