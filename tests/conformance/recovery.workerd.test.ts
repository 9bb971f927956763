// Proves PROTOCOL.md, "Recovery": the object loses its memory in the middle of an answer; each rung of the ladder takes
// it up again, and the receipt says which it was.
import { runInDurableObject } from "cloudflare:test";
import { describe, expect, it, vi } from "vitest";
import { scriptedText } from "../../local/model/text.ts";
import type { GenerateRequest } from "../../protocol/requests.ts";
import { answer, ask, counters, fresh, model, objectOf, type Person, person, statusOf } from "./kit.ts";
import { isRecord, Replica, Socket, SseReader } from "./readers.ts";

/** As when its machine dies: memory, streams and sockets are gone, the disk stays. */
async function crash(id: string): Promise<void> {
  await runInDurableObject(objectOf(id), (_, state) => state.abort("crash")).catch(() => {});
}

/** Asks, crashes after the first promise, and gives what a reader had by then; its unpromised text is still shown. */
async function crashed(who: Person, body: GenerateRequest): Promise<{ id: string; chatId: string; replica: Replica }> {
  const { id, chatId, links } = await ask(who, body);
  const reader = new SseReader(await who.fetch(links.stream));
  const replica = await reader.until(({ record }) => record.type === "commit" && record.through > 0);
  for (let more = 0; more < 3; more++) {
    const received = await reader.next();
    if (received) replica.take(received);
  }
  await crash(id);
  await expect(reader.rest(replica)).rejects.toThrow();
  return { id, chatId, replica };
}

async function comeBack(who: Person, id: string, replica: Replica): Promise<Replica> {
  await new SseReader(await who.fetch(`/api/chat/stream/${id}`, { headers: { "last-event-id": replica.offset } })).rest(
    replica,
  );
  return replica;
}

it("an open run whose alarm the platform has given up is taken up when somebody comes", async () => {
  const who = await person();
  const prompt = fresh("given up");
  const { id, replica } = await crashed(who, { prompt, provider: "openai", model: model("tokens-100-rate-60") });
  const giveUp = async (_: unknown, state: DurableObjectState) => {
    await state.storage.deleteAlarm();
    await state.storage.sync();
    state.abort("crash");
  };
  await runInDurableObject(objectOf(id), giveUp).catch(() => {});
  await comeBack(who, id, replica);
  expect(replica.text(id)).toBe(scriptedText(prompt, 100));
});

describe.concurrent.each(["openai", "anthropic", "compatible"] as const)("after a crash, %s", (provider) => {
  const rung = provider === "openai" ? "reattach" : "continue";

  it(`goes on by ${rung}, and the text is the model's, byte for byte`, async () => {
    const who = await person();
    const prompt = fresh("crash");
    const { id, replica } = await crashed(who, { prompt, provider, model: model("tokens-100-rate-30") });
    const promised = replica.state.runs[id]?.committed ?? 0;
    await comeBack(who, id, replica);
    expect(replica.text(id)).toBe(scriptedText(prompt, 100));
    const run = replica.state.runs[id];
    expect(run).toMatchObject({ status: "completed", finish: "stop", replacedBy: null });
    expect(run?.recoveries).toEqual([{ mode: rung, at: promised, madeTwice: expect.any(Number) }]);
    expect(run?.receipt).toMatchObject({ requests: 2, recoveries: run?.recoveries });
    const made = (await counters()).perPrompt[prompt];
    if (rung === "reattach") {
      expect(made).toMatchObject({ requests: 1, generated: 100, madeTwice: 0 });
      expect(run?.receipt).toMatchObject({ outputTokens: 100, estimated: false, recoveries: [{ madeTwice: 0 }] });
    } else {
      expect(made).toMatchObject({ requests: 2, continuations: 1 });
      expect(run?.receipt).toMatchObject({ estimated: true });
      // What the receipt owns up to is never less than what was made twice.
      expect(run?.recoveries[0]?.madeTwice).toBeGreaterThanOrEqual(made?.madeTwice ?? Number.NaN);
    }
    const next = await answer(who, {
      prompt: fresh("next"),
      chatId: id.split(".")[0],
      provider,
      model: model("tokens-3-rate-0"),
    });
    expect(next.end.status).toBe("completed");
  });
});

describe.concurrent("when the provider has nothing to take up again", () => {
  it("an answer is continued", async () => {
    const who = await person();
    const prompt = fresh("gone");
    const { id, replica } = await crashed(who, { prompt, model: model("tokens-100-rate-30-noreattach") });
    await comeBack(who, id, replica);
    expect(replica.text(id)).toBe(scriptedText(prompt, 100));
    expect(replica.state.runs[id]?.recoveries).toMatchObject([{ mode: "continue" }]);
  });

  it("an answer that can't be continued is replaced: its text is kept, and readers are told by which run", async () => {
    const who = await person();
    const prompt = fresh("replace");
    const body = { prompt, provider: "anthropic", model: model("tokens-100-rate-30-nocontinue") } as const;
    const { id, chatId, replica } = await crashed(who, body);
    const promised = replica.text(id).slice(0, replica.state.runs[id]?.committed);
    await comeBack(who, id, replica);
    const broken = replica.state.runs[id];
    expect(broken).toMatchObject({ status: "interrupted", text: promised, replacedBy: `${chatId}.2`, finish: null });
    expect(broken?.error?.code).toBe("recovery_exhausted");
    const other = new Replica();
    await new SseReader(await who.fetch(`/api/chat/stream/${chatId}.2`)).rest(other);
    const replacement = other.state.runs[`${chatId}.2`];
    expect(replacement).toMatchObject({ status: "completed", text: scriptedText(prompt, 100), recoveries: [] });
    // They are siblings: answers to the same message.
    expect(replacement?.parent).toBe(broken?.parent);
    expect(replacement?.message).not.toBe(broken?.message);
  });

  it("an answer whose policy forbids to spend again is interrupted", async () => {
    const who = await person();
    const body = { prompt: fresh("interrupted"), provider: "anthropic", recovery: "free" } as const;
    const { id, chatId, replica } = await crashed(who, { ...body, model: model("tokens-100-rate-30") });
    const promised = replica.text(id).slice(0, replica.state.runs[id]?.committed);
    await comeBack(who, id, replica);
    expect(replica.state.runs[id]).toMatchObject({ status: "interrupted", text: promised, replacedBy: null });
    expect((await counters()).perPrompt[body.prompt]?.requests).toBe(1);
    // Retry: the same message is answered again, as a sibling.
    const again = await answer(who, {
      chatId,
      parentId: replica.state.runs[id]?.parent ?? "",
      model: model("tokens-3-rate-0"),
    });
    expect(again.id).toBe(`${chatId}.2`);
  });
});

it.concurrent("a crash before the first word asks again", async () => {
  const who = await person();
  const prompt = fresh("early");
  const { id } = await ask(who, { prompt, provider: "compatible", model: model("tokens-20-rate-0-ttft-700") });
  await vi.waitFor(async () => expect((await counters()).perPrompt[prompt]?.requests).toBe(1));
  await crash(id);
  const replica = await comeBack(who, id, new Replica());
  expect(replica.text(id)).toBe(scriptedText(prompt, 20));
  expect(replica.state.runs[id]?.status).toBe("completed");
});

it.concurrent("a crash breaks sockets too; a reader of the whole chat comes back with its offset", async () => {
  const who = await person();
  const prompt = fresh("socket");
  const { id, chatId } = await ask(who, { prompt, model: model("tokens-100-rate-30") });
  const socket = await Socket.open(who, `/ws/chat/${chatId}?offset=-1`);
  const replica = await socket.until(({ record }) => record.type === "commit" && record.through > 0);
  await crash(id);
  await socket.closed;
  const again = await Socket.open(who, `/ws/chat/${chatId}?offset=${replica.offset}`);
  await again.until(isRecord("run.ended"), replica);
  expect(replica.text(id)).toBe(scriptedText(prompt, 100));
  again.leave();
});

it.concurrent("a stop during recovery ends the run", async () => {
  const who = await person();
  const { id } = await crashed(who, {
    prompt: fresh("stop"),
    provider: "anthropic",
    model: model("tokens-3000-rate-60"),
  });
  await who.fetch(`/api/chat/cancel/${id}`, { method: "POST" });
  expect((await statusOf(who, id)).state).toBe("cancelled");
});
