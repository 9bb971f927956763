// Proves PROTOCOL.md, "Status", "Plain read" and "Stopping".
import { describe, expect, it, vi } from "vitest";
import { scriptedText } from "../../local/model/text.ts";
import { cancelReplySchema, chunksReplySchema } from "../../protocol/requests.ts";
import { answer, ask, counters, ended, fresh, model, type Person, person, problem, read, statusOf } from "./kit.ts";
import { Replica, SseReader } from "./readers.ts";

async function chunks(who: Person, id: string, query = "") {
  const response = await who.fetch(`/api/chat/chunks/${id}${query}`);
  return read(response, chunksReplySchema);
}

async function responseOf(prompt: string) {
  return Object.values((await counters()).perResponse).find((response) => response.prompt === prompt);
}

function replay(pages: Awaited<ReturnType<typeof chunks>>[]): Replica {
  const replica = new Replica();
  for (const { offset, ...record } of pages.flatMap(({ records }) => records)) replica.take({ record, offset });
  return replica;
}

describe.concurrent("status", () => {
  it("tells how a run is doing, and in the end its receipt", async () => {
    const who = await person();
    const prompt = fresh("status");
    const { id, chatId, links } = await ask(who, { prompt, model: model("tokens-60-rate-50") });
    const reader = new SseReader(await who.fetch(links.stream));
    const shown = await reader.until(({ record }) => record.type === "commit" && record.through > 0);
    const running = await statusOf(who, id);
    expect(running).toMatchObject({ id, chatId, state: "running", phase: "generating", attempt: 1, links });
    expect(running).toMatchObject({ tier: "mvp", provider: "openai", finish: null, error: null, receipt: null });
    const { characters, committed, chunks } = running.progress;
    expect(committed).toBeGreaterThan(0);
    expect(characters).toBeGreaterThanOrEqual(shown.text(id).length);
    expect(characters).toBeGreaterThanOrEqual(committed);
    expect(chunks).toBeGreaterThan(0);
    const end = (await reader.rest(shown)).at(-1);
    const length = scriptedText(prompt, 60).length;
    const over = await statusOf(who, id);
    expect(over).toMatchObject({ state: "completed", phase: null, finish: "stop", offset: end?.offset });
    expect(over.progress).toMatchObject({ characters: length, committed: length });
    expect(over.receipt).toMatchObject({ outputTokens: 60, estimated: false, cost: 0, requests: 1, recoveries: [] });
    expect(over.receipt?.firstTokenMs).toBeGreaterThanOrEqual(0);
    expect(over.receipt?.totalMs).toBeGreaterThanOrEqual(over.receipt?.firstTokenMs ?? Number.NaN);
  });

  it("is of a run, not of a chat", async () => {
    const who = await person();
    const { chatId } = await answer(who, { prompt: fresh("whole"), model: model("tokens-3-rate-0") });
    await problem(await who.fetch(`/api/chat/status/${chatId}`), "unknown_run", 404);
    await problem(await who.fetch(`/api/chat/status/${chatId}.2`), "unknown_run", 404);
  });
});

describe.concurrent("the plain read", () => {
  it("gives what is promised, all or after an offset, and where to go on", async () => {
    const who = await person();
    const prompt = fresh("chunks");
    const { id } = await answer(who, { prompt, model: model("tokens-2000-rate-2000") });
    const all = await chunks(who, id);
    expect(all.live).toBe(false);
    expect(all.records.every(({ offset }) => offset !== undefined)).toBe(true);
    expect(replay([all]).text(id)).toBe(scriptedText(prompt, 2000));
    expect(await chunks(who, id, "?offset=-1")).toEqual(all);
    for (const [index, { offset }] of all.records.entries()) {
      const rest = await chunks(who, id, `?offset=${offset}`);
      expect(rest.records).toEqual(all.records.slice(index + 1));
    }
    expect(await chunks(who, id, `?offset=${all.offset}`)).toEqual({ records: [], offset: all.offset, live: false });
    expect((await chunks(who, id, "?offset=now")).records).toEqual([]);
  });

  it("gives a whole chat's records: messages, runs and titles", async () => {
    const who = await person();
    const first = await answer(who, { prompt: fresh("one"), model: model("tokens-3-rate-0") });
    const second = await answer(who, { prompt: fresh("two"), chatId: first.chatId, model: model("tokens-3-rate-0") });
    const page = await chunks(who, first.chatId);
    const { state } = replay([page]);
    expect(page.live).toBe(true);
    expect(Object.keys(state.runs)).toEqual([first.id, second.id]);
    expect(Object.values(state.messages).map(({ role }) => role)).toEqual(["user", "assistant", "user", "assistant"]);
    expect((await chunks(who, second.id)).records.every((record) => "run" in record && record.run === second.id)).toBe(
      true,
    );
  });

  it("comes in pages of at most 1 MB", async () => {
    const who = await person();
    const asks = [..."脑語한"].map((sign) => sign.repeat(199_000));
    let chatId: string | undefined;
    for (const prompt of asks) {
      const body = { prompt, model: model("tokens-3-rate-0"), provider: "compatible" as const };
      chatId = (await answer(who, { ...body, ...(chatId && { chatId }) })).chatId;
    }
    const pages: Awaited<ReturnType<typeof chunks>>[] = [];
    for (let offset = "-1"; ; offset = pages.at(-1)?.offset ?? "") {
      const response = await who.fetch(`/api/chat/chunks/${chatId}?offset=${offset}`);
      const bytes = (await response.clone().arrayBuffer()).byteLength;
      const page = await read(response, chunksReplySchema);
      if (page.records.length === 0) break;
      expect(bytes).toBeLessThanOrEqual(1_000_000);
      pages.push(page);
    }
    expect(pages.length).toBeGreaterThan(1);
    const said = Object.values(replay(pages).state.messages).filter(({ role }) => role === "user");
    expect(said.map(({ text }) => text)).toEqual(asks);
  });

  it("waits for something new, or for the end", async () => {
    const who = await person();
    const prompt = fresh("wait");
    const { id } = await ask(who, { prompt, model: model("tokens-40-rate-40-ttft-300") });
    const pages = [];
    for (let offset = "-1"; ; ) {
      const page = await chunks(who, id, `?offset=${offset}&wait=20`);
      pages.push(page);
      offset = page.offset;
      if (!page.live) break;
      // Each wait but one that met the end brought something.
      expect(page.records.length).toBeGreaterThan(0);
    }
    const replica = replay(pages);
    expect(replica.text(id)).toBe(scriptedText(prompt, 40));
    expect(replica.state.runs[id]?.status).toBe("completed");
    expect(pages.length).toBeGreaterThan(2);
  });

  it("waits no longer than asked, and not at all for what has ended", async () => {
    const who = await person();
    // A provider without bookmarks: nothing is promised before the first word.
    const slow = { provider: "compatible", model: model("tokens-3-rate-0-ttft-1500") } as const;
    const { id, chatId } = await ask(who, { prompt: fresh("patience"), ...slow });
    const { offset } = await chunks(who, id);
    expect(await chunks(who, id, `?offset=${offset}&wait=0.2`)).toMatchObject({ records: [], live: true });
    await ended(who, id);
    const over = await chunks(who, id);
    expect(await chunks(who, id, `?offset=${over.offset}&wait=30`)).toMatchObject({ records: [], live: false });
    expect(await chunks(who, chatId, `?offset=${over.offset}&wait=0.2`)).toMatchObject({ records: [], live: true });
  });
});

describe.concurrent("stopping", () => {
  it.each(["openai", "anthropic", "compatible"] as const)("keeps what was shown, and reaches %s", async (provider) => {
    const who = await person();
    const prompt = fresh("stop");
    const { id, chatId, links } = await ask(who, { prompt, provider, model: model("tokens-3000-rate-100") });
    const reader = new SseReader(await who.fetch(links.stream));
    const replica = await reader.until((_, { state }) => (state.runs[id]?.text.length ?? 0) > 20);
    const shown = replica.text(id);
    const reply = await who.fetch(links.cancel, { method: "POST" });
    expect(await read(reply, cancelReplySchema)).toEqual({ id, state: "cancelled" });
    await reader.rest(replica);
    expect(replica.text(id).startsWith(shown)).toBe(true);
    expect(scriptedText(prompt, 3000).startsWith(replica.text(id))).toBe(true);
    expect(replica.state.runs[id]).toMatchObject({ status: "cancelled", finish: null, error: null, replacedBy: null });
    expect(replica.state.runs[id]?.receipt).toMatchObject({ estimated: true });
    const state = provider === "openai" ? "cancelled" : "aborted";
    await vi.waitFor(async () => expect((await responseOf(prompt))?.state).toBe(state), { timeout: 5000 });
    // What was kept is there for the next ask.
    const { end } = await answer(who, { prompt: fresh("next"), chatId, provider, model: model("tokens-3-rate-0") });
    expect(end.receipt.inputTokens).toBeGreaterThan(replica.text(id).length / 4);
  });

  it("stops a run that has ended not at all", async () => {
    const who = await person();
    const { id, links } = await answer(who, { prompt: fresh("over"), model: model("tokens-3-rate-0") });
    const before = await statusOf(who, id);
    expect(await (await who.fetch(links.cancel, { method: "POST" })).json()).toEqual({ id, state: "completed" });
    expect(await statusOf(who, id)).toEqual(before);
  });
});
