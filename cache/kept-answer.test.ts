import { describe, expect, test } from "vitest";
import { decodeAnswer, encodeAnswer, isWhole, type KeptAnswer } from "./kept-answer.ts";

const answer: KeptAnswer = {
  text: "Être 🧠\n",
  finish: "stop",
  pace: [8, 120],
  inputTokens: 10,
  outputTokens: null,
  cost: null,
  firstTokenMs: 120,
  totalMs: 8_000,
  madeAt: 1,
  keptUntil: 2,
};

describe("a kept answer", () => {
  test("comes back as it was", () => {
    expect(decodeAnswer(encodeAnswer(answer))).toEqual(answer);
  });

  test.each([
    "",
    "null",
    "{}",
    "OK",
    encodeAnswer({ ...answer, finish: "x" as never }),
    encodeAnswer({ ...answer, inputTokens: 12.5 }),
  ])("%j is none", (json) => {
    expect(decodeAnswer(json)).toBeUndefined();
  });

  test("is a whole one: one cut by its limit only if that was asked for, never a refusal", () => {
    const params = { temperature: null, maxOutputTokens: null, system: null };
    const limited = { ...params, maxOutputTokens: 5 };
    expect([isWhole("stop", params), isWhole("length", params), isWhole("length", limited)]).toEqual([
      true,
      false,
      true,
    ]);
    expect([isWhole("refusal", limited), isWhole(null, limited)]).toEqual([false, false]);
  });
});
