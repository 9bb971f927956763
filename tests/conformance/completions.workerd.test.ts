// Proves PROTOCOL.md, "As OpenAI's chat completions": the official SDK talks to a chat of ours as it talks to OpenAI.
import OpenAI, { APIError } from "openai";
import { describe, expect, it } from "vitest";
import { scriptedText } from "../../local/model/text.ts";
import {
  completionModelsReplySchema,
  completionProblemSchema,
  completionReplySchema,
} from "../../protocol/chat-completions.ts";
import { parseTarget } from "../../protocol/ids.ts";
import { chatReplySchema } from "../../protocol/requests.ts";
import { deployment } from "./deployment.ts";
import { answer, call, counters, fresh, model, type Person, person, post, problem, read, statusOf } from "./kit.ts";

const FAST = model("tokens-40-rate-0");

function sdk(who: Person, committed = false): OpenAI {
  return new OpenAI({
    apiKey: who.token,
    baseURL: "https://keepstream.test/v1",
    maxRetries: 0,
    ...(committed && { defaultQuery: { committed: "1" } }),
    fetch: (url, init) => {
      const { pathname, search } = new URL(String(url));
      return call(pathname + search, init);
    },
  });
}

const user = (content: string) => ({ role: "user", content }) as const;

describe.concurrent("the official SDK", () => {
  it.each([
    ["as it is shown", false],
    ["of promised text", true],
  ])("gets a stream %s, whose id is the run's", async (_, committed) => {
    const who = await person();
    const prompt = fresh("stream");
    const stream = await sdk(who, committed).chat.completions.create({
      model: FAST,
      messages: [{ role: "system", content: "Be brief." }, user(prompt)],
      stream: true,
      stream_options: { include_usage: true },
    });
    let text = "";
    let last: OpenAI.ChatCompletionChunk | undefined;
    let finish: string | null = null;
    for await (const chunk of stream) {
      text += chunk.choices[0]?.delta.content ?? "";
      finish = chunk.choices[0]?.finish_reason ?? finish;
      last = chunk;
    }
    expect([text, finish]).toEqual([scriptedText(prompt, 40), "stop"]);
    const { state, receipt } = await statusOf(who, last?.id ?? "");
    expect([state, last?.usage?.completion_tokens]).toEqual(["completed", receipt?.outputTokens]);
  });

  it("gets the answer in one piece with what the cache said of it", async ({ expect }) => {
    const { token } = await person();
    const fetch = deployment({ DEFAULT_TIER: "redis" });
    const body = { model: FAST, messages: [user(fresh("kept"))] };
    const asked = async () => {
      const reply = await fetch("/v1/chat/completions", post(body, { authorization: `Bearer ${token}` }));
      await reply.text();
      return [reply.status, reply.headers.get("cache-status"), reply.headers.get("age") !== null];
    };
    expect(await asked()).toEqual([200, "Keepstream; fwd=miss", false]);
    const hit = [200, expect.stringMatching(/^Keepstream; hit; ttl=\d+$/), true];
    await expect.poll(asked, { timeout: 20_000 }).toEqual(hit);
  });

  it("gets the answer in one piece, in a chat that has the whole conversation", async () => {
    const who = await person();
    const prompt = fresh("whole");
    const reply = await sdk(who).chat.completions.create({
      model: `anthropic/${FAST}`,
      messages: [user("What is a river?"), { role: "assistant", content: "Water." }, user(prompt)],
      temperature: 0.5,
      max_completion_tokens: 1_000,
    });
    completionReplySchema.parse(reply);
    expect(reply.choices[0]).toMatchObject({ message: { content: scriptedText(prompt, 40) }, finish_reason: "stop" });
    const chat = await read(await who.fetch(`/api/chats/${parseTarget(reply.id)?.chatId}`), chatReplySchema);
    expect(chat.title).toBe("What is a river?");
    expect(chat.messages.map(({ role, text }) => [role, text])).toEqual([
      ["user", "What is a river?"],
      ["assistant", "Water."],
      ["user", prompt],
      ["assistant", scriptedText(prompt, 40)],
    ]);
    expect(chat.messages.map(({ parent }) => parent)).toEqual([null, ...chat.messages.slice(0, 3).map(({ id }) => id)]);
    expect(await statusOf(who, reply.id)).toMatchObject({ provider: "anthropic" });
    // The conversation goes on as any other.
    const next = await answer(who, { prompt: fresh("next"), chatId: chat.id, model: FAST });
    expect(next.chatId).toBe(chat.id);
  });

  it("goes on in a chat it names", async () => {
    const who = await person();
    const { chatId } = await answer(who, { prompt: fresh("first"), model: FAST });
    const reply = await sdk(who).chat.completions.create(
      { model: FAST, messages: [user(fresh("second"))] },
      { headers: { "x-chat-id": chatId } },
    );
    expect(reply.id).toBe(`${chatId}.2`);
  });

  it("that asks again with the same key, streamed or not, starts nothing twice", async () => {
    const who = await person();
    const prompt = fresh("once");
    const ask = { model: FAST, messages: [user(prompt)] };
    const headers = { "idempotency-key": "once" };
    const first = await sdk(who).chat.completions.create(ask, { headers });
    const ids = new Set([first.id]);
    for await (const chunk of await sdk(who).chat.completions.create({ ...ask, stream: true }, { headers })) {
      ids.add(chunk.id);
    }
    expect([ids.size, (await counters()).perPrompt[prompt]?.generations]).toEqual([1, 1]);
  });

  it("throws what a run that breaks is told by, in its stream and before", async () => {
    const who = await person();
    const ask = { model: model("401"), messages: [user(fresh("refused"))] };
    const whole = await sdk(who)
      .chat.completions.create(ask)
      .catch((error) => error);
    expect(whole).toBeInstanceOf(APIError);
    expect([whole.status, whole.code]).toEqual([424, "answer_broken"]);
    const stream = await sdk(who).chat.completions.create({ ...ask, stream: true });
    const read = async () => {
      for await (const _ of stream);
    };
    await expect(read()).rejects.toThrow(APIError);
  });

  it("may be used by a page that ALLOWED_ORIGINS names, with a key and in a chat that goes on", async () => {
    const who = await person();
    const sent = new Set(["x-chat-id", "idempotency-key"]);
    const client = sdk(who).withOptions({
      organization: "one",
      project: "two",
      fetch: (url, init) => {
        for (const [name] of new Headers(init?.headers)) sent.add(name);
        return call(new URL(String(url)).pathname, init);
      },
    });
    await client.chat.completions.create({ model: FAST, messages: [user(fresh("page"))] });
    expect([...sent].join()).toContain("x-stainless-");
    const before = await call("/v1/chat/completions", {
      method: "OPTIONS",
      headers: {
        origin: "https://friend.example",
        "access-control-request-method": "POST",
        "access-control-request-headers": [...sent, "x-else"].join(","),
      },
    });
    const allowed = before.headers.get("access-control-allow-headers")?.split(", ");
    // A browser asks nobody whether it may say what it accepts.
    const asked = [...sent].filter((name) => !["accept", "content-length"].includes(name));
    expect(allowed).toEqual(expect.arrayContaining(asked));
    expect(allowed).not.toContain("x-else");
  });

  it("is told what is wrong with a request, as OpenAI tells it", async () => {
    const who = await person();
    const tools = [{ type: "function", function: { name: "f" } }] as const;
    const ask = { model: FAST, messages: [user("Hi")], tools: [...tools] };
    const refused = await sdk(who)
      .chat.completions.create(ask)
      .catch((error) => error);
    expect([refused.status, refused.code, refused.type]).toEqual([400, "bad_request", "invalid_request_error"]);
    expect(refused.message).toContain("tools");
    const stranger = await sdk({ ...who, token: "nobody's" })
      .chat.completions.create({ model: FAST, messages: [user("Hi")] })
      .catch((error) => error);
    expect([stranger.status, stranger.type]).toEqual([401, "authentication_error"]);
  });

  it("lists the models", async () => {
    const who = await person();
    const reply = await read(await who.fetch("/v1/models"), completionModelsReplySchema);
    expect(reply.data.map(({ owned_by }) => owned_by)).toContain("openai");
    const page = await sdk(who).models.list();
    expect(page.data.length).toBe(reply.data.length);
  });
});

describe.concurrent("what is refused", () => {
  it.each([
    ["a conversation that ends with an answer", { messages: [user("Hi"), { role: "assistant", content: "Hello" }] }],
    ["one that says nothing", { messages: [user("")] }],
    ["several answers at once", { messages: [user("Hi")], n: 2 }],
    ["a stop sequence", { messages: [user("Hi")], stop: "." }],
    ["a picture", { messages: [{ role: "user", content: [{ type: "image_url", image_url: { url: "x" } }] }] }],
  ])("is %s", async (_, body) => {
    const who = await person();
    const refused = await who.fetch("/v1/chat/completions", post({ model: FAST, ...body }));
    completionProblemSchema.parse(await refused.clone().json());
    await problem(refused, "bad_request", 400);
  });

  it("is a chat that is somebody else's", async () => {
    const { chatId } = await answer(await person(), { prompt: fresh("mine"), model: FAST });
    const body = { model: FAST, messages: [user("Hi")] };
    const refused = await (await person()).fetch("/v1/chat/completions", post(body, { "x-chat-id": chatId }));
    await problem(refused, "not_yours", 403);
  });
});
