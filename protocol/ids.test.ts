import { describe, expect, test } from "vitest";
import { formatRunId, parseTarget } from "./ids.ts";

const chatId = "0123456789abcdef".repeat(4);

describe("ids", () => {
  test("a chat's id names the chat, a run's id the run as well", () => {
    expect(parseTarget(chatId)).toEqual({ chatId });
    expect(parseTarget(formatRunId(chatId, 12))).toEqual({ chatId, run: 12 });
  });

  test.each([
    "",
    "abc",
    chatId.toUpperCase(),
    chatId.slice(1),
    `${chatId}0`,
    `${chatId}.`,
    `${chatId}.0`,
    `${chatId}.01`,
    `${chatId}.-1`,
    `${chatId}.1e3`,
    `${chatId}.1234567890123456`,
    `${chatId}.1.2`,
    ` ${chatId}`,
    `${chatId}\n`,
  ])("%o names nothing", (id) => {
    expect(parseTarget(id)).toBeUndefined();
  });
});
