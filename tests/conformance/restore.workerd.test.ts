// Proves PROTOCOL.md, "When the objects are lost": what the archive knows comes back, with the same ids, to whom it belongs,
// in this namespace and in another one; what was deleted does not, and nothing comes back in part.
import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { and, eq, type SQL, sql } from "drizzle-orm";
import { describe, expect, inject, it, vi } from "vitest";
import { Archive } from "../../archive/archive.ts";
import { connector } from "../../archive/database.ts";
import { chats, logParts, messages, runs } from "../../archive/schema.ts";
import type { ChatObject } from "../../durable-objects/chat.ts";
import type { PersonObject } from "../../durable-objects/person.ts";
import { type RestoreReply, restoreReplySchema, type TokenSummary } from "../../protocol/access.ts";
import { formatRunId } from "../../protocol/ids.ts";
import type { WireRecord } from "../../protocol/records.ts";
import {
  type ChunksReply,
  chatListReplySchema,
  chatReplySchema,
  chunksReplySchema,
  searchReplySchema,
  sessionReplySchema,
} from "../../protocol/requests.ts";
import { idBefore, rowsOfArchive, rowsOfLog } from "../archived.ts";
import { deployment } from "./deployment.ts";
import {
  answer,
  bearer,
  call,
  fresh,
  model,
  objectOf,
  type Person,
  person,
  post,
  problem,
  read,
  statusOf,
} from "./kit.ts";
import { SseReader } from "./readers.ts";

const { DATABASE_URL, NEON_FETCH_ENDPOINT } = inject("stores").settings;
const connect = connector(DATABASE_URL, NEON_FETCH_ENDPOINT);
const archive = new Archive(connect);
const database = () => connect(10_000);
const admin = bearer("token-of-the-admin");
const PATIENCE = { timeout: 20_000, interval: 100 };
const FAST = model("tokens-5-rate-0");

interface Named extends Person {
  name: string;
}

async function newcomer(): Promise<Named> {
  const session = await read(await call("/api/session", { method: "POST" }), sessionReplySchema, 201);
  return { ...bearer(session.token), name: session.person };
}

const listOf = ({ name }: Named) => env.PERSON.get(env.PERSON.idFromName(name));

type AnyObject = DurableObjectStub<ChatObject> | DurableObjectStub<PersonObject>;

/** An object loses its memory. */
async function crash(object: AnyObject): Promise<void> {
  await runInDurableObject(object, (_: unknown, state) => state.abort("crash")).catch(() => {});
}

/** An object loses all that it had. */
async function lose(object: AnyObject): Promise<void> {
  await runInDurableObject(object, async (_: unknown, { storage }) => {
    await storage.deleteAlarm();
    await storage.deleteAll();
    await storage.sync();
  });
  await crash(object);
}

async function restore(id: string): Promise<Omit<RestoreReply, "next" | "tokens">> {
  const reply = await admin.fetch("/api/admin/restore", post({ after: idBefore(id), limit: 1 }));
  const { next: _, tokens: __, ...outcome } = await read(reply, restoreReplySchema);
  return outcome;
}

const outcome = (more: Partial<RestoreReply>) => ({ restored: 0, present: 0, deleted: 0, failed: [], ...more });

async function records(who: Person, chatId: string): Promise<ChunksReply> {
  return read(await who.fetch(`/api/chat/chunks/${chatId}?offset=-1`), chunksReplySchema);
}

/** The archive has all of the chat that its own log has. */
async function archived(who: Named, chatId: string): Promise<void> {
  await vi.waitFor(async () => {
    const chat = { id: chatId, owner: who.name, tenant: "open" };
    const { records: wire } = await records(who, chatId);
    expect(await rowsOfArchive(database(), chatId)).toEqual(rowsOfLog(chat, wire as WireRecord[]));
    const [kept] = await archive.chatsAfter(idBefore(chatId), 1);
    expect(kept?.reach).toBe(wire.length);
  }, PATIENCE);
}

/** A chat with a name, two answers and one that failed, all of it in the archive. */
async function conversation(who: Named) {
  const prompt = fresh("to be lost \u0000");
  const { chatId } = await answer(who, { prompt, model: model("tokens-30-rate-0") });
  await answer(who, { prompt: "And then?", chatId, system: "Be brief.", model: FAST });
  await answer(who, { chatId, model: model("401") }, "failed");
  const named = await who.fetch(`/api/chats/${chatId}`, { ...post({ title: "Lost" }), method: "PATCH" });
  expect(named.status).toBe(200);
  await archived(who, chatId);
  return chatId;
}

/** What there is to read of a chat. */
async function all(who: Person, chatId: string): Promise<string[]> {
  const run = formatRunId(chatId, 1);
  const paths = [
    `/api/chats/${chatId}`,
    `/api/chats/${chatId}/export`,
    `/api/chat/chunks/${chatId}?offset=-1`,
    `/api/chat/chunks/${run}`,
    `/api/chat/status/${run}`,
    "/api/chats",
  ];
  return Promise.all(paths.map(async (path) => (await who.fetch(path)).text()));
}

describe("a chat whose object was lost", () => {
  it("comes back to its owner as it was, once, and to nobody else", async () => {
    const who = await newcomer();
    const chatId = await conversation(who);
    const was = await all(who, chatId);
    await lose(objectOf(chatId));
    await lose(listOf(who));
    await problem(await who.fetch(`/api/chats/${chatId}`), "unknown_chat", 404);

    expect(await restore(chatId)).toEqual(outcome({ restored: 1 }));
    await problem(await (await person()).fetch(`/api/chats/${chatId}`), "not_yours", 403);
    expect(await restore(chatId)).toEqual(outcome({ present: 1 }));
    expect(await all(who, chatId)).toEqual(was);
    expect(await restore(chatId)).toEqual(outcome({ present: 1 }));
    const { hits } = await read(await who.fetch("/api/search?q=lost"), searchReplySchema);
    expect(hits.map((hit) => hit.chatId)).toContain(chatId);
    await answer(who, { prompt: "Go on.", chatId, model: FAST });
    expect((await records(who, chatId)).records.slice(0, 3)).toEqual(JSON.parse(was[2] ?? "").records.slice(0, 3));
    await archived(who, chatId);
  });

  it("is as it is in the archive when it comes back while many ask for it at once", async () => {
    const who = await newcomer();
    const chatId = await conversation(who);
    const was = await records(who, chatId);
    await lose(objectOf(chatId));
    const outcomes = await Promise.all(Array.from({ length: 5 }, () => restore(chatId)));
    expect(outcomes.reduce((sum, { restored, present }) => sum + restored + present, 0)).toBe(5);
    const read = await Promise.all(Array.from({ length: 5 }, () => records(who, chatId)));
    expect(read).toEqual(read.map(() => was));
  });

  it("is deleted while it rests there, and does not come back", async () => {
    const who = await newcomer();
    const chatId = await conversation(who);
    await lose(objectOf(chatId));
    await lose(listOf(who));
    expect(await restore(chatId)).toEqual(outcome({ restored: 1 }));
    const backup = {
      chats: await database().select().from(chats).where(eq(chats.id, chatId)),
      parts: await database().select().from(logParts).where(eq(logParts.chatId, chatId)),
    };
    expect((await who.fetch(`/api/chats/${chatId}`, { method: "DELETE" })).status).toBe(204);
    await vi.waitFor(async () => expect(await archive.logAfter(chatId, 0)).toEqual([]), PATIENCE);
    expect((await restore(chatId)).restored).toBe(0);
    await problem(await who.fetch(`/api/chats/${chatId}`), "unknown_chat", 404);
    // Nor with an older backup of the archive, which does not know of its deletion.
    await database().delete(chats).where(eq(chats.id, chatId));
    await database().insert(chats).values(backup.chats);
    await database().insert(logParts).values(backup.parts);
    expect(await restore(chatId)).toEqual(outcome({ deleted: 1 }));
    await problem(await who.fetch(`/api/chats/${chatId}`), "unknown_chat", 404);
    await vi.waitFor(async () => {
      const [row] = await database().select().from(chats).where(eq(chats.id, chatId));
      expect(row).toMatchObject({ owner: null, deletedAt: expect.any(Date) });
      expect(await archive.logAfter(chatId, 0)).toEqual([]);
    }, PATIENCE);
  });

  it("ends what was open in it, with what was promised of it; and the archive learns of it", async () => {
    const who = await newcomer();
    const { chatId, id } = await answer(who, { prompt: fresh("open"), model: model("tokens-30-rate-0") });
    await archived(who, chatId);
    const [kept = ""] = await archive.logAfter(chatId, 0);
    const told = JSON.parse(kept) as unknown[];
    const was = await statusOf(who, id);
    // As if the archive had last been told while it was being written.
    const through = told.length - 1;
    const before = { through, body: JSON.stringify(told.slice(0, -1)) };
    await database().update(logParts).set(before).where(eq(logParts.chatId, chatId));
    await database().update(chats).set({ through }).where(eq(chats.id, chatId));
    await database().delete(runs).where(eq(runs.chatId, chatId));
    await database()
      .delete(messages)
      .where(and(eq(messages.chatId, chatId), eq(messages.id, "a1")));
    await lose(objectOf(chatId));
    await lose(listOf(who));

    expect(await restore(chatId)).toEqual(outcome({ restored: 1 }));
    const { progress } = was;
    const now = { state: "interrupted", progress, error: { code: "producer_unavailable" }, offset: was.offset };
    expect(await statusOf(who, id)).toMatchObject(now);
    await archived(who, chatId);
    expect(await statusOf(who, id)).toMatchObject(now);
  });

  it("does not come back in part", async () => {
    const who = await newcomer();
    const chatId = await conversation(who);
    await database().delete(logParts).where(eq(logParts.chatId, chatId));
    await lose(objectOf(chatId));
    const { restored, failed } = await restore(chatId);
    expect([restored, failed]).toEqual([0, [{ chat: chatId, reason: expect.stringContaining("up to 0 of") }]]);
    await problem(await who.fetch(`/api/chats/${chatId}`), "unknown_chat", 404);
  });
});

it("a chat that is here, and that the archive has not all of, tells it; one that rests there too", async () => {
  const who = await newcomer();
  for (const rests of [false, true]) {
    const chatId = await conversation(who);
    const was = await records(who, chatId);
    if (rests) expect(await objectOf(chatId).evict()).toBe(true);
    // As it is for a chat that was archived before the archive kept logs.
    await database().delete(logParts).where(eq(logParts.chatId, chatId));
    await runInDurableObject(objectOf(chatId), (_, { storage }) => {
      storage.sql.exec("UPDATE chat SET archived = 0");
    });
    await crash(objectOf(chatId));
    expect(await restore(chatId)).toEqual(outcome({ present: 1 }));
    await archived(who, chatId);
    expect(await records(who, chatId)).toEqual(was);
  }
});

it.each(["a visit of the chat", "a look at the list"])(
  "an archive that was switched on later is told at %s",
  async (what) => {
    const who = await newcomer();
    const chatId = await conversation(who);
    // As it is for a chat whose last word was before that: nobody was told, and nothing is to come.
    await archive.erase([chatId], 1);
    await database().delete(chats).where(eq(chats.id, chatId));
    await runInDurableObject(objectOf(chatId), async (_, { storage }) => {
      await storage.deleteAlarm();
      storage.sql.exec("UPDATE chat SET archived = 0");
      await storage.sync();
    });
    await crash(objectOf(chatId));
    await runInDurableObject(listOf(who), async (_, { storage }) => {
      storage.sql.exec("UPDATE chats SET archived = 0, updated = 1000 WHERE id = ?", chatId);
      await storage.sync();
    });
    await crash(listOf(who));
    const visited = await who.fetch(what.startsWith("a visit") ? `/api/chats/${chatId}` : "/api/chats");
    expect(visited.status).toBe(200);
    await vi.waitFor(async () => {
      expect(await archive.chatsAfter(idBefore(chatId), 1)).toMatchObject([{ id: chatId, title: "Lost" }]);
    }, PATIENCE);
    await archived(who, chatId);
  },
);

describe("a chat of another namespace", () => {
  /** The same chat under an id that is none of this namespace's, as another deployment's archive has it. */
  async function elsewhere(who: Named, chatId: string): Promise<string> {
    const foreign = env.PERSON.newUniqueId().toString();
    const copied = (table: SQL, id: SQL) => sql`insert into ${table}
      select (jsonb_populate_record(t, jsonb_build_object(${id}, ${foreign}::text))).* from ${table} t`;
    const [row, of] = [sql`'id'`, sql`'chat_id'`];
    await database().execute(sql`${copied(sql`chats`, row)} where t.id = ${chatId}`);
    for (const table of [sql`messages`, sql`runs`, sql`log_parts`]) {
      await database().execute(sql`${copied(table, of)} where t.chat_id = ${chatId}`);
    }
    await lose(listOf(who));
    return foreign;
  }

  it("comes back under its own id, and everything goes on there", async () => {
    const who = await newcomer();
    const chatId = await conversation(who);
    const was = await all(who, chatId);
    const id = await elsewhere(who, chatId);
    await problem(await who.fetch(`/api/chats/${id}`), "unknown_chat", 404);
    expect(await restore(id)).toEqual(outcome({ restored: 1 }));
    await crash(objectOf(id));
    expect(await all(who, id)).toEqual(was.map((text) => text.replaceAll(chatId, id)));

    // Of every form that an ask has, and of every reader.
    const again = await answer(who, { prompt: "And now?", chatId: id, model: FAST });
    expect(again).toMatchObject({ chatId: id, id: formatRunId(id, 4) });
    const streamed = await who.fetch(
      "/api/chat/generate",
      post({ prompt: "And now?", chatId: id, model: FAST }, { accept: "text/event-stream" }),
    );
    expect([streamed.headers.get("x-chat-id"), streamed.headers.get("x-run-id")]).toEqual([id, formatRunId(id, 5)]);
    expect((await new SseReader(streamed).rest()).at(-1)?.record.type).toBe("run.ended");
    const kept = await answer(who, { prompt: "Kept?", chatId: id, tier: "redis", model: FAST });
    expect(kept.end.run).toBe(formatRunId(id, 6));
    const socket = await who.fetch(`/ws/chat/${id}`, { headers: { upgrade: "websocket" } });
    expect(socket.status).toBe(101);
    socket.webSocket?.accept();
    socket.webSocket?.close();
    const { api } = await (await who.fetch(`/api/chats/${id}/share`, { method: "POST" })).json<{ api: string }>();
    expect((await call(api)).status).toBe(200);
    const bridge = { authorization: "Bearer only-for-tests-only-for-tests" };
    await problem(await call(`/internal/runs/${formatRunId(id, 1)}`, { headers: bridge }), "conflict", 409);
    await archived(who, id);

    // It is deleted as any other.
    expect((await who.fetch(`/api/chats/${id}`, { method: "DELETE" })).status).toBe(204);
    await problem(await who.fetch(`/api/chats/${id}`), "unknown_chat", 404);
    await problem(await call(api), "not_found", 404);
    const { chats: listed } = await read(await who.fetch("/api/chats"), chatListReplySchema);
    expect(listed.map((chat) => chat.id)).not.toContain(id);
    await vi.waitFor(async () => expect(await archive.logAfter(id, 0)).toEqual([]), PATIENCE);
  });

  it("is erased with its person", async () => {
    const who = await newcomer();
    const chatId = await conversation(who);
    const id = await elsewhere(who, chatId);
    expect(await restore(id)).toEqual(outcome({ restored: 1 }));
    const chat = await read(await who.fetch(`/api/chats/${id}`), chatReplySchema);
    expect(chat.title).toBe("Lost");
    expect((await who.fetch("/api/me", { method: "DELETE" })).status).toBe(204);
    await problem(await who.fetch(`/api/chats/${id}`), "unknown_chat", 404);
    await vi.waitFor(async () => {
      expect(await archive.logAfter(id, 0)).toEqual([]);
      expect((await rowsOfArchive(database(), id)).messages).toEqual([]);
    }, PATIENCE);
  });
});

it("the archive learns of tokens and of their end, and another deployment of them from it", async () => {
  const object = () => env.DEPLOYMENT.get(env.DEPLOYMENT.newUniqueId());
  const token = (id: string): TokenSummary => ({
    id,
    person: `made:${id}`,
    name: `of ${id}`,
    tenant: "org:x",
    scopes: ["read"],
    limits: { dollarsPerDay: 2 },
    createdAt: 5,
    expiresAt: 8.64e15,
    revokedAt: null,
  });
  const [one, two] = [crypto.randomUUID(), crypto.randomUUID()];
  const first = object();
  for (const id of [one, two]) expect(await first.addToken(token(id), `digest ${id}`)).toMatchObject({ ok: true });
  expect(await first.revokeToken(two)).toBe(`made:${two}`);
  const ours = async () => (await archive.tokens()).filter(({ token: { id } }) => id === one || id === two);
  await vi.waitFor(async () => {
    expect((await ours()).map((kept) => kept.token.revokedAt === null).sort()).toEqual([false, true]);
  }, PATIENCE);
  const second = object();
  expect(await second.restoreTokens(await ours())).toBe(2);
  expect(await second.restoreTokens(await ours())).toBe(0);
  expect(await second.findToken(`digest ${one}`)).toEqual(token(one));
  expect((await second.findToken(`digest ${two}`))?.revokedAt).toEqual(expect.any(Number));
});

it("without an archive, or while it is away, it says so", async () => {
  const headers = { authorization: `Bearer ${admin.token}` };
  const asked = (settings: Record<string, string>) => deployment(settings)("/api/admin/restore", post({}, headers));
  await problem(await asked({ DATABASE_URL: "" }), "conflict", 409);
  await problem(await asked({ NEON_FETCH_ENDPOINT: "http://127.0.0.1:9/sql" }), "archive_unreachable", 503);
});
