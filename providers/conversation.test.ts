import { expect, it } from "vitest";
import { CONTINUE, turnsFor } from "./conversation.ts";
import type { Ask } from "./provider.ts";

const ask: Ask = {
  model: "m",
  system: null,
  turns: [
    { role: "user", text: "Hello" },
    { role: "assistant", text: "  " },
    { role: "user", text: "Again" },
  ],
  temperature: null,
  maxOutputTokens: null,
};
const asked = [
  { role: "user", text: "Hello" },
  { role: "user", text: "Again" },
];

it("leaves out answers without a word", () => {
  expect(turnsFor(ask, { kind: "fresh" }, true)).toEqual(asked);
});

it("puts the prefix last where the model takes that", () => {
  const turns = turnsFor(ask, { kind: "continue", prefix: "Once upon" }, true);
  expect(turns).toEqual([...asked, { role: "assistant", text: "Once upon" }]);
});

it("asks to go on where it does not", () => {
  const turns = turnsFor(ask, { kind: "continue", prefix: "Once upon" }, false);
  expect(turns).toEqual([...asked, { role: "assistant", text: "Once upon" }, { role: "user", text: CONTINUE }]);
});

it("asks to go on after white space, which no provider takes at the end", () => {
  expect(turnsFor(ask, { kind: "continue", prefix: "Once upon\n\n" }, true).at(-1)?.role).toBe("user");
});

it.each(["", " \n"])("asks anew when there is nothing to go on from (%j)", (prefix) => {
  expect(turnsFor(ask, { kind: "continue", prefix }, false)).toEqual(asked);
});
