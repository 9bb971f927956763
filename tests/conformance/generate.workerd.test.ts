// Proves PROTOCOL.md, "Asking": the three forms of POST /api/chat/generate.
import { describe, expect, it } from "vitest";
import { scriptedText } from "../../local/model/text.ts";
import { parseTarget } from "../../protocol/ids.ts";
import { generateReplySchema } from "../../protocol/requests.ts";
import { ask, call, ended, fresh, model, person, post, problem, read, statusOf } from "./kit.ts";
import { isRecord, Replica, SseReader } from "./readers.ts";

const FAST = model("tokens-40-rate-0");

describe.concurrent("as JSON", () => {
  it("answers 202 with the run, its chat and its links", async () => {
    const who = await person();
    const response = await who.fetch("/api/chat/generate", post({ prompt: fresh("links"), model: FAST }));
    const location = response.headers.get("location");
    const { id, chatId, links } = await read(response, generateReplySchema, 202);
    expect(parseTarget(id)).toEqual({ chatId, run: 1 });
    expect(location).toBe(links.status);
    expect(links).toEqual({
      status: `/api/chat/status/${id}`,
      chunks: `/api/chat/chunks/${id}`,
      stream: `/api/chat/stream/${id}`,
      socket: `/ws/chat/${id}`,
      cancel: `/api/chat/cancel/${id}`,
      chat: `/api/chats/${chatId}`,
    });
    await ended(who, id);
    for (const path of [links.status, links.chunks, links.chat]) expect((await who.fetch(path)).status).toBe(200);
  });

  it.each(["*/*", "application/json", "text/html", "application/json;q=1, text/event-stream;q=0.5"])(
    "is what Accept: %s gets",
    async (accept) => {
      const who = await person();
      const response = await who.fetch("/api/chat/generate", post({ prompt: fresh(accept), model: FAST }, { accept }));
      await read(response, generateReplySchema, 202);
    },
  );

  it("gives a caller without an identity a cookie, and the chat to that cookie", async () => {
    const response = await call("/api/chat/generate", post({ prompt: fresh("cookie"), model: FAST }));
    const cookie = response.headers.get("set-cookie") ?? "";
    expect(cookie).toMatch(/^__Host-keepstream=[^;]+; Max-Age=34560000; Path=\/; HttpOnly; Secure; SameSite=Lax$/);
    const { links } = await read(response, generateReplySchema, 202);
    const again = await call(links.status, { headers: { cookie: cookie.split(";")[0] ?? "" } });
    expect([again.status, again.headers.get("set-cookie")]).toEqual([200, null]);
    await problem(await call(links.status), "not_yours", 403);
  });
});

describe.concurrent("as server-sent events", () => {
  it("streams the run's records on the same call", async () => {
    const who = await person();
    const prompt = fresh("sse");
    const response = await who.fetch(
      "/api/chat/generate",
      post({ prompt, model: FAST }, { accept: "text/event-stream" }),
    );
    const [id, chatId] = [response.headers.get("x-run-id") ?? "", response.headers.get("x-chat-id")];
    expect(parseTarget(id)?.chatId).toBe(chatId);
    const replica = new Replica();
    await new SseReader(response).rest(replica);
    expect(replica.text(id)).toBe(scriptedText(prompt, 40));
    expect(replica.state.runs[id]).toMatchObject({
      status: "completed",
      finish: "stop",
      committed: replica.text(id).length,
    });
    expect([replica.types()[0], replica.types().at(-1)]).toEqual(["run.started", "run.ended"]);
  });

  it("gives a new caller the cookie too, and a refusal as a problem", async () => {
    const accept = "text/event-stream";
    const response = await call("/api/chat/generate", post({ prompt: fresh("cookie"), model: FAST }, { accept }));
    expect(response.headers.get("set-cookie")).toMatch(/^__Host-keepstream=/);
    await new SseReader(response).rest();
    await problem(await call("/api/chat/generate", post({ prompt: "" }, { accept })), "bad_request", 400);
    const chatId = "0".repeat(64);
    const body = { prompt: fresh("unknown"), model: FAST, chatId };
    await problem(await call("/api/chat/generate", post(body, { accept })), "unknown_chat", 404);
  });

  it("goes on when the reader leaves", async () => {
    const who = await person();
    const prompt = fresh("left");
    const body = { prompt, model: model("tokens-30-rate-60") };
    const response = await who.fetch("/api/chat/generate", post(body, { accept: "text/event-stream" }));
    const id = response.headers.get("x-run-id") ?? "";
    const reader = new SseReader(response);
    await reader.until(isRecord("delta"));
    await reader.leave();
    await ended(who, id);
    expect(await statusOf(who, id)).toMatchObject({
      state: "completed",
      progress: { committed: scriptedText(prompt, 30).length },
    });
  });
});

describe.concurrent("as plain text", () => {
  it.each(["", "?committed=0", "?committed=1"])("streams the answer and nothing else%s", async (query) => {
    const who = await person();
    const prompt = fresh("text");
    const response = await who.fetch(
      `/api/chat/generate${query}`,
      post({ prompt, model: model("tokens-300-rate-0-misaligned") }, { accept: "text/plain" }),
    );
    expect([response.status, response.headers.get("content-type")]).toEqual([200, "text/plain; charset=utf-8"]);
    expect(parseTarget(response.headers.get("x-run-id") ?? "")?.chatId).toBe(response.headers.get("x-chat-id"));
    expect(await response.text()).toBe(scriptedText(prompt, 300));
  });

  it("comes as it is made; with committed=1 only once it is promised", async () => {
    const who = await person();
    for (const [query, promised] of [
      ["", false],
      ["?committed=1", true],
    ] as const) {
      const response = await who.fetch(
        `/api/chat/generate${query}`,
        post({ prompt: fresh("live"), model: model("tokens-20-rate-40") }, { accept: "text/plain" }),
      );
      const reader = response.body?.getReader();
      const first = new TextDecoder().decode((await reader?.read())?.value);
      const { state, progress } = await statusOf(who, response.headers.get("x-run-id") ?? "");
      expect(state).toBe("running");
      expect(progress.committed >= first.length).toBe(promised);
      while (!(await reader?.read())?.done);
    }
  });

  it.each([
    ["fails before a word", "401", ""],
    ["breaks off", "cut-9", scriptedText],
  ])("is aborted when the answer %s, after all there was", async (_, fault, says) => {
    const who = await person();
    const prompt = fresh("aborted");
    const body = { prompt, model: model(`tokens-40-rate-0-${fault}`), provider: "compatible", recovery: "free" };
    const response = await who.fetch("/api/chat/generate", post(body, { accept: "text/plain" }));
    const reader = response.body?.getReader();
    const text = new TextDecoder();
    let got = "";
    const all = (async () => {
      for (;;) {
        const { done, value } = (await reader?.read()) ?? { done: true };
        if (done) return;
        got += text.decode(value, { stream: true });
      }
    })();
    await expect(all).rejects.toThrow();
    expect(got).toBe(typeof says === "string" ? says : says(prompt, 9));
  });

  it("is aborted when somebody stops it", async () => {
    const who = await person();
    const body = { prompt: fresh("stopped"), model: model("tokens-500-rate-50") };
    const response = await who.fetch("/api/chat/generate", post(body, { accept: "text/plain" }));
    await who.fetch(`/api/chat/cancel/${response.headers.get("x-run-id")}`, { method: "POST" });
    await expect(response.text()).rejects.toThrow();
  });
});

describe.concurrent("what is asked", () => {
  it("is kept in the run's records: provider, model, parameters", async () => {
    const who = await person();
    const asked = { temperature: 0.5, maxOutputTokens: 7, system: "Be brief." };
    const { id } = await ask(who, { prompt: fresh("kept"), provider: "anthropic", model: FAST, ...asked });
    const replica = await new SseReader(await who.fetch(`/api/chat/stream/${id}`)).until(isRecord("run.ended"));
    expect(replica.state.runs[id]).toMatchObject({
      tier: "mvp",
      provider: "anthropic",
      model: FAST,
      cache: "off",
      params: asked,
      finish: "length",
    });
  });
});
