import { createParser } from "eventsource-parser";
import { describe, expect, test } from "vitest";
import type { LogRecord } from "./records.ts";
import { formatSse, HEARTBEAT_FRAME, parseSse, RETRY_FRAME } from "./sse.ts";

const delta = (text: string): LogRecord => ({ type: "delta", run: "c.1", at: 3, text });

/** What a reader's parser makes of a stream that comes in chunks of `size` bytes. */
function read(stream: string, size: number) {
  const bytes = new TextEncoder().encode(stream);
  const decoder = new TextDecoder();
  const events: { record: LogRecord; id: string | undefined }[] = [];
  const parser = createParser({
    onEvent: ({ event, data, id }) => events.push({ record: parseSse(event ?? "", data), id }),
  });
  for (let at = 0; at < bytes.length; at += size) {
    parser.feed(decoder.decode(bytes.subarray(at, at + size), { stream: true }));
  }
  return events;
}

describe("SSE frames", () => {
  test("only what is promised has an id", () => {
    expect(formatSse(delta("a"))).toBe('event: delta\ndata: {"run":"c.1","at":3,"text":"a"}\n\n');
    expect(formatSse(delta("a"), "000000000007")).toMatch(/^id: 000000000007\nevent: delta\n/);
  });

  test.each(["two\nlines\r\nand\rmore", "\u2028\u2029\u0000", "é 漢 👩‍💻 🇫🇷", 'data: {"x":1}\n\nid: 9\n\n', "\ud83d"])(
    "text comes back as it was, however it is cut: %j",
    (text) => {
      const stream = RETRY_FRAME + formatSse(delta(text)) + HEARTBEAT_FRAME + formatSse(delta(text), "000000000007");
      for (const size of [1, 2, 3, 7, 1_000]) {
        expect(read(stream, size)).toEqual([
          { record: delta(text), id: undefined },
          { record: delta(text), id: "000000000007" },
        ]);
      }
    },
  );

  test("an event that was cut off never arrives", () => {
    const whole = formatSse(delta("abc"), "000000000007");
    for (let length = 0; length < whole.length - 1; length++) expect(read(whole.slice(0, length), 5)).toEqual([]);
  });
});
