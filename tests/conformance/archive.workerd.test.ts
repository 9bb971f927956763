// Proves PROTOCOL.md, "The archive": what was said is there, once, whoever looks; what was deleted is not.
import { expect, inject, it, vi } from "vitest";
import { connector } from "../../archive/database.ts";
import { messages } from "../../archive/schema.ts";
import { vectorOf } from "../../archive/search-words.ts";
import type { WireRecord } from "../../protocol/records.ts";
import { chunksReplySchema, searchReplySchema, sessionReplySchema } from "../../protocol/requests.ts";
import { rowsOfArchive, rowsOfLog } from "../archived.ts";
import { answer, bearer, call, fresh, model, objectOf, type Person, read } from "./kit.ts";

const { DATABASE_URL, NEON_FETCH_ENDPOINT } = inject("stores").settings;
const database = () => connector(DATABASE_URL, NEON_FETCH_ENDPOINT)(10_000);

async function newcomer(): Promise<Person & { name: string }> {
  const session = await read(await call("/api/session", { method: "POST" }), sessionReplySchema, 201);
  return { ...bearer(session.token), name: session.person };
}

/** What the chat's own log says that the archive must have. */
async function told(who: Person & { name: string }, id: string) {
  const { records } = await read(await who.fetch(`/api/chat/chunks/${id}`), chunksReplySchema);
  return rowsOfLog({ id, owner: who.name, tenant: "open" }, records as WireRecord[]);
}

const rename = (who: Person, chatId: string, title: string) =>
  who.fetch(`/api/chats/${chatId}`, {
    method: "PATCH",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ title }),
  });

const PATIENCE = { timeout: 20_000, interval: 100 };

it("has what was asked and answered, how it ended, and the chat's name", async () => {
  const who = await newcomer();
  const { chatId } = await answer(who, { prompt: fresh("archive \u0000"), model: model("tokens-40-rate-0") });
  await answer(who, {
    prompt: "And then?",
    chatId,
    system: "Be brief.",
    temperature: 0.3,
    model: model("tokens-3-rate-0"),
  });
  await answer(who, { prompt: "Fail.", chatId, model: model("401") }, "failed");
  await rename(who, chatId, "Archived");
  await vi.waitFor(
    async () => expect(await rowsOfArchive(database(), chatId)).toEqual(await told(who, chatId)),
    PATIENCE,
  );
});

it("forgets a chat that is deleted", async () => {
  const who = await newcomer();
  const { chatId } = await answer(who, { prompt: fresh("forget"), model: model("tokens-3-rate-0") });
  await vi.waitFor(async () => expect((await rowsOfArchive(database(), chatId)).runs).toHaveLength(1), PATIENCE);
  await who.fetch(`/api/chats/${chatId}`, { method: "DELETE" });
  await vi.waitFor(
    async () => expect(await rowsOfArchive(database(), chatId)).toEqual({ title: null, messages: [], runs: [] }),
    PATIENCE,
  );
});

it("is what search asks, for all that it has", async () => {
  const who = await newcomer();
  const { chatId } = await answer(who, { prompt: fresh("the archive's own"), model: model("tokens-3-rate-0") });
  await vi.waitFor(async () => expect((await rowsOfArchive(database(), chatId)).runs).toHaveLength(1), PATIENCE);
  const text = "Only the archive knows of this rhinocéros.";
  const said = { chatId, id: "m999", parent: null, role: "user", text, time: new Date(5_000) } as const;
  await database()
    .insert(messages)
    .values({ ...said, search: vectorOf(who.name, text) });
  const hits = async () => (await read(await who.fetch("/api/search?q=RHINOC"), searchReplySchema)).hits;
  await vi.waitFor(async () => {
    const snippet = "Only the archive knows of this \u2068rhinocéros\u2069.";
    expect(await hits()).toMatchObject([{ chatId, messageId: "m999", snippet, time: 5_000 }]);
  }, PATIENCE);
  // What the list knows better is not told otherwise: not an old name, nor a chat that is gone.
  await rename(who, chatId, "Renamed");
  for (const { title } of await hits()) expect(title).toBe("Renamed");
  await vi.waitFor(async () => expect(await hits()).toMatchObject([{ title: "Renamed" }]), PATIENCE);
  await who.fetch(`/api/chats/${chatId}`, { method: "DELETE" });
  expect(await hits()).toEqual([]);
});

it("lets an idle chat rest there alone, and gives it back as it was to whoever comes", async () => {
  const who = await newcomer();
  const { chatId, id } = await answer(who, { prompt: fresh("rest \u0000"), model: model("tokens-40-rate-0") });
  const records = async () => read(await who.fetch(`/api/chat/chunks/${chatId}`), chunksReplySchema);
  const before = await records();
  const visits: (() => Promise<unknown>)[] = [
    records,
    () => who.fetch(`/api/chat/status/${id}`),
    () => who.fetch(`/api/chats/${chatId}`),
    () => who.fetch(`/api/chat/stream/${id}?offset=${before.offset}`),
    () => rename(who, chatId, "Back again"),
    () => answer(who, { prompt: "And then?", chatId, model: model("tokens-3-rate-0") }),
    () => Promise.all([records(), records(), who.fetch(`/api/chats/${chatId}/export`)]),
  ];
  for (const visit of visits) {
    await vi.waitFor(async () => expect(await objectOf(chatId).evict()).toBe(true), PATIENCE);
    expect(await objectOf(chatId).evict()).toBe(false);
    await visit();
    expect((await records()).records.slice(0, before.records.length)).toEqual(before.records);
  }
  // A stranger is refused, and a deletion carried out, without it.
  await vi.waitFor(async () => expect(await objectOf(chatId).evict()).toBe(true), PATIENCE);
  const stranger = await newcomer();
  expect((await stranger.fetch(`/api/chats/${chatId}`)).status).toBe(403);
  expect((await who.fetch(`/api/chats/${chatId}`, { method: "DELETE" })).status).toBe(204);
  expect((await who.fetch(`/api/chats/${chatId}`)).status).toBe(404);
});
