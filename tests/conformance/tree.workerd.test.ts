// Proves PROTOCOL.md, "The tree of messages": what an ask follows, what makes siblings, and that a provider is shown
// exactly the path from the root to the message it answers.
import { describe, expect, it, vi } from "vitest";
import { scriptedText } from "../../local/model/text.ts";
import { type ChatMessage, chatReplySchema, generateReplySchema } from "../../protocol/requests.ts";
import { answer, ask, ended, fresh, model, type Person, person, post, problem, read } from "./kit.ts";
import { outgoing } from "./outgoing.ts";

const FAST = model("tokens-4-rate-0");

/** The conversation that the last ask's provider was shown. */
const shown = () => outgoing.at(-1)?.turns.map(({ role, content }) => [role, content]);
const said = (prompt: string) => ["user", prompt];
const answered = (prompt: string) => ["assistant", scriptedText(prompt, 4)];

async function messagesOf(who: Person, chatId: string): Promise<Map<string, ChatMessage>> {
  const { messages } = await read(await who.fetch(`/api/chats/${chatId}`), chatReplySchema);
  return new Map(messages.map((message) => [message.id, message]));
}

/** A chat of two asks: m1 → a1 → m2 → a2, by their ids. */
async function twoAsks() {
  const who = await person();
  const [one, two] = [fresh("one"), fresh("two")];
  const { chatId } = await answer(who, { prompt: one, model: FAST });
  await answer(who, { prompt: two, chatId, model: FAST });
  const messages = [...(await messagesOf(who, chatId)).values()];
  expect(messages.map(({ text }) => text)).toEqual([one, scriptedText(one, 4), two, scriptedText(two, 4)]);
  const [m1 = "", a1 = "", m2 = "", a2 = ""] = messages.map(({ id }) => id);
  return { who, chatId, one, two, m1, a1, m2, a2 };
}

describe("an ask", () => {
  it("follows the last answer", async () => {
    const { who, chatId, one, two, m1, a1, m2, a2 } = await twoAsks();
    expect(shown()).toEqual([said(one), answered(one), said(two)]);
    const messages = await messagesOf(who, chatId);
    expect([m1, a1, m2, a2].map((id) => messages.get(id)?.parent)).toEqual([null, m1, a1, m2]);
  });

  it("that names an earlier answer is an edit: a sibling of what followed it", async () => {
    const { who, chatId, one, a1, m2 } = await twoAsks();
    const edited = fresh("edited");
    await answer(who, { prompt: edited, chatId, parentId: a1, model: FAST });
    expect(shown()).toEqual([said(one), answered(one), said(edited)]);
    const messages = [...(await messagesOf(who, chatId)).values()];
    const siblings = messages.filter(({ parent }) => parent === a1);
    expect(siblings.map(({ text }) => text)).toEqual([messages.find(({ id }) => id === m2)?.text, edited]);
    // What comes next follows the newest answer, on the new branch.
    const next = fresh("next");
    await answer(who, { prompt: next, chatId, model: FAST });
    expect(shown()).toEqual([said(one), answered(one), said(edited), answered(edited), said(next)]);
  });

  it("that names null is an edit of the first message", async () => {
    const { who, chatId, m1 } = await twoAsks();
    const edited = fresh("root");
    await answer(who, { prompt: edited, chatId, parentId: null, model: FAST });
    expect(shown()).toEqual([said(edited)]);
    const roots = [...(await messagesOf(who, chatId)).values()].filter(({ parent }) => parent === null);
    expect(roots.map(({ id }) => id)[0]).toBe(m1);
    expect(roots).toHaveLength(2);
  });

  it("without a prompt answers a message again: another answer beside the first", async () => {
    const { who, chatId, one, two, m1, m2, a1, a2 } = await twoAsks();
    await answer(who, { chatId, parentId: m2, model: FAST });
    expect(shown()).toEqual([said(one), answered(one), said(two)]);
    await answer(who, { chatId, parentId: m1, model: FAST });
    expect(shown()).toEqual([said(one)]);
    const messages = [...(await messagesOf(who, chatId)).values()];
    const children = (id: string) => messages.filter(({ parent }) => parent === id).map(({ id: each }) => each);
    expect([children(m2)[0], children(m1)[0]]).toEqual([a2, a1]);
    expect([children(m2).length, children(m1).length]).toEqual([2, 2]);
    // With no parentId either, it is the message that was answered last.
    await answer(who, { chatId, model: FAST });
    expect(shown()).toEqual([said(one)]);
  });

  it("shows the model what was kept of a stopped answer, and leaves out one that never got a word", async () => {
    const who = await person();
    const [stopped, failed, next] = [fresh("stopped"), fresh("failed"), fresh("next")];
    const first = await ask(who, {
      prompt: stopped,
      model: model("tokens-4-rate-2000-hang-2"),
      provider: "compatible",
    });
    const answerOf = async () => [...(await messagesOf(who, first.chatId)).values()][1];
    await vi.waitFor(async () => expect((await answerOf())?.text).not.toBe(""));
    await who.fetch(`/api/chat/cancel/${first.id}`, { method: "POST" });
    const kept = await answerOf();
    expect(kept).toMatchObject({ status: "cancelled", role: "assistant" });
    await answer(who, { prompt: failed, chatId: first.chatId, model: model("401") }, "failed");
    await answer(who, { prompt: next, chatId: first.chatId, model: FAST });
    expect(shown()).toEqual([said(stopped), ["assistant", kept?.text], said(failed), said(next)]);
  });

  it.each(["openai", "anthropic", "compatible"] as const)(
    "shows %s the system prompt of this very ask",
    async (provider) => {
      const who = await person();
      const prompt = fresh("system");
      const { chatId } = await answer(who, { prompt, provider, model: FAST, system: "Answer in verse." });
      const last = outgoing.at(-1);
      expect(last?.system ?? last?.turns[0]?.content).toEqual("Answer in verse.");
      await answer(who, { prompt: fresh("plain"), provider, chatId, model: FAST });
      expect(JSON.stringify(outgoing.at(-1))).not.toContain("verse");
    },
  );
});

describe("a parent that can't be is refused:", () => {
  const generate = (who: Person, body: object) => who.fetch("/api/chat/generate", post({ model: FAST, ...body }));

  it("a message that this chat does not have", async () => {
    const { who, chatId } = await twoAsks();
    for (const parentId of ["m999", "a999", "", "nonsense", "m0", "m01", "a1.5", "m2"]) {
      const refused = await problem(await generate(who, { prompt: "x", chatId, parentId }), "bad_request", 400);
      expect(refused.detail).toMatch(/^parentId/);
    }
  });

  it("a person's message for a prompt, an answer for none", async () => {
    const { who, chatId, m1, a1 } = await twoAsks();
    await problem(await generate(who, { prompt: "x", chatId, parentId: m1 }), "bad_request", 400);
    await problem(await generate(who, { chatId, parentId: a1 }), "bad_request", 400);
    await problem(await generate(who, { chatId, parentId: null }), "bad_request", 400);
  });

  it("any in a new chat, where nothing is left behind", async () => {
    const who = await person();
    await problem(await generate(who, { prompt: "x", parentId: "m1" }), "bad_request", 400);
    await problem(await generate(who, { parentId: "m1" }), "bad_request", 400);
    await problem(await generate(who, {}), "bad_request", 400);
    expect(await (await who.fetch("/api/chats")).json()).toEqual({ chats: [], cursor: null });
    const { id } = await read(await generate(who, { prompt: fresh("null"), parentId: null }), generateReplySchema, 202);
    await ended(who, id);
  });

  it("an answer that is still being written", async () => {
    const who = await person();
    const { id, chatId } = await ask(who, { prompt: fresh("open"), model: model("tokens-3000-rate-50") });
    await problem(await generate(who, { prompt: "x", chatId }), "conflict", 409);
    await problem(await generate(who, { prompt: "x", chatId, parentId: "a1" }), "conflict", 409);
    // Answering the same message again beside it is no conflict.
    const beside = await answer(who, { chatId, parentId: "m1", model: FAST });
    expect(beside.id).toBe(`${chatId}.2`);
    await who.fetch(`/api/chat/cancel/${id}`, { method: "POST" });
    await answer(who, { prompt: fresh("then"), chatId, parentId: "a1", model: FAST });
  });
});
