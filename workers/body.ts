// A request's body, as it is let in: whole, within a size and a time. Whoever sends it byte by byte holds nothing for long.
import { createMiddleware } from "hono/factory";
import { MAX_BODY_BYTES } from "../protocol/limits.ts";
import type { AppEnv } from "./app-env.ts";
import { refuse } from "./problem.ts";

/**
 * Whoever is refused while still sending sees a broken connection more often than the refusal (and a proxy in between a
 * server's fault): so what is too large is read on and dropped, up to here.
 */
const DROPPED_BYTES = 16 * MAX_BODY_BYTES;

export const wholeBody = createMiddleware<AppEnv>(async (c, next) => {
  const { body, headers } = c.req.raw;
  if (!body) return next();
  const declared = Number(headers.get("content-length") ?? Number.NaN);
  if (declared > DROPPED_BYTES) tooLarge(declared);
  const bytes = await readAll(body, c.var.services.settings.BODY_SECONDS);
  c.req.raw = new Request(c.req.raw, { body: bytes });
  return next();
});

async function readAll(body: ReadableStream<Uint8Array>, seconds: number): Promise<Uint8Array> {
  const reader = body.getReader();
  const chunks: Uint8Array[] = [];
  let size = 0;
  const late = Promise.withResolvers<"late">();
  const timer = setTimeout(() => late.resolve("late"), seconds * 1_000);
  try {
    for (;;) {
      const read = await Promise.race([reader.read(), late.promise]);
      if (read === "late") {
        if (size > MAX_BODY_BYTES) tooLarge();
        refuse("bad_request", `The body did not come within ${seconds} s. Send it in one go.`);
      }
      if (read.done) {
        if (size > MAX_BODY_BYTES) tooLarge(size);
        return joined(chunks, size);
      }
      size += read.value.byteLength;
      if (size > DROPPED_BYTES) tooLarge();
      if (size > MAX_BODY_BYTES) chunks.length = 0;
      else chunks.push(read.value);
    }
  } catch (error) {
    // What is left of it is not waited for.
    reader.cancel().catch(() => {});
    throw error;
  } finally {
    clearTimeout(timer);
  }
}

function joined(chunks: Uint8Array[], size: number): Uint8Array {
  const bytes = new Uint8Array(size);
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.byteLength;
  }
  return bytes;
}

function tooLarge(value?: number): never {
  const detail = `The body is larger than ${MAX_BODY_BYTES} bytes, the limit. Send less.`;
  refuse("body_too_large", detail, { limit: MAX_BODY_BYTES, ...(value !== undefined && { value }) });
}
