import { describe, expect, test } from "vitest";
import { answerKey, type KeyedAsk } from "./key.ts";

const ask: KeyedAsk = {
  tenant: "open",
  provider: "openai",
  model: "model",
  params: { temperature: 0.5, maxOutputTokens: 100, system: "Be brief." },
  turns: [
    { role: "user", text: "Explique l'intelligence artificielle" },
    { role: "assistant", text: "Bien sûr." },
    { role: "user", text: "Et après ?" },
  ],
};
const [first, second, third] = ask.turns as [KeyedAsk["turns"][0], KeyedAsk["turns"][0], KeyedAsk["turns"][0]];

describe("an answer's key", () => {
  test("is 64 hex digits, and the same for the same ask whatever the order of its properties", async () => {
    const { params, turns, ...rest } = ask;
    const { temperature, maxOutputTokens, system } = params;
    const again = {
      turns: turns.map(({ role, text }) => ({ text, role })),
      ...rest,
      params: { system, maxOutputTokens, temperature },
    };
    expect(await answerKey(ask)).toMatch(/^[0-9a-f]{64}$/);
    expect(await answerKey(again)).toBe(await answerKey(ask));
  });

  test.each<[string, Partial<KeyedAsk>]>([
    ["tenant", { tenant: "token:1" }],
    ["provider", { provider: "compatible" }],
    ["model", { model: "model2" }],
    ["temperature", { params: { ...ask.params, temperature: 0.6 } }],
    ["no temperature", { params: { ...ask.params, temperature: null } }],
    ["temperature zero", { params: { ...ask.params, temperature: 0 } }],
    ["limit of tokens", { params: { ...ask.params, maxOutputTokens: 101 } }],
    ["system prompt", { params: { ...ask.params, system: "Be brief!" } }],
    ["question", { turns: [first, second, { ...third, text: "Et après?" }] }],
    ["earlier answer", { turns: [first, { ...second, text: "Bien sûr !" }, third] }],
    ["earlier question", { turns: [{ ...first, text: "Explique" }, second, third] }],
    ["history left out", { turns: [third] }],
    ["who said what", { turns: [first, { ...second, role: "user" }, third] }],
    [
      "words moved over a turn's end",
      { turns: [{ ...first, text: `${first.text}Bien` }, { ...second, text: " sûr." }, third] },
    ],
  ])("is another for another %s", async (_, more) => {
    expect(await answerKey({ ...ask, ...more })).not.toBe(await answerKey(ask));
  });

  test("never changes by accident: answers kept by an earlier version would be lost", async () => {
    expect(await answerKey(ask)).toBe("9f444700afac8c602e528d769723637bd3ad186e51706e40b7b030841b72a8c9");
  });
});
