import Anthropic from "@anthropic-ai/sdk";
import OpenAI from "openai";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { promptKey } from "./counters.ts";
import { type Bench, drain, freshPrompt, startBench, until } from "./testing.ts";
import { scriptedText } from "./text.ts";

let bench: Bench;
beforeAll(async () => {
  bench = await startBench();
});
afterAll(() => bench.model.close());

interface Read {
  text: string;
  error: unknown;
}

/** One streamed question through each protocol's SDK, read until it ends or breaks. */
const PROTOCOLS = {
  async responses(model: string, prompt: string): Promise<Read> {
    const { events, error } = await drain(await bench.openai.responses.create({ model, input: prompt, stream: true }));
    return {
      text: events.map((event) => (event.type === "response.output_text.delta" ? event.delta : "")).join(""),
      error,
    };
  },
  async chat(model: string, prompt: string): Promise<Read> {
    const messages = [{ role: "user", content: prompt } as const];
    const { events, error } = await drain(
      await bench.openai.chat.completions.create({ model, messages, stream: true }),
    );
    return { text: events.map((chunk) => chunk.choices[0]?.delta.content ?? "").join(""), error };
  },
  async anthropic(model: string, prompt: string): Promise<Read> {
    const messages = [{ role: "user", content: prompt } as const];
    const create = { model, messages, max_tokens: 4096, stream: true } as const;
    const { events, error } = await drain(await bench.anthropic.messages.create(create));
    const text = events.map((event) =>
      event.type === "content_block_delta" && event.delta.type === "text_delta" ? event.delta.text : "",
    );
    return { text: text.join(""), error };
  },
};
const NAMES = ["responses", "chat", "anthropic"] as const;

describe.each(NAMES)("%s: refused before the stream", (name) => {
  const sdk = name === "anthropic" ? Anthropic : OpenAI;
  it.each([
    ["scripted-fault-401", sdk.AuthenticationError, 401],
    ["scripted-fault-403", sdk.PermissionDeniedError, 403],
    ["scripted-fault-429", sdk.RateLimitError, 429],
    ["scripted-fault-500", sdk.InternalServerError, 500],
    ["scripted-fault-503", sdk.InternalServerError, 503],
    ["scripted-fault-529", sdk.InternalServerError, 529],
    ["scripted-fault-overloaded", sdk.InternalServerError, name === "anthropic" ? 529 : 503],
    ["scripted-fault-context", sdk.BadRequestError, 400],
    ["scripted-window-3", sdk.BadRequestError, 400],
    ["gpt-99", sdk.NotFoundError, 404],
    ["scripted-misspelt", sdk.NotFoundError, 404],
  ])("%s", async (model, type, status) => {
    const prompt = `${freshPrompt()} and some more words`;
    const failure = await PROTOCOLS[name](model, prompt).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(type);
    expect(failure).toMatchObject({ status });
    expect(bench.model.counters().perPrompt[prompt]?.generated ?? 0).toBe(0);
  });

  it("429 with Retry-After, once or twice per prompt, then it works", async () => {
    for (const [word, failures] of [
      ["once", 1],
      ["twice", 2],
    ] as const) {
      const prompt = freshPrompt();
      const model = `scripted-tokens-3-rate-0-fault-429-${word}-retryafter-7`;
      for (let i = 0; i < failures; i++) {
        const failure: unknown = await PROTOCOLS[name](model, prompt).catch((error: unknown) => error);
        if (!(failure instanceof sdk.RateLimitError)) throw new Error("expected a RateLimitError");
        expect(failure.headers.get("retry-after")).toBe("7");
      }
      expect(await PROTOCOLS[name](model, prompt)).toEqual({ text: scriptedText(prompt, 3), error: null });
    }
  });
});

describe("the words providers use", () => {
  it("OpenAI's codes", async () => {
    const code = async (model: string) =>
      PROTOCOLS.responses(model, "x").catch((error: { code?: string }) => error.code);
    expect(await code("scripted-fault-401")).toBe("invalid_api_key");
    expect(await code("nothing")).toBe("model_not_found");
    expect(await code("scripted-fault-429")).toBe("rate_limit_exceeded");
    expect(await code("scripted-fault-context")).toBe("context_length_exceeded");
  });

  it("Anthropic's types", async () => {
    const type = async (model: string) =>
      PROTOCOLS.anthropic(model, "x").catch((error: Error & { type?: string }) => error);
    expect(await type("scripted-fault-401")).toMatchObject({ type: "authentication_error" });
    expect(await type("nothing")).toMatchObject({ type: "not_found_error" });
    expect(await type("scripted-fault-429")).toMatchObject({ type: "rate_limit_error" });
    expect(await type("scripted-fault-529")).toMatchObject({ type: "overloaded_error" });
    expect(String(await type("scripted-fault-context"))).toMatch(/prompt is too long: \d+ tokens > 200000 maximum/);
  });

  it("a bad key fails everywhere, whatever the model", async () => {
    const openai = bench.openai.withOptions({ apiKey: "bad-key" });
    const anthropic = bench.anthropic.withOptions({ apiKey: "bad-key" });
    const messages = [{ role: "user", content: "x" } as const];
    await expect(openai.models.list()).rejects.toThrow(OpenAI.AuthenticationError);
    await expect(openai.responses.create({ model: "scripted", input: "x" })).rejects.toThrow(
      OpenAI.AuthenticationError,
    );
    await expect(openai.responses.retrieve("resp_x")).rejects.toThrow(OpenAI.AuthenticationError);
    await expect(openai.chat.completions.create({ model: "scripted", messages })).rejects.toThrow(
      OpenAI.AuthenticationError,
    );
    await expect(anthropic.models.list()).rejects.toThrow(Anthropic.AuthenticationError);
    const create = { model: "scripted", max_tokens: 9, messages };
    await expect(anthropic.messages.create(create)).rejects.toThrow(Anthropic.AuthenticationError);
  });
});

describe.each(NAMES)("%s: broken in the middle", (name) => {
  const read = (model: string, prompt: string) => PROTOCOLS[name](`scripted-tokens-20-rate-0-${model}`, prompt);
  const generated = (prompt: string) => bench.model.counters().perPrompt[prompt]?.generated;

  it("cut after exactly k tokens, once; the next stream is whole", async () => {
    const prompt = freshPrompt();
    const cut = await read("fault-cut-6-once", prompt);
    expect(cut.text).toBe(scriptedText(prompt, 6));
    expect(cut.error).toBeInstanceOf(Error);
    expect(generated(prompt)).toBe(6);
    expect(await read("fault-cut-6-once", prompt)).toEqual({ text: scriptedText(prompt, 20), error: null });
  });

  it("cut always, and before the first token", async () => {
    const prompt = freshPrompt();
    for (const _ of [1, 2]) expect((await read("cut-0", prompt)).text).toBe("");
    expect(generated(prompt)).toBe(0);
  });

  it("cut inside an event", async () => {
    const prompt = freshPrompt();
    const torn = await read("torn-6", prompt);
    expect(torn.text).toBe(scriptedText(prompt, 6));
    expect(torn.error).toBeInstanceOf(Error);
    expect(generated(prompt)).toBe(7);
  });

  it("ended early without a last event, as some proxies do", async () => {
    const prompt = freshPrompt();
    expect(await read("end-6", prompt)).toEqual({ text: scriptedText(prompt, 6), error: null });
  });

  it("a malformed event", async () => {
    const prompt = freshPrompt();
    const broken = await read("malformed-6", prompt);
    expect(broken.text).toBe(scriptedText(prompt, 6));
    expect(broken.error).toBeInstanceOf(SyntaxError);
  });

  it("an error event", async () => {
    const prompt = freshPrompt();
    const failed = await read("error-6", prompt);
    expect(failed.text).toBe(scriptedText(prompt, 6));
    expect(failed.error).toBeInstanceOf(name === "anthropic" ? Anthropic.APIError : OpenAI.APIError);
  });

  it("hangs after k tokens and makes no more, until its reader leaves", async () => {
    const prompt = freshPrompt();
    const before = bench.model.counters().aborted;
    const hanging = fetch(
      `${bench.model.url}/v1/${name === "anthropic" ? "messages" : name === "chat" ? "chat/completions" : "responses"}`,
      {
        method: "POST",
        headers: { "content-type": "application/json", "anthropic-version": "2023-06-01" },
        body: JSON.stringify({
          model: "scripted-tokens-20-rate-0-hang-6-once",
          stream: true,
          max_tokens: 99,
          ...(name === "responses" ? { input: prompt } : { messages: [{ role: "user", content: prompt }] }),
        }),
      },
    );
    const response = await hanging;
    await until(() => generated(prompt) === 6);
    await new Promise((resolve) => setTimeout(resolve, 30));
    expect(generated(prompt)).toBe(6);
    await response.body?.cancel();
    await until(() => bench.model.counters().aborted > before);
  });
});

describe("a background answer", () => {
  it("survives a cut and a hang of its streams: nothing is made twice", async () => {
    const prompt = freshPrompt();
    const model = "scripted-tokens-30-rate-0-cut-4-once-torn-5-once";
    const first = await drain(
      await bench.openai.responses.create({ model, input: prompt, background: true, stream: true }),
    );
    expect(first.error).toBeInstanceOf(Error);
    const id = first.events[0]?.type === "response.created" ? first.events[0].response.id : "";
    const events = [...first.events];
    let last: unknown = first.error;
    for (let attempt = 0; last !== null && attempt < 5; attempt++) {
      const after = events.at(-1)?.sequence_number ?? -1;
      const next = await drain(await bench.openai.responses.retrieve(id, { stream: true, starting_after: after }));
      events.push(...next.events);
      last = next.error;
    }
    expect(last).toBeNull();
    expect(events.map((event) => event.sequence_number)).toEqual(events.map((_, index) => index));
    expect(bench.model.counters().perPrompt[prompt]).toMatchObject({ generations: 1, generated: 30, madeTwice: 0 });
  });

  it("fails for all its readers when the model fails", async () => {
    const model = "scripted-tokens-30-rate-0-failed-4";
    const stream = await bench.openai.responses.create({ model, input: freshPrompt(), background: true, stream: true });
    const { events } = await drain(stream);
    expect(events.at(-1)).toMatchObject({
      type: "response.failed",
      response: { status: "failed", error: { code: "server_error" } },
    });
    const id = events[0]?.type === "response.created" ? events[0].response.id : "";
    expect(await bench.openai.responses.retrieve(id)).toMatchObject({ status: "failed" });
  });

  it("can refuse in words", async () => {
    const stream = await bench.openai.responses.create({ model: "scripted-rate-0-refusal", input: "x", stream: true });
    const { events } = await drain(stream);
    const refusal = events.map((event) => (event.type === "response.refusal.delta" ? event.delta : "")).join("");
    expect(refusal).toContain("can’t help");
    expect(events.find((event) => event.type === "response.refusal.done")).toMatchObject({ refusal });
    expect(events.at(-1)?.type).toBe("response.completed");
  });
});

describe("without streaming", () => {
  const ask = (model: string, prompt: string) =>
    bench.openai.chat.completions.create({
      model: `scripted-tokens-20-rate-0-${model}`,
      messages: [{ role: "user", content: prompt }],
    });

  it("cut, malformed and failed answers are errors", async () => {
    await expect(ask("cut-3", freshPrompt())).rejects.toThrow(OpenAI.APIConnectionError);
    await expect(ask("malformed", freshPrompt())).rejects.toThrow(SyntaxError);
    await expect(ask("error-3", freshPrompt())).rejects.toThrow(OpenAI.InternalServerError);
  });

  it("a hanging one runs into the client's timeout", async () => {
    const prompt = freshPrompt();
    const messages = [{ role: "user", content: prompt } as const];
    const model = "scripted-tokens-20-rate-0-hang-3";
    const hanging = bench.openai.chat.completions.create({ model, messages }, { timeout: 200 });
    await expect(hanging).rejects.toThrow(OpenAI.APIConnectionTimeoutError);
    expect(bench.model.counters().perPrompt[prompt]).toMatchObject({ generated: 3, sent: 0 });
  });
});

it("slow heads and slow first tokens", async () => {
  const messages = [{ role: "user", content: "x" } as const];
  const create = { model: "scripted-tokens-3-rate-0-headers-5000", messages };
  const slow = bench.openai.chat.completions.create({ ...create, stream: true }, { timeout: 100 });
  await expect(slow).rejects.toThrow(OpenAI.APIConnectionTimeoutError);
  const opened = await bench.openai.chat.completions.create({ ...create, model: "scripted-ttft-60000", stream: true });
  for await (const chunk of opened) {
    expect(chunk.choices[0]?.delta).toMatchObject({ role: "assistant", content: "" });
    break;
  }
});

it("counts long prompts under a shortened key", async () => {
  const long = "é".repeat(500);
  await PROTOCOLS.chat("scripted-tokens-2-rate-0", long);
  expect(promptKey(long)).toHaveLength(200 + "… (500)".length);
  expect(bench.model.counters().perPrompt[promptKey(long)]).toMatchObject({ generated: 2 });
});

it("counters go to zero, and used-up faults come back", async () => {
  const prompt = freshPrompt();
  const model = "scripted-tokens-2-rate-0-fault-500-once";
  await expect(PROTOCOLS.chat(model, prompt)).rejects.toThrow(OpenAI.InternalServerError);
  await PROTOCOLS.chat(model, prompt);
  const snapshot = (await (await fetch(`${bench.model.url}/_counters`)).json()) as {
    requests: { byModel: Record<string, number> };
  };
  expect(snapshot.requests.byModel[model]).toBe(2);
  await fetch(`${bench.model.url}/_counters/reset`, { method: "POST" });
  expect(bench.model.counters()).toMatchObject({ tokensGenerated: 0, requests: { total: 0 }, perPrompt: {} });
  await expect(PROTOCOLS.chat(model, prompt)).rejects.toThrow(OpenAI.InternalServerError);
});
