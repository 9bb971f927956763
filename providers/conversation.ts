// Conversation: the turns a provider is sent, for each way an ask can begin.
import type { Ask, Beginning, Turn } from "./provider.ts";

/** Said by the person's side after a broken answer, to models that do not go on from a text put in their mouth. */
export const CONTINUE =
  "Your answer above was cut off. Continue exactly where it ends, without repeating anything and without any preamble.";

const isBlank = (text: string) => text.trim() === "";

/**
 * The turns to send. To continue, the prefix becomes the answer's beginning: as the last turn where the model takes that
 * (`prefill`), else followed by a turn that asks to go on. An answer that never got a word is left out: providers
 * refuse empty turns.
 */
export function turnsFor(ask: Ask, beginning: Beginning, prefill: boolean): Turn[] {
  const turns = ask.turns.filter(({ role, text }) => role === "user" || !isBlank(text));
  if (beginning.kind !== "continue" || isBlank(beginning.prefix)) return turns;
  turns.push({ role: "assistant", text: beginning.prefix });
  // A last turn that ends in white space is refused by the providers that take prefill, and cutting it off would change
  // a text that is already promised.
  if (!prefill || /\s$/u.test(beginning.prefix)) turns.push({ role: "user", text: CONTINUE });
  return turns;
}
