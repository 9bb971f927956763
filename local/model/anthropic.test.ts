import type { MessageParam, RawMessageStreamEvent } from "@anthropic-ai/sdk/resources/messages/messages";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type Bench, drain, freshPrompt, startBench } from "./testing.ts";
import { answerText, scriptedText } from "./text.ts";

let bench: Bench;
beforeAll(async () => {
  bench = await startBench();
});
afterAll(() => bench.model.close());

const ask = (content: string) => [{ role: "user", content } as const];
const textIn = (events: RawMessageStreamEvent[]) =>
  events
    .map((event) => (event.type === "content_block_delta" && event.delta.type === "text_delta" ? event.delta.text : ""))
    .join("");

it("streams its events in order, with cumulative usage at the end", async () => {
  const prompt = freshPrompt();
  const create = { model: "scripted-tokens-20-rate-0", max_tokens: 100, messages: ask(prompt) };
  const { events, error } = await drain(await bench.anthropic.messages.create({ ...create, stream: true }));
  expect(error).toBeNull();
  expect(textIn(events)).toBe(scriptedText(prompt, 20));
  expect(events.map((event) => event.type)).toEqual([
    "message_start",
    "content_block_start",
    ...Array<string>(20).fill("content_block_delta"),
    "content_block_stop",
    "message_delta",
    "message_stop",
  ]);
  expect(events.at(-2)).toMatchObject({ delta: { stop_reason: "end_turn" }, usage: { output_tokens: 20 } });
  const raw = await (await bench.anthropic.messages.create({ ...create, stream: true }).asResponse()).text();
  expect(raw).toContain('event: ping\ndata: {"type":"ping"}\n\n');
});

it("feeds the SDK's own accumulator, and answers whole", async () => {
  const create = { model: "scripted-rate-0", max_tokens: 9999, messages: ask("How does a Durable Object keep state?") };
  const text = answerText("How does a Durable Object keep state?");
  const streamed = await bench.anthropic.messages.stream(create).finalMessage();
  const whole = await bench.anthropic.messages.create(create);
  for (const message of [streamed, whole]) {
    expect(message.content).toMatchObject([{ type: "text", text }]);
    expect(message.stop_reason).toBe("end_turn");
  }
  expect(streamed.usage.output_tokens).toBe(whole.usage.output_tokens);
});

it("honours max_tokens, and wants it", async () => {
  const messages = ask(freshPrompt());
  const model = "scripted-tokens-20-rate-0";
  const short = await bench.anthropic.messages.create({ model, max_tokens: 6, messages });
  expect(short).toMatchObject({ stop_reason: "max_tokens", usage: { output_tokens: 6 } });
  const missing = { model, messages } as unknown as { model: string; max_tokens: number; messages: typeof messages };
  await expect(bench.anthropic.messages.create(missing)).rejects.toThrow(/max_tokens: Field required/);
});

it("goes on from a prefill exactly, and from an instruction", async () => {
  const prompt = freshPrompt();
  const partial = scriptedText(prompt, 7);
  const begun: MessageParam[] = [...ask(prompt), { role: "assistant", content: [{ type: "text", text: partial }] }];
  const told: MessageParam[] = [...begun, ...ask("Please continue exactly where you were cut off.")];
  for (const messages of [begun, told]) {
    const stream = await bench.anthropic.messages.create({
      model: "scripted-tokens-15-rate-0",
      max_tokens: 99,
      messages,
      stream: true,
    });
    expect(partial + textIn((await drain(stream)).events)).toBe(scriptedText(prompt, 15));
  }
});

it("refuses prefill that ends in whitespace, or any when the model takes none", async () => {
  const prompt = freshPrompt();
  const begun = (text: string) => [...ask(prompt), { role: "assistant", content: text } as const];
  const create = { model: "scripted-tokens-5-rate-0", max_tokens: 9 };
  await expect(bench.anthropic.messages.create({ ...create, messages: begun("0 ") })).rejects.toThrow(
    /trailing whitespace/,
  );
  const none = { ...create, model: "scripted-tokens-5-rate-0-noprefill" };
  await expect(bench.anthropic.messages.create({ ...none, messages: begun("0") })).rejects.toThrow(
    /assistant message prefill/,
  );
  const told = [...begun(scriptedText(prompt, 2)), ...ask("continue exactly where you stopped")];
  expect((await bench.anthropic.messages.create({ ...none, messages: told })).usage.output_tokens).toBe(3);
  const neither = { ...create, model: "scripted-tokens-5-rate-0-nocontinue", messages: told };
  await expect(bench.anthropic.messages.create(neither)).rejects.toThrow(/does not continue/);
});

it("refuses with a stop reason, at once or in the middle", async () => {
  const refused = await bench.anthropic.messages.create({
    model: "scripted-refusal",
    max_tokens: 9,
    messages: ask("x"),
  });
  expect(refused).toMatchObject({ stop_reason: "refusal", content: [], stop_details: { type: "refusal" } });
  const create = { model: "scripted-tokens-9-rate-0-filter-4", max_tokens: 9, messages: ask("x") };
  const { events } = await drain(await bench.anthropic.messages.create({ ...create, stream: true }));
  expect(textIn(events)).toBe(scriptedText("x", 4));
  expect(events.at(-2)).toMatchObject({ delta: { stop_reason: "refusal" } });
});

it("lists itself in both shapes, honestly", async () => {
  const anthropic = await bench.anthropic.models.list();
  const openai = await bench.openai.models.list();
  expect(anthropic.data.map((model) => model.id)).toEqual(["scripted", "scripted-fast", "scripted-slow"]);
  expect(openai.data.map((model) => model.id)).toEqual(["scripted", "scripted-fast", "scripted-slow"]);
  for (const model of anthropic.data) expect(model.display_name).toContain("Scripted model (not an LLM)");
  for (const model of openai.data) expect(model.owned_by).toBe("keepstream-scripted");
  expect((await bench.openai.models.retrieve("scripted-cut-3")).id).toBe("scripted-cut-3");
  await expect(bench.anthropic.models.retrieve("claude-x")).rejects.toThrow(/not_found_error/);
});
