import { Hono } from "hono";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { MAX_BODY_BYTES } from "../protocol/limits.ts";
import { wholeBody } from "./body.ts";
import { Refusal } from "./problem.ts";

const app = new Hono();
app.use(async (c, next) => {
  c.set("services" as never, { settings: { BODY_SECONDS: 30 } } as never);
  return next();
}, wholeBody as never);
app.onError((error) => Response.json(error instanceof Refusal ? error.failure : String(error), { status: 400 }));
app.post("/", async (c) => c.text(await c.req.text()));

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** A body whose pieces come `everyMs` apart. */
function slowly(pieces: string[], everyMs: number, cancelled: () => void = () => {}) {
  const encoder = new TextEncoder();
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      await new Promise((resolve) => setTimeout(resolve, everyMs));
      const piece = pieces.shift();
      if (piece === undefined) controller.close();
      else controller.enqueue(encoder.encode(piece));
    },
    cancel: cancelled,
  });
}

const send = (body: BodyInit) => app.request("/", { method: "POST", body, duplex: "half" } as RequestInit);

test("a body that comes in time is handed on as it came, however it is cut", async () => {
  const reply = send(slowly(["é🧠", "", "b"], 5_000));
  await vi.advanceTimersByTimeAsync(29_000);
  expect(await (await reply).text()).toBe("é🧠b");
  expect(await (await send("whole")).text()).toBe("whole");
  expect(await (await app.request("/", { method: "POST" })).text()).toBe("");
});

test("one that trickles is refused, and what is left of it is not waited for", async () => {
  const cancelled = vi.fn();
  const reply = send(slowly(Array(1_000).fill("x"), 500, cancelled));
  await vi.advanceTimersByTimeAsync(30_000);
  expect(await (await reply).json()).toMatchObject({ code: "bad_request", detail: expect.stringContaining("30 s") });
  expect(cancelled).toHaveBeenCalled();
  expect(vi.getTimerCount()).toBeLessThanOrEqual(1);
});

test("one that is too large is heard out, so that its sender hears the refusal", async () => {
  const reply = send(slowly(Array(16).fill("x".repeat(MAX_BODY_BYTES / 8)), 10));
  await vi.advanceTimersByTimeAsync(1_000);
  const refusal = { code: "body_too_large", limit: MAX_BODY_BYTES, value: 2 * MAX_BODY_BYTES };
  expect(await (await reply).json()).toMatchObject(refusal);
});

test("one that is far too large is refused as soon as that is known", async () => {
  const pieces = Array(40).fill("x".repeat(MAX_BODY_BYTES));
  const reply = send(slowly(pieces, 10));
  await vi.advanceTimersByTimeAsync(1_000);
  expect(await (await reply).json()).toMatchObject({ code: "body_too_large", limit: MAX_BODY_BYTES });
  expect(pieces.length).toBeGreaterThan(20);
});
