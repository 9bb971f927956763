// Proves PROTOCOL.md, "Asking once": Idempotency-Key.
import { describe, expect, it } from "vitest";
import { chatListReplySchema, generateReplySchema } from "../../protocol/requests.ts";
import { answer, ask, counters, ended, fresh, model, type Person, person, post, problem, read } from "./kit.ts";
import { Replica, SseReader } from "./readers.ts";

const SLOW = model("tokens-30-rate-60");
const key = () => ({ "idempotency-key": crypto.randomUUID() });

async function chatsOf(who: Person): Promise<number> {
  return (await read(await who.fetch("/api/chats"), chatListReplySchema)).chats.length;
}

describe.concurrent.each(["a new chat", "a chat there is"])("in %s", (where) => {
  async function asked() {
    const who = await person();
    const prompt = fresh(where);
    const chatId = where === "a new chat" ? {} : await earlier(who);
    return { who, prompt, body: { ...chatId, prompt, model: SLOW } };
  }

  async function earlier(who: Person) {
    const { chatId } = await answer(who, { prompt: fresh("before"), model: model("tokens-3-rate-0") });
    return { chatId };
  }

  it("the same key and body give the same run, while it runs and after", async () => {
    const { who, prompt, body } = await asked();
    const chats = await chatsOf(who);
    const headers = key();
    const first = await ask(who, body, headers);
    // The order of the properties is no difference.
    const turned = Object.fromEntries(Object.entries(body).reverse());
    expect(await ask(who, turned, headers)).toEqual(first);
    await ended(who, first.id);
    expect(await ask(who, body, headers)).toEqual(first);
    expect((await counters()).perPrompt[prompt]?.requests).toBe(1);
    expect(await chatsOf(who)).toBe(where === "a new chat" ? chats + 1 : chats);
  });

  it("so do two requests at once", async () => {
    const { who, prompt, body } = await asked();
    const headers = key();
    const replies = await Promise.all([1, 2, 3, 4].map(() => ask(who, body, headers)));
    expect(new Set(replies.map(({ id }) => id)).size).toBe(1);
    await ended(who, replies[0]?.id ?? "");
    expect((await counters()).perPrompt[prompt]?.requests).toBe(1);
  });

  it("a repeated request may stream: it gets the run from its beginning", async () => {
    const { who, body } = await asked();
    const headers = { ...key(), accept: "text/event-stream" };
    const [one, two] = [new Replica(), new Replica()];
    const first = await who.fetch("/api/chat/generate", post(body, headers));
    await new SseReader(first).rest(one);
    const second = await who.fetch("/api/chat/generate", post(body, headers));
    await new SseReader(second).rest(two);
    const id = first.headers.get("x-run-id") ?? "";
    expect(second.headers.get("x-run-id")).toBe(id);
    expect(two.state.runs[id]).toEqual({ ...one.state.runs[id], attempt: expect.any(Number) });
  });

  it("the same key and another body are refused", async () => {
    const { who, body } = await asked();
    const headers = key();
    const { id } = await ask(who, body, headers);
    for (const other of [
      { ...body, prompt: fresh("other") },
      { ...body, temperature: 1 },
    ]) {
      await problem(await who.fetch("/api/chat/generate", post(other, headers)), "idempotency_conflict", 422);
    }
    await ended(who, id);
  });

  it("somebody else's key is another key", async () => {
    const { who, body } = await asked();
    const headers = key();
    const { id } = await ask(who, body, headers);
    const { chatId: _, ...anew } = { chatId: "", ...body };
    const other = await person();
    const theirs = await ask(other, anew, headers);
    expect(theirs.id).not.toBe(id);
    await Promise.all([ended(who, id), ended(other, theirs.id)]);
  });
});

it.concurrent("a key whose chat was deleted starts anew", async () => {
  const who = await person();
  const [headers, body] = [key(), { prompt: fresh("deleted"), model: model("tokens-3-rate-0") }];
  const first = await ask(who, body, headers);
  await ended(who, first.id);
  await who.fetch(`/api/chats/${first.chatId}`, { method: "DELETE" });
  const second = await ask(who, body, headers);
  expect(second.chatId).not.toBe(first.chatId);
  await ended(who, second.id);
});

it.concurrent("an ask that was refused may be repeated under its key", async () => {
  const who = await person();
  const headers = key();
  const body = { prompt: fresh("refused"), model: model("tokens-3-rate-0") };
  const { chatId } = await answer(who, body);
  const wrong = { ...body, chatId, parentId: "m999" };
  await problem(await who.fetch("/api/chat/generate", post(wrong, headers)), "bad_request", 400);
  const { id } = await read(
    await who.fetch("/api/chat/generate", post({ ...body, chatId }, headers)),
    generateReplySchema,
    202,
  );
  await ended(who, id);
});

it.concurrent.each([
  ["empty", ""],
  ["too long", "k".repeat(256)],
])("a key that is %s is refused", async (_, value) => {
  const who = await person();
  const response = await who.fetch(
    "/api/chat/generate",
    post({ prompt: fresh("key"), model: SLOW }, { "idempotency-key": value }),
  );
  await problem(response, "bad_request", 400);
});
