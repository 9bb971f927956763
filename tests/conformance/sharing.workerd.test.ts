// Proves PROTOCOL.md, "Sharing": whoever has a chat's link reads it, nothing else, and only as long as it is shared.
import { describe, expect, it } from "vitest";
import { sharedChatSchema, shareReplySchema } from "../../protocol/access.ts";
import { answer, call, fresh, model, type Person, person, problem, read } from "./kit.ts";

const FAST = model("tokens-3-rate-0");

async function shared(): Promise<{ who: Person; chatId: string; token: string; api: string; prompt: string }> {
  const who = await person();
  const prompt = fresh("to be shared");
  const { chatId } = await answer(who, { prompt, model: FAST });
  const reply = await who.fetch(`/api/chats/${chatId}/share`, { method: "POST" });
  return { who, chatId, prompt, ...(await read(reply, shareReplySchema, 201)) };
}

describe("a shared chat", () => {
  it("is read and exported by whoever has the link, and tells nothing of whose it is", async () => {
    const { who, prompt, api } = await shared();
    const reply = await call(api);
    expect(reply.headers.get("x-robots-tag")).toBe("noindex");
    const text = await reply.clone().text();
    const { messages } = await read(reply, sharedChatSchema);
    expect(messages.map(({ role, status }) => [role, status])).toEqual([
      ["user", null],
      ["assistant", "completed"],
    ]);
    expect(messages[0]?.text).toBe(prompt);
    expect(text).not.toMatch(/anon:|receipt|cost|"run"/);
    expect(text).not.toContain(who.token);
    expect(await (await call(`${api}/export`)).text()).toContain(prompt);
    expect(await (await call(`${api}/export?format=json`)).json()).toEqual(JSON.parse(text));
  });

  it("has one link, whose token opens nothing else", async () => {
    const { who, chatId, token } = await shared();
    const again = await who.fetch(`/api/chats/${chatId}/share`, { method: "POST" });
    expect((await read(again, shareReplySchema, 201)).token).toBe(token);
    for (const path of [`/api/chats/${chatId}`, `/api/chat/stream/${chatId}`, `/api/chats/${chatId}/export`]) {
      await problem(await call(path), "not_yours", 403);
      expect((await call(path, { headers: { authorization: `Bearer ${token}` } })).status).toBe(401);
    }
    for (const method of ["POST", "PATCH", "DELETE"]) {
      expect((await call(`/api/shared/${token}`, { method })).status).toBe(405);
    }
  });

  it("is shared by its owner alone, and found by its whole token alone", async () => {
    const { chatId, token } = await shared();
    const other = await person();
    for (const method of ["POST", "DELETE"]) {
      await problem(await other.fetch(`/api/chats/${chatId}/share`, { method }), "not_yours", 403);
    }
    const last = token.endsWith("0") ? "1" : "0";
    for (const wrong of [
      chatId,
      token.slice(0, -1),
      `${token.slice(0, -1)}${last}`,
      `${token}0`,
      `${"0".repeat(64)}${token.slice(64)}`,
      "x",
    ]) {
      await problem(await call(`/api/shared/${wrong}`), "not_found", 404);
    }
  });

  it("is shared no more once the link is taken back, or the chat is deleted", async () => {
    const { who, chatId, token, api } = await shared();
    expect((await who.fetch(`/api/chats/${chatId}/share`, { method: "DELETE" })).status).toBe(204);
    await problem(await call(api), "not_found", 404);
    const { api: anew } = await read(
      await who.fetch(`/api/chats/${chatId}/share`, { method: "POST" }),
      shareReplySchema,
      201,
    );
    expect(anew).not.toContain(token);
    expect((await call(anew)).status).toBe(200);
    expect((await who.fetch(`/api/chats/${chatId}`, { method: "DELETE" })).status).toBe(204);
    await problem(await call(anew), "not_found", 404);
  });

  it("that was never shared is not", async () => {
    const who = await person();
    const { chatId } = await answer(who, { prompt: fresh("private"), model: FAST });
    for (const secret of ["", "null", "undefined", "0".repeat(64)]) {
      await problem(await call(`/api/shared/${chatId}${secret}`), "not_found", 404);
    }
  });
});
