// Proves PROTOCOL.md, "WebSocket": handshake, resume by query and by frame, cancel by frame, close codes, sleep.
import { evictDurableObject } from "cloudflare:test";
import { describe, expect, it } from "vitest";
import { scriptedText } from "../../local/model/text.ts";
import { answer, ask, fresh, model, objectOf, type Person, person, problem } from "./kit.ts";
import { isRecord, Socket, SseReader } from "./readers.ts";

const upgrade = { headers: { upgrade: "websocket" } };

describe.concurrent("a run's socket", () => {
  it("sends what the stream sends, one record a frame, and closes with 1000", async () => {
    const who = await person();
    const prompt = fresh("socket");
    const { id, links } = await ask(who, { prompt, model: model("tokens-60-rate-60") });
    const socket = await Socket.open(who, `${links.socket}?offset=-1`);
    const replica = await socket.rest();
    expect(replica.text(id)).toBe(scriptedText(prompt, 60));
    expect(replica.state.runs[id]?.status).toBe("completed");
    expect(await socket.closed).toEqual({ code: 1000, reason: "done" });
    for (const { record, offset } of replica.received) {
      expect(offset !== undefined).toBe(record.type !== "delta" && record.type !== "run.phase");
    }
  });

  it("resumes after an offset, given in the address or in the first frame, just as a stream does", async () => {
    const who = await person();
    const { id, links } = await answer(who, { prompt: fresh("resume"), model: model("tokens-100-rate-100") });
    const all = await new SseReader(await who.fetch(links.stream)).rest();
    expect(all.length).toBeGreaterThan(3);
    for (const [index, { offset }] of all.slice(0, -1).entries()) {
      const byQuery = await Socket.open(who, `/ws/chat/${id}?offset=${offset}`);
      const byFrame = await Socket.open(who, links.socket);
      byFrame.send({ type: "resume", offset });
      for (const socket of [byQuery, byFrame]) {
        const got = [];
        for (let each = await socket.next(); each; each = await socket.next()) got.push(each);
        expect(got).toEqual(all.slice(index + 1));
      }
    }
    const last = all.at(-1)?.offset;
    const complete = await Socket.open(who, `${links.socket}?offset=${last}`);
    expect([await complete.next(), await complete.closed]).toEqual([undefined, { code: 1000, reason: "done" }]);
  });

  it("may resume again on the same socket", async () => {
    const who = await person();
    const { id, chatId } = await answer(who, { prompt: fresh("again"), model: model("tokens-5-rate-0") });
    const socket = await Socket.open(who, `/ws/chat/${chatId}?offset=-1`);
    const once = await socket.until(isRecord("run.ended"));
    socket.send({ type: "resume", offset: "-1" });
    const twice = await socket.until(isRecord("run.ended"));
    expect(twice.state.runs[id]).toEqual(once.state.runs[id]);
    socket.leave();
  });
});

describe.concurrent("a chat's socket", () => {
  it("keeps two readers in step, and stays open", async () => {
    const who = await person();
    const { chatId } = await answer(who, { prompt: fresh("before"), model: model("tokens-3-rate-0") });
    const tabs = [
      await Socket.open(who, `/ws/chat/${chatId}?offset=now`),
      await Socket.open(who, `/ws/chat/${chatId}?offset=-1`),
    ];
    const prompt = fresh("step");
    const { id } = await ask(who, { prompt, chatId, model: model("tokens-40-rate-60") });
    for (const tab of tabs) {
      const replica = await tab.until(({ record }) => record.type === "run.ended" && record.run === id);
      expect(replica.text(id)).toBe(scriptedText(prompt, 40));
      tab.send("ping");
      expect(await tab.raw()).toBe("pong");
      tab.leave();
    }
  });

  it("stops a run by a frame", async () => {
    const who = await person();
    const { id, chatId } = await ask(who, { prompt: fresh("cancel"), model: model("tokens-3000-rate-60") });
    const socket = await Socket.open(who, `/ws/chat/${chatId}?offset=-1`);
    const replica = await socket.until(isRecord("delta"));
    socket.send({ type: "cancel", run: id });
    await socket.until(isRecord("run.ended"), replica);
    expect(replica.state.runs[id]?.status).toBe("cancelled");
    socket.send({ type: "cancel", run: id });
    socket.send("ping");
    expect(await socket.raw()).toBe("pong");
    socket.leave();
  });

  it("is closed with 4404 when the chat is deleted", async () => {
    const who = await person();
    const { chatId } = await answer(who, { prompt: fresh("gone"), model: model("tokens-3-rate-0") });
    const waiting = await Socket.open(who, `/ws/chat/${chatId}`);
    const reading = await Socket.open(who, `/ws/chat/${chatId}?offset=now`);
    await who.fetch(`/api/chats/${chatId}`, { method: "DELETE" });
    expect((await reading.closed).code).toBe(4404);
    expect((await waiting.closed).code).toBe(4404);
  });
});

describe.concurrent("a bad frame", () => {
  async function idle(): Promise<{ who: Person; chatId: string; socket: Socket }> {
    const who = await person();
    const { chatId } = await answer(who, { prompt: fresh("bad"), model: model("tokens-3-rate-0") });
    return { who, chatId, socket: await Socket.open(who, `/ws/chat/${chatId}`) };
  }

  it.each([
    "nonsense",
    "",
    "null",
    "[]",
    "PING",
    '{"type":"resume"}',
    '{"type":"resume","offset":7}',
    '{"type":"resume","offset":"nonsense"}',
    '{"type":"resume","offset":"ffffffffffff"}',
    '{"type":"cancel"}',
    '{"type":"generate","prompt":"no"}',
  ])("%s closes with 4400, and says why", async (frame) => {
    const { socket } = await idle();
    socket.send(frame);
    const { code, reason } = await socket.closed;
    expect(code).toBe(4400);
    expect(reason).not.toBe("");
  });

  it("a cancel of a run there is not closes with 4404", async () => {
    const { chatId, socket } = await idle();
    const other = (await answer(await person(), { prompt: fresh("other"), model: model("tokens-3-rate-0") })).id;
    socket.send({ type: "cancel", run: `${chatId}.7` });
    expect((await socket.closed).code).toBe(4404);
    for (const run of [other, chatId, "nonsense"]) {
      const { socket: each } = await idle();
      each.send({ type: "cancel", run });
      expect((await each.closed).code).toBe(4404);
    }
  });
});

describe.concurrent("a handshake", () => {
  it("that cannot be is a problem, before there is a socket", async () => {
    const who = await person();
    const { id, chatId } = await answer(who, { prompt: fresh("shake"), model: model("tokens-3-rate-0") });
    await problem(await who.fetch(`/ws/chat/${id}`), "bad_request", 400);
    await problem(await who.fetch(`/ws/chat/${id}?offset=x`, upgrade), "offset_invalid", 400);
    await problem(await who.fetch(`/ws/chat/${id}?offset=ffffffffffff`, upgrade), "offset_invalid", 400);
    await problem(await who.fetch(`/ws/chat/${chatId}.9`, upgrade), "unknown_run", 404);
    await problem(await who.fetch(`/ws/chat/${"0".repeat(64)}`, upgrade), "unknown_chat", 404);
    await problem(await (await person()).fetch(`/ws/chat/${id}`, upgrade), "not_yours", 403);
  });
});

describe.concurrent("a sleeping object", () => {
  it("keeps its sockets, which get what comes after it woke", async () => {
    const who = await person();
    const { chatId } = await answer(who, { prompt: fresh("sleep"), model: model("tokens-3-rate-0") });
    const joined = await Socket.open(who, `/ws/chat/${chatId}?offset=now`);
    const waiting = await Socket.open(who, `/ws/chat/${chatId}`);
    await evictDurableObject(objectOf(chatId));
    joined.send("ping");
    expect(await joined.raw()).toBe("pong");
    const prompt = fresh("awake");
    const next = await ask(who, { prompt, chatId, model: model("tokens-20-rate-60") });
    const replica = await joined.until(isRecord("run.ended"));
    expect(replica.text(next.id)).toBe(scriptedText(prompt, 20));
    // One that had not said yet where to resume still can.
    await evictDurableObject(objectOf(chatId));
    waiting.send({ type: "resume", offset: "-1" });
    const all = await waiting.until(({ record }) => record.type === "run.ended" && record.run === next.id);
    expect(all.text(next.id)).toBe(scriptedText(prompt, 20));
    for (const socket of [joined, waiting]) socket.leave();
  });
});
