import OpenAI from "openai";
import type { ResponseStreamEvent } from "openai/resources/responses/responses";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Bench, drain, freshPrompt, startBench, until } from "./testing.ts";
import { answerText, scriptedText } from "./text.ts";

let bench: Bench;
beforeAll(async () => {
  bench = await startBench();
});
afterAll(() => bench.model.close());

const textIn = (events: ResponseStreamEvent[]) =>
  events.map((event) => (event.type === "response.output_text.delta" ? event.delta : "")).join("");
const counts = (prompt: string) => bench.model.counters().perPrompt[prompt];
const deltas = (many: number) => (events: ResponseStreamEvent[]) =>
  events.filter((event) => event.type === "response.output_text.delta").length >= many;

describe("streaming", () => {
  it("sends every event in order, numbered without a hole, and ends with usage", async () => {
    const input = freshPrompt();
    const stream = await bench.openai.responses.create({ model: "scripted-tokens-20-rate-0", input, stream: true });
    const { events, error } = await drain(stream);
    expect(error).toBeNull();
    expect(events.map((event) => event.sequence_number)).toEqual(events.map((_, index) => index));
    expect(events.map((event) => event.type)).toEqual([
      "response.created",
      "response.in_progress",
      "response.output_item.added",
      "response.content_part.added",
      ...Array<string>(20).fill("response.output_text.delta"),
      "response.output_text.done",
      "response.content_part.done",
      "response.output_item.done",
      "response.completed",
    ]);
    expect(textIn(events)).toBe(scriptedText(input, 20));
    const last = events.at(-1);
    expect(last).toMatchObject({ response: { status: "completed", usage: { output_tokens: 20 } } });
    expect(counts(input)).toEqual({
      requests: 1,
      generations: 1,
      continuations: 0,
      generated: 20,
      sent: 20,
      madeTwice: 0,
    });
  });

  it("feeds the SDK's own accumulator", async () => {
    const stream = bench.openai.responses.stream({
      model: "scripted-fast-rate-0",
      input: "Write a haiku about rivers",
    });
    const final = await stream.finalResponse();
    expect(final.output_text).toBe(answerText("Write a haiku about rivers"));
  });

  it("gives the same whole, with chunks that end inside events and characters", async () => {
    const input = freshPrompt();
    const stream = await bench.openai.responses.create({
      model: "scripted-tokens-200-rate-0-misaligned",
      input,
      stream: true,
    });
    expect(textIn((await drain(stream)).events)).toBe(scriptedText(input, 200));
  });

  it("answers whole without streaming", async () => {
    const input = freshPrompt();
    const response = await bench.openai.responses.create({ model: "scripted-tokens-12-rate-0", input });
    expect(response).toMatchObject({ status: "completed", usage: { output_tokens: 12 } });
    expect(response.output_text).toBe(scriptedText(input, 12));
  });

  it("is cut to max_output_tokens and says so", async () => {
    const input = freshPrompt();
    const options = { model: "scripted-tokens-50-rate-0", input, max_output_tokens: 16 };
    const { events } = await drain(await bench.openai.responses.create({ ...options, stream: true }));
    expect(textIn(events)).toBe(scriptedText(input, 16));
    expect(events.at(-1)).toMatchObject({
      type: "response.incomplete",
      response: { status: "incomplete", incomplete_details: { reason: "max_output_tokens" } },
    });
  });

  it("pads deltas unless told not to", async () => {
    const create = { model: "scripted-tokens-3-rate-0", input: freshPrompt(), stream: true } as const;
    const padded = await (await bench.openai.responses.create(create).asResponse()).text();
    expect(padded.match(/"obfuscation"/g)).toHaveLength(3);
    const options = { stream_options: { include_obfuscation: false } };
    const plain = await (await bench.openai.responses.create({ ...create, ...options }).asResponse()).text();
    expect(plain).not.toContain("obfuscation");
  });

  it("stops generating when its reader leaves", async () => {
    const input = freshPrompt();
    const stream = await bench.openai.responses.create({
      model: "scripted-tokens-5000-rate-1000",
      input,
      stream: true,
    });
    await drain(stream, deltas(10));
    await until(() => bench.model.counters().openStreams === 0);
    const generated = counts(input)?.generated ?? 0;
    expect(generated).toBeLessThan(5000);
    expect(Object.values(bench.model.counters().perResponse).at(-1)?.state).toBe("aborted");
  });
});

describe("background", () => {
  it("goes on without its reader and replays exactly what comes after any event", async () => {
    const input = freshPrompt();
    const create = { model: "scripted-tokens-60-rate-400", input, background: true } as const;
    const first = await drain(await bench.openai.responses.create({ ...create, stream: true }), deltas(10));
    const created = first.events[0];
    if (created?.type !== "response.created") throw new Error("no response.created");
    expect(first.events.map((event) => event.type).slice(0, 3)).toEqual([
      "response.created",
      "response.queued",
      "response.in_progress",
    ]);
    const { id } = created.response;
    const seen = first.events.at(-1)?.sequence_number ?? -1;
    const again = await drain(await bench.openai.responses.retrieve(id, { stream: true, starting_after: seen }));
    expect(again.events[0]?.sequence_number).toBe(seen + 1);
    expect(textIn(first.events) + textIn(again.events)).toBe(scriptedText(input, 60));
    expect(again.events.at(-1)?.type).toBe("response.completed");

    const all = (await drain(await bench.openai.responses.retrieve(id, { stream: true }))).events;
    for (let after = -1; after < all.length; after++) {
      const tail = await drain(await bench.openai.responses.retrieve(id, { stream: true, starting_after: after }));
      expect(tail.events).toEqual(all.slice(after + 1));
    }
    expect(counts(input)).toMatchObject({ generations: 1, generated: 60, madeTwice: 0 });
    expect((await bench.openai.responses.retrieve(id)).output_text).toBe(scriptedText(input, 60));
  });

  it("is polled when it was not streamed", async () => {
    const input = freshPrompt();
    const queued = await bench.openai.responses.create({ model: "scripted-tokens-30-rate-0", input, background: true });
    expect(queued.status).toBe("queued");
    let response = await bench.openai.responses.retrieve(queued.id);
    while (response.status === "in_progress") response = await bench.openai.responses.retrieve(queued.id);
    expect(response).toMatchObject({ status: "completed", output_text: scriptedText(input, 30) });
  });

  it("is cancelled: generation stops, the stream ends without a final event, the partial text stays", async () => {
    const input = freshPrompt();
    const create = { model: "scripted-tokens-5000-rate-500", input, background: true } as const;
    const stream = await bench.openai.responses.create({ ...create, stream: true });
    let id = "";
    const events: ResponseStreamEvent[] = [];
    for await (const event of stream) {
      events.push(event);
      if (event.type === "response.created") id = event.response.id;
      if (deltas(5)(events) && !deltas(6)(events)) {
        expect((await bench.openai.responses.cancel(id)).status).toBe("cancelled");
      }
    }
    const generated = counts(input)?.generated ?? 0;
    expect(generated).toBeGreaterThanOrEqual(5);
    expect(generated).toBeLessThan(5000);
    expect(events.at(-1)?.type).toBe("response.output_text.delta");
    const after = await bench.openai.responses.retrieve(id);
    expect(after).toMatchObject({ status: "cancelled", output_text: scriptedText(input, generated) });
    expect((await bench.openai.responses.cancel(id)).status).toBe("cancelled");
  });

  it("is the only kind that can be cancelled or streamed again", async () => {
    const response = await bench.openai.responses.create({ model: "scripted-tokens-3-rate-0", input: freshPrompt() });
    await expect(bench.openai.responses.cancel(response.id)).rejects.toThrow(/Cannot cancel a synchronous response/);
    await expect(bench.openai.responses.retrieve(response.id, { stream: true })).rejects.toThrow(/background=true/);
    await expect(bench.openai.responses.retrieve("resp_nothing")).rejects.toThrow(OpenAI.NotFoundError);
  });

  it.each([
    ["noreattach", OpenAI.NotFoundError, /not found/],
    ["expired", OpenAI.BadRequestError, /more than 5 minutes old/],
  ])("can be gone: -%s", async (word, type, message) => {
    const model = `scripted-tokens-500-rate-200-${word}`;
    const stream = await bench.openai.responses.create({ model, input: freshPrompt(), background: true, stream: true });
    const { events } = await drain(stream, deltas(2));
    const id = events[0]?.type === "response.created" ? events[0].response.id : "";
    const back = bench.openai.responses.retrieve(id, { stream: true, starting_after: 3 });
    await expect(back).rejects.toThrow(type);
    await expect(back).rejects.toThrow(message);
  });
});

describe("going on", () => {
  it.each(["Continue exactly where you stopped.", null])("from a partial answer (%j)", async (instruction) => {
    const prompt = freshPrompt();
    const partial = scriptedText(prompt, 8);
    const response = await bench.openai.responses.create({
      model: "scripted-tokens-20-rate-0",
      input: [
        { role: "user", content: prompt },
        { role: "assistant", content: partial },
        ...(instruction === null ? [] : [{ role: "user", content: instruction } as const]),
      ],
    });
    expect(partial + response.output_text).toBe(scriptedText(prompt, 20));
    expect(counts(prompt)).toMatchObject({ continuations: 1, generated: 12, madeTwice: 0 });
  });

  it("counts tokens that are made again", async () => {
    const input = freshPrompt();
    for (const _ of [1, 2]) await bench.openai.responses.create({ model: "scripted-tokens-9-rate-0", input });
    expect(counts(input)).toMatchObject({ requests: 2, generated: 18, madeTwice: 9 });
  });

  it("from a previous response by its id", async () => {
    const model = "scripted-tokens-4-rate-0";
    const first = await bench.openai.responses.create({ model, input: freshPrompt() });
    const next = { model, input: freshPrompt(), previous_response_id: first.id };
    const second = await bench.openai.responses.create(next);
    expect(second.usage?.input_tokens).toBeGreaterThan(first.usage?.input_tokens ?? 0);
    await expect(bench.openai.responses.create({ ...next, previous_response_id: "resp_no" })).rejects.toThrow(
      /not found/,
    );
  });
});
