import { describe, expect, it } from "vitest";
import type { WireRecord } from "../../protocol/records.ts";
import { makeChatLog } from "./chat-log.ts";

const started: WireRecord = {
  offset: "000000000002",
  type: "run.started",
  run: "c.1",
  parent: "q",
  message: "a",
  tier: "mvp",
  provider: "openai",
  model: "m",
  params: { temperature: null, maxOutputTokens: null, system: null },
  cache: "off",
  time: 1,
};
const delta = (at: number, text: string, offset?: string): WireRecord => ({
  type: "delta",
  run: "c.1",
  at,
  text,
  ...(offset && { offset }),
});

describe("a chat's log", () => {
  it("resumes from the last promise, not from what was only shown", () => {
    const log = makeChatLog();
    log.take(started);
    log.take(delta(0, "Hello "));
    expect(log.offset).toBe("000000000002");
    log.take({ offset: "000000000003", type: "commit", run: "c.1", through: 6 });
    log.take(delta(6, "wor"));
    expect(log.offset).toBe("000000000003");
    expect(log.chat.runs["c.1"]).toMatchObject({ text: "Hello wor", committed: 6 });
  });

  it("overwrites the unpromised tail when the log says otherwise", () => {
    const log = makeChatLog();
    log.take(started);
    log.take(delta(0, "Hello world"));
    log.take(delta(0, "Hello ", "000000000003"));
    log.take(delta(6, "there"));
    expect(log.chat.runs["c.1"]).toMatchObject({ text: "Hello there", committed: 6 });
  });

  it("takes a page as it takes its records one by one, and no further than a gap", () => {
    const ended = { offset: "000000000004", type: "title", title: "Named" } as const;
    const records = [started, delta(0, "Hello ", "000000000003"), delta(6, "there"), ended];
    const one = makeChatLog();
    for (const record of records) one.take(record);
    const all = makeChatLog();
    expect(all.takeAll(records)).toBe(true);
    expect(all.chat).toEqual(one.chat);
    expect(all.offset).toBe(one.offset);
    expect(all.takeAll([delta(11, "!", "000000000005"), delta(99, "x", "000000000006")])).toBe(false);
    expect(all.offset).toBe("000000000005");
    expect(all.chat.runs["c.1"]?.text).toBe("Hello there!");
  });

  it("asks for a reconnect at a gap, and for everything when that did not mend it", () => {
    const log = makeChatLog();
    log.take(started);
    expect(log.take(delta(5, "x"))).toBe(false);
    expect(log.offset).toBe("000000000002");
    expect(log.take(delta(5, "x"))).toBe(false);
    expect(log.offset).toBe("-1");
    expect(log.chat.messages).toEqual({});
  });
});
