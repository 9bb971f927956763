import { describe, expect, it, vi } from "vitest";
import { CompatibleEvents } from "./compatible-events.ts";
import type { Answerer } from "./errors.ts";
import { OpenAIEvents } from "./openai-events.ts";
import type { Piece } from "./provider.ts";
import { type Decoder, exchange } from "./read-events.ts";

const who: Answerer = { label: "X", keySetting: "K", urlSetting: "U", model: "m", secret: null };
const patience = { firstByteMs: 60_000, stallMs: 60_000 };
const chunk = (content: string) => `data: ${JSON.stringify({ choices: [{ delta: { content } }] })}\n\n`;
const FINISH = `data: ${JSON.stringify({ choices: [{ delta: {}, finish_reason: "stop" }] })}\n\n`;
const DONE = "data: [DONE]\n\n";

/** A response whose reads bring exactly these chunks; `hold` leaves it open after them. */
function responseOf(chunks: (string | Uint8Array)[], { hold = false, type = "text/event-stream" } = {}) {
  const cancelled = vi.fn();
  const rest = chunks.map((part) => (typeof part === "string" ? new TextEncoder().encode(part) : part));
  const body = new ReadableStream<Uint8Array>(
    {
      pull(controller) {
        const next = rest.shift();
        if (next) controller.enqueue(next);
        else if (!hold) controller.close();
      },
      cancel: cancelled,
    },
    { highWaterMark: 0 },
  );
  return { response: new Response(body, { headers: { "content-type": type } }), cancelled };
}

function run(response: Response | Promise<Response>, more: { decoder?: Decoder; signal?: AbortSignal } = {}) {
  const pieces: Piece[] = [];
  const ending = exchange({
    who,
    request: async () => response,
    decoder: new CompatibleEvents(who),
    onPiece: (piece) => pieces.push(piece),
    signal: new AbortController().signal,
    patience,
    ...more,
  });
  return { pieces, ending, text: () => pieces.map(({ text }) => text).join("") };
}

describe("exchange", () => {
  it("makes one piece of all that one read brought", async () => {
    const { response } = responseOf([chunk("a") + chunk("b") + chunk("c"), chunk("d"), FINISH + DONE]);
    const { pieces, ending } = run(response);
    expect(await ending).toEqual({ finish: "stop", usage: null });
    expect(pieces.map(({ text }) => text)).toEqual(["abc", "d"]);
  });

  it("is exact however the bytes are cut, at every place", async () => {
    const text = "Là-bas — 脑 🧠 👩‍💻 e\u0301\r\n𝒳\ufeff";
    const whole = `\ufeff: hi\r\n${[...text].map(chunk).join("")}${FINISH.replaceAll("\n", "\r\n")}${DONE}`;
    const bytes = new TextEncoder().encode(whole);
    for (let at = 0; at <= bytes.length; at++) {
      const { response } = responseOf([bytes.subarray(0, at), bytes.subarray(at)].filter((part) => part.length > 0));
      const result = run(response);
      await result.ending;
      expect(result.text()).toBe(text);
    }
    const single = run(responseOf([...bytes].map((byte) => Uint8Array.of(byte))).response);
    await single.ending;
    expect(single.text()).toBe(text);
  });

  it("never splits a character that the provider split between two events", async () => {
    const { response } = responseOf([chunk("a\ud83e"), chunk("\udde0b"), FINISH + DONE]);
    const { pieces, ending } = run(response);
    await ending;
    expect(pieces.map(({ text }) => text)).toEqual(["a🧠b"]);
  });

  it("tells a cut stream from an ended one", async () => {
    const cut = run(responseOf([chunk("a"), chunk("b").slice(0, 9)]).response);
    await expect(cut.ending).rejects.toMatchObject({ code: "provider_stream_cut" });
    expect(cut.text()).toBe("a");
    const ended = run(responseOf([chunk("a") + FINISH]).response);
    expect(await ended.ending).toMatchObject({ finish: "stop" });
  });

  it("tells a broken connection", async () => {
    const body = new ReadableStream({
      pull: (controller) => controller.error(new TypeError("terminated")),
    });
    const { ending } = run(new Response(body));
    await expect(ending).rejects.toMatchObject({ code: "provider_stream_cut" });
  });

  it("hands on what came before an event that cannot be understood, and closes the connection", async () => {
    const { response, cancelled } = responseOf([`${chunk("a")}data: {"broken\n\n`], { hold: true });
    const { ending, text } = run(response);
    await expect(ending).rejects.toMatchObject({ code: "provider_malformed" });
    expect(text()).toBe("a");
    expect(cancelled).toHaveBeenCalled();
  });

  it.each(['"text"', "null", "[]", '{"choices":[{"delta":{"content":5}}]}'])("does not understand %s", async (data) => {
    const { ending } = run(responseOf([`data: ${data}\n\n`]).response);
    await expect(ending).rejects.toMatchObject({ code: "provider_malformed" });
  });

  it("does not take a page or a whole reply for a stream", async () => {
    for (const type of ["text/html; charset=utf-8", "application/json"]) {
      const { ending } = run(responseOf(["{}"], { type }).response);
      await expect(ending).rejects.toMatchObject({
        code: "provider_malformed",
        message: expect.stringContaining(type.split(";")[0] ?? ""),
      });
    }
  });

  it("rejects at once with the abort's reason, closes the connection, and hands on nothing more", async () => {
    const { response, cancelled } = responseOf([chunk("a")], { hold: true });
    const controller = new AbortController();
    const { ending, pieces } = run(response, { signal: controller.signal });
    await vi.waitFor(() => expect(pieces).toHaveLength(1));
    const reason = new Error("enough");
    controller.abort(reason);
    await expect(ending).rejects.toBe(reason);
    expect(cancelled).toHaveBeenCalled();
    expect(pieces).toHaveLength(1);
  });

  it("does not ask at all when already aborted", async () => {
    const request = vi.fn();
    const signal = AbortSignal.abort(new Error("before"));
    const never = exchange({ who, request, decoder: new CompatibleEvents(who), onPiece: () => {}, signal, patience });
    await expect(never).rejects.toThrow("before");
    expect(request).not.toHaveBeenCalled();
  });

  it("passes the caller's own error on", async () => {
    const { response, cancelled } = responseOf([chunk("a")], { hold: true });
    const bug = new Error("bug");
    const ending = exchange({
      who,
      request: async () => response,
      decoder: new CompatibleEvents(who),
      onPiece: () => {
        throw bug;
      },
      signal: new AbortController().signal,
      patience,
    });
    await expect(ending).rejects.toBe(bug);
    expect(cancelled).toHaveBeenCalled();
  });

  it("gives up on silence", async () => {
    vi.useFakeTimers();
    try {
      const { response, cancelled } = responseOf([chunk("a")], { hold: true });
      const { ending, pieces } = run(response);
      const outcome = expect(ending).rejects.toMatchObject({
        code: "provider_stalled",
        message: "X sent nothing for 60 s.",
      });
      await vi.advanceTimersByTimeAsync(60_000);
      await outcome;
      expect(pieces).toHaveLength(1);
      expect(cancelled).toHaveBeenCalled();
      expect(vi.getTimerCount()).toBe(0);
    } finally {
      vi.useRealTimers();
    }
  });

  it("gives the bookmark that goes with each piece, and none that leaves the end out", async () => {
    const event = (type: string, sequence_number: number, more: object = {}) =>
      `event: ${type}\ndata: ${JSON.stringify({ type, sequence_number, ...more })}\n\n`;
    const { response } = responseOf([
      event("response.created", 0, { response: { id: "resp_7" } }),
      event("response.output_text.delta", 1, { delta: "Hi" }) +
        event("response.output_text.delta", 2, { delta: " 🌊" }),
      event("keepalive", 3),
      event("response.completed", 4, { response: { id: "resp_7", status: "completed", output: [] } }),
    ]);
    const { pieces, ending } = run(response, { decoder: new OpenAIEvents(who) });
    expect(await ending).toEqual({ finish: "stop", usage: null });
    const at = (sequenceNumber: number) => ({ responseId: "resp_7", sequenceNumber });
    expect(pieces).toEqual([
      { text: "", bookmark: at(0) },
      { text: "Hi 🌊", bookmark: at(2) },
      { text: "", bookmark: at(3) },
    ]);
  });
});
