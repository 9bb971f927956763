/**
 * What a request really asks: the last question, and how much of its answer is already there. A final assistant turn
 * (prefill), or an assistant turn followed by "… continue exactly where …" from the user, asks for the rest of that answer.
 */
import type { Script } from "./script.ts";
import { answerText, markdownSource, numberedSource, splitTokens, type TokenSource, textSource } from "./text.ts";

export interface Turn {
  role: "system" | "user" | "assistant";
  text: string;
}

export interface Ask {
  /** The last user turn that is not a continuation instruction. */
  prompt: string;
  /** The part of the answer that exists already. */
  prefix: string;
  how: "fresh" | "prefill" | "instruction";
  /** Estimated: a token for four characters. */
  inputTokens: number;
}

/** The answer's tokens from where this request begins. */
export interface Passage {
  count: number;
  at(index: number): string;
  /** Where token 0 stands in the whole answer, in UTF-16 code units. */
  position: number;
}

/** The rule: any user turn that contains these words, in any case, wants the turn before it continued. */
export function isContinuation(text: string): boolean {
  return /continue exactly where/i.test(text);
}

/** Several continuations in a row add up: their assistant turns are joined. */
export function readConversation(turns: readonly Turn[]): Ask {
  const inputTokens = Math.max(1, Math.ceil(turns.reduce((sum, turn) => sum + turn.text.length, 0) / 4));
  const said = turns.filter((turn) => turn.role !== "system");
  let prefix = "";
  let how: Ask["how"] = said.at(-1)?.role === "assistant" ? "prefill" : "fresh";
  for (let i = said.length - 1; i >= 0; i--) {
    const turn = said[i];
    if (turn === undefined) break;
    if (turn.role === "assistant") prefix = turn.text + prefix;
    else if (isContinuation(turn.text) && said[i - 1]?.role === "assistant")
      how = how === "fresh" ? "instruction" : how;
    else return { prompt: turn.text, prefix, how, inputTokens };
  }
  return { prompt: "", prefix, how, inputTokens };
}

/** Everything a script says to a prompt, from its beginning. */
export function sourceOf(script: Script, prompt: string): TokenSource {
  switch (script.says.kind) {
    case "tokens":
      return numberedSource(prompt, script.says.count);
    case "markdown":
      return markdownSource(prompt, script.says.count);
    default:
      return textSource(answerText(prompt));
  }
}

/** The passage after `prefix` if the prefix is how the text begins, else the whole text anew. */
export function passageAfter(source: TokenSource, prefix: string): Passage {
  const whole: Passage = { count: source.count, at: (index) => source.at(index), position: 0 };
  if (prefix === "") return whole;
  let position = 0;
  for (let i = 0; i <= source.count; i++) {
    if (position === prefix.length) return { count: source.count - i, at: (index) => source.at(i + index), position };
    if (i === source.count) break;
    const token = source.at(i);
    const rest = prefix.length - position;
    if (rest < token.length) {
      const head = token.slice(rest);
      if (!token.startsWith(prefix.slice(position)) || isLowSurrogate(head)) return whole;
      return {
        count: source.count - i,
        at: (index) => (index === 0 ? head : source.at(i + index)),
        position: prefix.length,
      };
    }
    if (!prefix.startsWith(token, position)) return whole;
    position += token.length;
  }
  return whole;
}

function isLowSurrogate(text: string): boolean {
  const unit = text.charCodeAt(0);
  return unit >= 0xdc00 && unit <= 0xdfff;
}

/** A refusal, said in tokens like any other text. */
export function refusalPassage(): Passage {
  const tokens = splitTokens("I’m sorry, but I can’t help with that. (Scripted refusal.)");
  return { count: tokens.length, at: (index) => tokens[index] ?? "", position: 0 };
}
