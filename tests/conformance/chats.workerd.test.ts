// Proves PROTOCOL.md, "Chats": list, read, rename, delete, export.
import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, expect, it, vi } from "vitest";
import { answerText, scriptedText } from "../../local/model/text.ts";
import { type ChatListReply, chatListReplySchema, chatReplySchema } from "../../protocol/requests.ts";
import { answer, ask, fresh, model, objectOf, type Person, person, problem, read } from "./kit.ts";

const FAST = model("tokens-4-rate-0");

async function page(who: Person, cursor?: string | null): Promise<ChatListReply> {
  return read(await who.fetch(`/api/chats${cursor ? `?cursor=${cursor}` : ""}`), chatListReplySchema);
}

const rename = (who: Person, chatId: string, title: unknown) =>
  who.fetch(`/api/chats/${chatId}`, {
    method: "PATCH",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ title }),
  });

describe("the list", () => {
  it("has a new chat at once, as running, and later as it ended", async () => {
    const who = await person();
    const { id, chatId } = await ask(who, {
      prompt: "  What is\na Durable Object?  ",
      model: model("tokens-3000-rate-50"),
    });
    const [begun] = (await page(who)).chats;
    expect(begun).toMatchObject({ id: chatId, title: "What is a Durable Object?", running: true });
    await who.fetch(`/api/chat/cancel/${id}`, { method: "POST" });
    await vi.waitFor(async () => expect((await page(who)).chats[0]).toMatchObject({ id: chatId, running: false }));
  });

  it("is newest first by what was said last, in pages of 50", { timeout: 60_000 }, async () => {
    const who = await person();
    const ids: string[] = [];
    for (let n = 0; n < 53; n++) ids.unshift((await answer(who, { prompt: `Chat ${n}`, model: FAST })).chatId);
    const first = await page(who);
    expect(first.chats.map(({ id }) => id)).toEqual(ids.slice(0, 50));
    const second = await page(who, first.cursor);
    expect([second.chats.map(({ id }) => id), second.cursor]).toEqual([ids.slice(50), null]);
    const oldest = ids.at(-1) ?? "";
    await answer(who, { prompt: "Again", chatId: oldest, model: FAST });
    await vi.waitFor(async () => expect((await page(who)).chats[0]?.id).toBe(oldest));
    expect((await page(who)).chats[0]?.title).toBe("Chat 0");
  });

  it("is empty for somebody new, and refuses a cursor it did not give", async () => {
    const who = await person();
    expect(await page(who)).toEqual({ chats: [], cursor: null });
    for (const cursor of ["x", "1-2", "%20", "-1", "9".repeat(90)]) {
      await problem(await who.fetch(`/api/chats?cursor=${cursor}`), "bad_request", 400);
    }
  });

  it("has a title that is cut at a word, never inside a character", async () => {
    const who = await person();
    await answer(who, { prompt: `${"long ".repeat(20)}end`, model: FAST });
    await answer(who, { prompt: "🧠".repeat(100), model: FAST });
    const [brains, words] = (await page(who)).chats;
    expect(words?.title).toBe(`${"long ".repeat(11)}long…`);
    expect(brains?.title).toMatch(/^(🧠)+…$/u);
  });
});

describe("a chat", () => {
  it("is read with all its messages, and the offset to go on from", async () => {
    const who = await person();
    const prompt = fresh("read");
    const { id, chatId, end } = await answer(who, { prompt, model: FAST, system: "Short." });
    const chat = await read(await who.fetch(`/api/chats/${chatId}`), chatReplySchema);
    const [question, reply] = chat.messages;
    expect(chat).toMatchObject({ id: chatId, title: prompt, running: false });
    expect(question).toMatchObject({
      role: "user",
      parent: null,
      text: prompt,
      run: null,
      status: null,
      receipt: null,
    });
    expect(reply).toMatchObject({ role: "assistant", parent: question?.id, text: scriptedText(prompt, 4), run: id });
    expect(reply).toMatchObject({ status: "completed", model: FAST, receipt: end.receipt });
    const rest = await who.fetch(`/api/chat/chunks/${chatId}?offset=${chat.offset}`);
    expect(await rest.json()).toEqual({ records: [], offset: chat.offset, live: true });
  });

  it("keeps the name it is given, here and on the list", async () => {
    const who = await person();
    const { chatId } = await answer(who, { prompt: fresh("rename"), model: FAST });
    const renamed = await read(await rename(who, chatId, "  Rivers & 川  "), chatReplySchema);
    expect(renamed.title).toBe("Rivers & 川");
    expect((await page(who)).chats[0]?.title).toBe("Rivers & 川");
    await answer(who, { prompt: fresh("more"), chatId, model: FAST });
    await vi.waitFor(async () =>
      expect((await page(who)).chats[0]).toMatchObject({ title: "Rivers & 川", running: false }),
    );
    for (const title of ["", "   ", "x".repeat(201), 7, null, undefined]) {
      await problem(await rename(who, chatId, title), "bad_request", 400);
    }
  });

  it("is deleted everywhere: log, list and storage; what ran is stopped", async () => {
    const who = await person();
    const { id, chatId, links } = await ask(who, { prompt: fresh("delete"), model: model("tokens-3000-rate-50") });
    const reader = (await who.fetch(links.stream)).body?.getReader();
    const response = await who.fetch(`/api/chats/${chatId}`, { method: "DELETE" });
    expect([response.status, await response.text()]).toEqual([204, ""]);
    while (!(await reader?.read())?.done);
    for (const path of [...Object.values(links).slice(0, 3), `/api/chats/${chatId}`, `/api/chats/${chatId}/export`]) {
      await problem(await who.fetch(path), "unknown_chat", 404);
    }
    await problem(await who.fetch(`/api/chats/${chatId}`, { method: "DELETE" }), "unknown_chat", 404);
    await problem(await who.fetch(links.cancel, { method: "POST" }), "unknown_chat", 404);
    await problem(await (await person()).fetch(`/api/chats/${chatId}`), "unknown_chat", 404);
    expect(await page(who)).toEqual({ chats: [], cursor: null });
    const tables = await runInDurableObject(objectOf(id), (_, state) =>
      state.storage.sql.exec("SELECT name FROM sqlite_master WHERE name NOT LIKE '\\_%' ESCAPE '\\'").toArray(),
    );
    expect(tables).toEqual([]);
  });
});

describe("an export", () => {
  it("is Markdown, or the chat as JSON", async () => {
    const who = await person();
    const prompt = "Write a haiku about rivers";
    const { chatId } = await answer(who, { prompt, model: model("fast") });
    await rename(who, chatId, 'A "river": été/../x');
    for (const query of ["", "?format=md"]) {
      const response = await who.fetch(`/api/chats/${chatId}/export${query}`);
      expect(response.headers.get("content-type")).toBe("text/markdown; charset=utf-8");
      expect(response.headers.get("content-disposition")).toBe('attachment; filename="A-river-etex.md"');
      const expected = `# A "river": été/../x\n\n## You\n\n${prompt}\n\n## scripted-fast\n\n${answerText(prompt)}\n`;
      expect(await response.text()).toBe(expected);
    }
    const response = await who.fetch(`/api/chats/${chatId}/export?format=json`);
    expect(response.headers.get("content-disposition")).toBe('attachment; filename="A-river-etex.json"');
    const chat = await read(response, chatReplySchema);
    expect(chat).toEqual(await (await who.fetch(`/api/chats/${chatId}`)).json());
    await problem(await who.fetch(`/api/chats/${chatId}/export?format=pdf`), "bad_request", 400);
  });

  it("says of an answer that it was not completed", async () => {
    const who = await person();
    const { chatId } = await answer(who, { prompt: "Stop", model: model("401") }, "failed");
    const text = await (await who.fetch(`/api/chats/${chatId}/export`)).text();
    expect(text).toContain("## scripted-401 (failed)\n");
  });
});

describe("an id that was made up", () => {
  it("is of no chat, like one that was deleted, and touches no storage", async () => {
    const who = await person();
    const foreign = [env.PERSON.newUniqueId().toString(), "0".repeat(64), "f".repeat(64)];
    for (const id of [...foreign, "x", "..", "%2e%2e", "0".repeat(63), `${"0".repeat(64)}.1`, "%F0%9F%A7%A0"]) {
      const code = id === ".." || id === "%2e%2e" ? "not_found" : "unknown_chat";
      for (const path of [`chunks/${id}`, `stream/${id}`])
        await problem(await who.fetch(`/api/chat/${path}`), code, 404);
      // A whole chat has no status, whichever it is.
      const status = foreign.includes(id) ? "unknown_run" : code;
      await problem(await who.fetch(`/api/chat/status/${id}`), status, 404);
    }
    for (const id of foreign) {
      await problem(await who.fetch(`/api/chats/${id}`), "unknown_chat", 404);
      await problem(await who.fetch(`/api/chats/${id}`, { method: "DELETE" }), "unknown_chat", 404);
      await problem(await who.fetch(`/api/chats/${id}/export`), "unknown_chat", 404);
      await problem(await rename(who, id, "x"), "unknown_chat", 404);
      await problem(await who.fetch(`/api/chat/cancel/${id}.1`, { method: "POST" }), "unknown_chat", 404);
      await problem(await who.fetch(`/ws/chat/${id}`, { headers: { upgrade: "websocket" } }), "unknown_chat", 404);
    }
    for (const id of foreign) {
      const tables = await runInDurableObject(objectOf(id), (_, state) =>
        state.storage.sql.exec("SELECT name FROM sqlite_master").toArray(),
      );
      expect(tables).toEqual([]);
    }
    expect(await page(who)).toEqual({ chats: [], cursor: null });
  });

  it("but one that could be ours holds nothing, and asking it writes nothing", async () => {
    const who = await person();
    const id = env.CHAT.newUniqueId().toString();
    await problem(await who.fetch(`/api/chats/${id}`), "unknown_chat", 404);
    await problem(await who.fetch(`/api/chat/stream/${id}.1`), "unknown_chat", 404);
    const tables = await runInDurableObject(objectOf(id), (_, state) =>
      state.storage.sql.exec("SELECT name FROM sqlite_master").toArray(),
    );
    expect(tables).toEqual([]);
  });
});
