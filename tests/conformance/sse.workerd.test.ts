// Proves PROTOCOL.md, "Server-sent events": what a run's and a chat's stream send, and how a reader comes back.
import { beforeAll, describe, expect, it } from "vitest";
import { scriptedText } from "../../local/model/text.ts";
import { answer, ask, ended, fresh, model, type Person, person, problem } from "./kit.ts";
import { isRecord, Replica, SseReader } from "./readers.ts";

const openStream = async (who: Person, id: string, query = "", headers: Record<string, string> = {}) =>
  who.fetch(`/api/chat/stream/${id}${query}`, { headers });
const open = async (...args: Parameters<typeof openStream>) => new SseReader(await openStream(...args));

describe.concurrent("a run's stream", () => {
  it("shows text without an id, and gives one to each promise", async () => {
    const who = await person();
    const prompt = fresh("live");
    const { id } = await ask(who, { prompt, model: model("tokens-60-rate-60") });
    const reader = await open(who, id);
    const replica = new Replica();
    const received = await reader.rest(replica);
    expect(reader.retry).toBe(1000);
    expect(replica.text(id)).toBe(scriptedText(prompt, 60));
    for (const { record, offset } of received) {
      expect({ type: record.type, promised: offset !== undefined }).toEqual({
        type: record.type,
        promised: record.type !== "delta" && record.type !== "run.phase",
      });
      expect("run" in record && record.run).toBe(id);
    }
    const deltas = received.filter(isRecord("delta")).length;
    const commits = received.filter(isRecord("commit")).length;
    expect(commits).toBeGreaterThan(1);
    expect(deltas).toBeGreaterThan(3 * commits);
    expect(replica.types().filter((type) => type !== "delta" && type !== "commit" && type !== "run.phase")).toEqual([
      "run.started",
      "run.ended",
    ]);
  });

  it("replays promised text packed, as deltas with an id", async () => {
    const who = await person();
    const prompt = fresh("replay");
    const { id } = await answer(who, { prompt, model: model("tokens-60-rate-60") });
    const replica = new Replica();
    const received = await (await open(who, id)).rest(replica);
    expect(replica.text(id)).toBe(scriptedText(prompt, 60));
    expect(received.every(({ offset }) => offset !== undefined)).toBe(true);
    expect(new Set(replica.types())).toEqual(new Set(["run.started", "delta", "run.ended"]));
  });

  it("has bare comments through silence", { timeout: 40_000 }, async () => {
    const who = await person();
    const { id, chatId } = await answer(who, { prompt: fresh("silence"), model: model("tokens-3-rate-0") });
    const [reader, whole] = [await open(who, chatId), await open(who, chatId, "?offset=now")];
    await reader.until(isRecord("run.ended"));
    expect(await Promise.all([reader.comment(), whole.comment()])).toEqual(["hb", "hb"]);
    const next = await ask(who, { prompt: fresh("awake"), chatId, model: model("tokens-3-rate-0") });
    expect(next.id).not.toBe(id);
    for (const each of [reader, whole]) await each.until(isRecord("run.ended"), new Replica());
    await Promise.all([reader.leave(), whole.leave()]);
  });
});

describe.concurrent("coming back", () => {
  let who: Person;
  let id: string;
  let prompt: string;
  let all: Replica;

  beforeAll(async () => {
    who = await person();
    prompt = fresh("resume");
    ({ id } = await answer(who, { prompt, model: model("tokens-200-rate-100") }));
    all = new Replica();
    await (await open(who, id)).rest(all);
  });

  it("from any offset gives exactly what comes after it, by header or by query", async () => {
    const { received } = all;
    for (const [index, { offset }] of received.slice(0, -1).entries()) {
      const expected = received.slice(index + 1);
      const ways: [string, Record<string, string>][] = [
        ["", { "last-event-id": offset ?? "" }],
        [`?offset=${offset}`, {}],
        [`?from=${offset}`, {}],
      ];
      for (const [query, headers] of ways) {
        const got = [];
        const reader = await open(who, id, query, headers);
        for (let each = await reader.next(); each; each = await reader.next()) got.push(each);
        expect(got).toEqual(expected);
      }
    }
  });

  it("Last-Event-ID wins over offset, and offset over from", async () => {
    const [first, second, third] = all.received.map(({ offset }) => offset ?? "");
    const firstAfter = async (query: string, headers = {}) =>
      (await (await open(who, id, query, headers)).next())?.offset;
    expect(await firstAfter(`?offset=${first}&from=${second}`)).toBe(second);
    expect(await firstAfter(`?offset=-1&from=${second}`, { "last-event-id": second })).toBe(third);
    expect(await firstAfter("?offset=&from=-1", { "last-event-id": "" })).toBe(first);
  });

  it("with the last offset gives 204", async () => {
    const last = all.offset;
    expect((await openStream(who, id, `?offset=${last}`)).status).toBe(204);
    const response = await openStream(who, id, "?offset=-1", { "last-event-id": last });
    expect([response.status, await response.text()]).toEqual([204, ""]);
    expect((await openStream(who, id, "?offset=now")).status).toBe(204);
  });

  it.each(["nonsense", "0", "00000000000G", "0000000000001", "-2", "NOW", "00000000000A"])(
    "refuses %s as an offset",
    async (offset) => {
      const refused = await problem(await openStream(who, id, `?offset=${offset}`), "offset_invalid", 400);
      expect(refused.detail).toContain(offset);
      await problem(await openStream(who, id, "", { "last-event-id": offset }), "offset_invalid", 400);
    },
  );

  it("refuses an offset that the log has not reached", async () => {
    for (const offset of ["00000000ffff", "ffffffffffff"]) {
      await problem(await openStream(who, id, `?offset=${offset}`), "offset_invalid", 400);
    }
  });

  it("in the middle of an answer drops what was not promised, and goes on without a gap", async () => {
    const text = fresh("middle");
    const { id: run } = await ask(who, { prompt: text, model: model("tokens-150-rate-100") });
    const replica = new Replica();
    for (let cut = 1; replica.state.runs[run]?.status !== "completed"; cut++) {
      const reader = await open(who, run, "", { "last-event-id": replica.offset });
      // A new reader first learns what is not promised yet: a phase, and the tail even when it is empty.
      const frames = [];
      for (let frame = await reader.next(); frame && frames.length < 40; frame = await reader.next()) {
        frames.push(frame);
        replica.take(frame);
        if (frame.record.type === "run.ended" || frames.length > 7 * cut) break;
      }
      await reader.leave();
    }
    expect(replica.text(run)).toBe(scriptedText(text, 150));
  });

  it("while the answer has no word yet, gets an empty tail", async () => {
    const { id: run } = await ask(who, { prompt: fresh("empty"), model: model("tokens-3-rate-0-ttft-600") });
    const reader = await open(who, run);
    const replica = await reader.until(isRecord("delta"));
    expect(replica.received.at(-1)).toEqual({ record: { type: "delta", run, at: 0, text: "" }, offset: undefined });
    expect(replica.types()).toEqual(["run.started", "run.phase", "delta"]);
    await reader.rest(replica);
  });
});

describe.concurrent("a chat's stream", () => {
  it("has all its runs and messages, and stays open", async () => {
    const who = await person();
    const first = await answer(who, { prompt: fresh("first"), model: model("tokens-20-rate-0") });
    const reader = await open(who, first.chatId);
    const replica = await reader.until(isRecord("run.ended"));
    const prompt = fresh("second");
    const second = await ask(who, { prompt, chatId: first.chatId, model: model("tokens-20-rate-0") });
    await reader.until(({ record }) => record.type === "run.ended" && record.run === second.id, replica);
    expect(replica.text(second.id)).toBe(scriptedText(prompt, 20));
    expect(Object.values(replica.state.messages).map(({ parent }) => parent)).toEqual([
      null,
      "m1",
      "a1",
      expect.any(String),
    ]);
    await who.fetch(`/api/chats/${first.chatId}`, {
      method: "PATCH",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ title: "A new name" }),
    });
    await reader.until(isRecord("title"), replica);
    expect(replica.state.title).toBe("A new name");
    await reader.leave();
  });

  it("from now has only what comes, and never 204", async () => {
    const who = await person();
    const { chatId } = await answer(who, { prompt: fresh("before"), model: model("tokens-3-rate-0") });
    const reader = await open(who, chatId, "?offset=now");
    const prompt = fresh("after");
    const { id } = await ask(who, { prompt, chatId, model: model("tokens-3-rate-0") });
    const replica = await reader.until(isRecord("run.ended"));
    expect(Object.keys(replica.state.runs)).toEqual([id]);
    await reader.leave();
  });

  it("joined by many readers at once is the same for each", async () => {
    const who = await person();
    const prompt = fresh("many");
    const { id, chatId } = await ask(who, { prompt, model: model("tokens-100-rate-100") });
    const replicas = await Promise.all(
      Array.from({ length: 40 }, async (_, index) => {
        const reader = await open(who, index % 2 ? chatId : id);
        const replica = await reader.until(isRecord("run.ended"));
        await reader.leave();
        return replica;
      }),
    );
    for (const replica of replicas) expect(replica.text(id)).toBe(scriptedText(prompt, 100));
    await ended(who, id);
  });
});
