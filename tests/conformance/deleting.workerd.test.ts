// Proves PROTOCOL.md, "Chats": a chat that is deleted while others are busy with it is gone for them, and no more.
import { expect, it, vi } from "vitest";
import { ask, fresh, model, person, post } from "./kit.ts";

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
