// What goes out on each provider's wire, through the real SDKs, as the scripted model does not show it.
import { describe, expect, it } from "vitest";
import { AnthropicProvider } from "./anthropic.ts";
import { CompatibleProvider } from "./compatible.ts";
import { CONTINUE } from "./conversation.ts";
import { OpenAIProvider } from "./openai.ts";
import type { Ask, Beginning, Provider } from "./provider.ts";

const plain: Ask = {
  model: "m",
  system: null,
  turns: [{ role: "user", text: "Hi" }],
  temperature: null,
  maxOutputTokens: null,
};
const full: Ask = { ...plain, system: "Be brief.", temperature: 1.6, maxOutputTokens: 50 };
const never = new AbortController().signal;

/** A `fetch` that answers with this, and what was sent to it last. */
function wire(status = 500, reply: string = "{}", headers: Record<string, string> = {}) {
  const sent: { url: string; method: string; headers: Headers; body: Record<string, unknown> | null }[] = [];
  const fake: typeof fetch = async (input, init) => {
    const request = new Request(input, init);
    const text = await request.text();
    sent.push({
      url: request.url,
      method: request.method,
      headers: request.headers,
      body: text ? JSON.parse(text) : null,
    });
    return new Response(reply, { status, headers: { "content-type": "application/json", ...headers } });
  };
  return { fetch: fake, sent };
}

async function send(provider: Provider, ask: Ask, beginning: Beginning = { kind: "fresh" }): Promise<Error> {
  return provider
    .stream(ask, beginning, () => {}, never)
    .then(
      () => new Error("It ended well."),
      (error) => error,
    );
}

describe("OpenAI", () => {
  const input = [{ role: "user", content: "Hi" }];
  const stream = { stream: true, stream_options: { include_obfuscation: false } };

  it("asks in the background, to be stored, and leaves out what nobody set", async () => {
    const { fetch, sent } = wire();
    await send(new OpenAIProvider({ key: "k", fetch }), plain);
    expect(sent).toHaveLength(1);
    expect(sent[0]).toMatchObject({ url: "https://api.openai.com/v1/responses", method: "POST" });
    expect(sent[0]?.headers.get("authorization")).toBe("Bearer k");
    expect(sent[0]?.body).toEqual({ model: "m", input, ...stream, background: true, store: true });
  });

  it("stores nothing when background is off", async () => {
    const { fetch, sent } = wire();
    await send(new OpenAIProvider({ key: "k", background: false, fetch }), full);
    const settings = { instructions: "Be brief.", temperature: 1.6, max_output_tokens: 50 };
    expect(sent[0]?.body).toEqual({ model: "m", input, ...stream, store: false, ...settings });
  });

  it("continues by asking to", async () => {
    const { fetch, sent } = wire();
    await send(new OpenAIProvider({ key: "k", fetch }), plain, { kind: "continue", prefix: "Well, " });
    const more = [
      { role: "assistant", content: "Well, " },
      { role: "user", content: CONTINUE },
    ];
    expect(sent[0]?.body?.input).toEqual([...input, ...more]);
  });

  it("takes a stream up from just after the bookmark", async () => {
    const { fetch, sent } = wire();
    const bookmark = { responseId: "resp_1", sequenceNumber: 41 };
    await send(new OpenAIProvider({ key: "k", fetch }), plain, { kind: "reattach", bookmark, text: "" });
    expect(sent[0]?.method).toBe("GET");
    expect(sent[0]?.url).toBe(
      "https://api.openai.com/v1/responses/resp_1?stream=true&starting_after=41&include_obfuscation=false",
    );
  });

  it("says how to do without the background where it is refused", async () => {
    const reply = JSON.stringify({ error: { message: "Background mode is not allowed here.", param: "background" } });
    const { fetch } = wire(400, reply);
    const refused = await send(new OpenAIProvider({ key: "k", fetch }), plain);
    expect(refused).toMatchObject({ code: "provider_bad_request", status: 400 });
    expect(refused.message).toMatch(/Background mode is not allowed here.*Set OPENAI_BACKGROUND=off\.$/);
    const without = await send(new OpenAIProvider({ key: "k", background: false, fetch }), plain);
    expect(without.message).not.toContain("OPENAI_BACKGROUND");
  });
});

describe("Anthropic", () => {
  it("is told a limit, and a temperature of its own scale", async () => {
    const { fetch, sent } = wire();
    const provider = new AnthropicProvider({ key: "k", fetch });
    await send(provider, plain);
    await send(provider, full);
    const messages = [{ role: "user", content: "Hi" }];
    expect(sent.map(({ url }) => url)).toEqual(Array(2).fill("https://api.anthropic.com/v1/messages"));
    expect(sent[0]?.headers.get("authorization")).toBe("Bearer k");
    expect(sent[0]?.body).toEqual({ model: "m", messages, max_tokens: 8192, stream: true });
    const settings = { system: "Be brief.", temperature: 1, max_tokens: 50 };
    expect(sent[1]?.body).toEqual({ model: "m", messages, stream: true, ...settings });
  });

  it("puts a prefix in the mouth of the models that take that only", async () => {
    const { fetch, sent } = wire();
    const provider = new AnthropicProvider({ key: "k", fetch });
    for (const model of ["claude-sonnet-4-5", "claude-sonnet-5"]) {
      await send(provider, { ...plain, model }, { kind: "continue", prefix: "Well," });
    }
    const last = sent.map(({ body }) => (body?.messages as unknown[] | undefined)?.at(-1));
    expect(last).toEqual([
      { role: "assistant", content: "Well," },
      { role: "user", content: CONTINUE },
    ]);
  });
});

describe("a compatible endpoint", () => {
  const baseUrl = "http://localhost:11434/v1";

  it("is asked for usage, by names all servers know", async () => {
    const { fetch, sent } = wire();
    await send(new CompatibleProvider({ baseUrl, key: "k", fetch }), full);
    expect(sent[0]?.url).toBe("http://localhost:11434/v1/chat/completions");
    expect(sent[0]?.headers.get("authorization")).toBe("Bearer k");
    expect(sent[0]?.body).toEqual({
      model: "m",
      messages: [
        { role: "system", content: "Be brief." },
        { role: "user", content: "Hi" },
      ],
      stream: true,
      stream_options: { include_usage: true },
      temperature: 1.6,
      max_tokens: 50,
    });
  });

  it("gets no key where there is none", async () => {
    const { fetch, sent } = wire();
    await send(new CompatibleProvider({ baseUrl, fetch }), plain);
    expect(sent[0]?.headers.has("authorization")).toBe(false);
    expect([...(sent[0]?.headers.keys() ?? [])].filter((name) => name.startsWith("openai-"))).toEqual([]);
  });

  it.each([
    [
      { error: { message: "model not loaded", type: "BadRequestError" } },
      400,
      "provider_bad_request",
      "model not loaded",
    ],
    [
      { object: "error", message: "too warm", type: "BadRequestError", code: 400 },
      400,
      "provider_bad_request",
      "too warm",
    ],
    [{ error: "model 'x' not found" }, 404, "provider_unknown_model", "model 'x' not found"],
    [{ detail: "?" }, 500, "provider_overloaded", "HTTP 500"],
  ])("may answer with an error like %j", async (reply, status, code, said) => {
    const { fetch } = wire(status, JSON.stringify(reply));
    const error = await send(new CompatibleProvider({ baseUrl, fetch }), plain);
    expect(error).toMatchObject({ code, status, message: expect.stringContaining(said) });
  });

  it("may send neither usage nor an end mark", async () => {
    const events = [{ delta: { content: "Hello" } }, { delta: {}, finish_reason: "stop" }];
    const body = events.map((choice) => `data: ${JSON.stringify({ choices: [choice] })}\n\n`).join("");
    const { fetch } = wire(200, body, { "content-type": "text/event-stream" });
    let text = "";
    const provider = new CompatibleProvider({ baseUrl, fetch });
    const ending = await provider.stream(
      plain,
      { kind: "fresh" },
      (piece) => {
        text += piece.text;
      },
      never,
    );
    expect({ text, ...ending }).toEqual({ text: "Hello", finish: "stop", usage: null });
  });

  it("may have no list of models", async () => {
    const { fetch } = wire(404, "404 page not found", { "content-type": "text/plain" });
    const models = new CompatibleProvider({ baseUrl, fetch }).models(never);
    await expect(models).rejects.toMatchObject({ message: expect.stringContaining("COMPATIBLE_MODELS") });
  });
});
