import type { ChatCompletionChunk } from "openai/resources/chat/completions";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type Bench, drain, freshPrompt, startBench, until } from "./testing.ts";
import { answerText, scriptedText } from "./text.ts";

let bench: Bench;
beforeAll(async () => {
  bench = await startBench();
});
afterAll(() => bench.model.close());

const ask = (content: string) => [{ role: "user", content } as const];
const textIn = (chunks: ChatCompletionChunk[]) => chunks.map((chunk) => chunk.choices[0]?.delta.content ?? "").join("");

it("streams an answer, then its finish reason, then usage when asked", async () => {
  const prompt = freshPrompt();
  const model = "scripted-tokens-20-rate-0";
  const create = { model, messages: ask(prompt), stream: true } as const;
  const plain = await drain(await bench.openai.chat.completions.create(create));
  expect(textIn(plain.events)).toBe(scriptedText(prompt, 20));
  expect(plain.events.at(-1)?.choices[0]?.finish_reason).toBe("stop");
  expect(plain.events.some((chunk) => "usage" in chunk)).toBe(false);

  const options = { stream_options: { include_usage: true } };
  const counted = await drain(await bench.openai.chat.completions.create({ ...create, ...options }));
  expect(counted.events.at(-1)).toMatchObject({ choices: [], usage: { completion_tokens: 20 } });
  expect(counted.events.at(-2)?.choices[0]?.finish_reason).toBe("stop");
  expect(counted.events.slice(0, -1).every((chunk) => chunk.usage === null)).toBe(true);
  const raw = await (await bench.openai.chat.completions.create(create).asResponse()).text();
  expect(raw.endsWith("data: [DONE]\n\n")).toBe(true);
});

it("answers whole, and cut to its limit", async () => {
  const messages = ask("Compare SSE and WebSocket");
  const whole = await bench.openai.chat.completions.create({ model: "scripted-rate-0", messages });
  expect(whole.choices[0]?.message.content).toBe(answerText("Compare SSE and WebSocket"));
  expect(whole.choices[0]?.finish_reason).toBe("stop");
  const short = await bench.openai.chat.completions.create({
    model: "scripted-rate-0",
    messages,
    max_completion_tokens: 7,
  });
  expect(short.choices[0]?.finish_reason).toBe("length");
  expect(short.usage?.completion_tokens).toBe(7);
  const limited = await bench.openai.chat.completions.create({ model: "scripted-rate-0-limit-3", messages });
  expect(limited).toMatchObject({ choices: [{ finish_reason: "length" }], usage: { completion_tokens: 3 } });
});

it("goes on from a final assistant message and from an instruction", async () => {
  const prompt = freshPrompt();
  const partial = scriptedText(prompt, 5);
  const begun = [...ask(prompt), { role: "assistant", content: partial } as const];
  const told = [...begun, ...ask("continue EXACTLY WHERE the text breaks off")];
  for (const messages of [begun, told]) {
    const answer = await bench.openai.chat.completions.create({ model: "scripted-tokens-11-rate-0", messages });
    expect(partial + answer.choices[0]?.message.content).toBe(scriptedText(prompt, 11));
  }
  expect(bench.model.counters().perPrompt[prompt]).toMatchObject({ continuations: 2, generated: 12, madeTwice: 6 });
});

it("refuses in words, and is filtered in the middle", async () => {
  const refused = await bench.openai.chat.completions.create({ model: "scripted-rate-0-refusal", messages: ask("x") });
  expect(refused.choices[0]).toMatchObject({ finish_reason: "stop", message: { content: null } });
  expect(refused.choices[0]?.message.refusal).toContain("can’t help");
  const model = "scripted-tokens-20-rate-0-filter-4";
  const { events } = await drain(
    await bench.openai.chat.completions.create({ model, messages: ask("x"), stream: true }),
  );
  expect(textIn(events)).toBe(scriptedText("x", 4));
  expect(events.at(-1)?.choices[0]?.finish_reason).toBe("content_filter");
});

it("stops when its reader leaves, streamed or not", async () => {
  const model = "scripted-tokens-5000-rate-500";
  const streamed = freshPrompt();
  const stream = await bench.openai.chat.completions.create({ model, messages: ask(streamed), stream: true });
  await drain(stream, (events) => events.length > 5);
  const whole = freshPrompt();
  const controller = new AbortController();
  const { signal } = controller;
  const answer = bench.openai.chat.completions.create({ model, messages: ask(whole) }, { signal });
  await until(() => (bench.model.counters().perPrompt[whole]?.generated ?? 0) > 5);
  controller.abort();
  await expect(answer).rejects.toThrow();
  await until(() => bench.model.counters().aborted === 2);
  for (const prompt of [streamed, whole]) {
    expect(bench.model.counters().perPrompt[prompt]?.generated).toBeLessThan(5000);
  }
});

it("gives every token to each of 300 streams at once", async () => {
  const model = "scripted-tokens-40-rate-100";
  const texts = await Promise.all(
    Array.from({ length: 300 }, async (_, i) => {
      const stream = await bench.openai.chat.completions.create({ model, messages: ask(`crowd ${i}`), stream: true });
      return textIn((await drain(stream)).events);
    }),
  );
  expect(texts).toEqual(Array.from({ length: 300 }, (_, i) => scriptedText(`crowd ${i}`, 40)));
  const { perPrompt } = bench.model.counters();
  for (let i = 0; i < 300; i++)
    expect(perPrompt[`crowd ${i}`]).toMatchObject({ generated: 40, sent: 40, madeTwice: 0 });
});
