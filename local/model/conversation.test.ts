import { describe, expect, it } from "vitest";
import { isContinuation, passageAfter, readConversation, type Turn } from "./conversation.ts";
import { answerText, fullText, numberedSource, scriptedText, textSource } from "./text.ts";

const user = (text: string): Turn => ({ role: "user", text });
const assistant = (text: string): Turn => ({ role: "assistant", text });
const goOn = user("Please Continue EXACTLY where you stopped.");

describe("what a conversation asks", () => {
  it("knows a continuation by its words, in any case", () => {
    expect(isContinuation("Your answer was cut. CONTINUE exactly Where it stopped, without repeating anything.")).toBe(
      true,
    );
    expect(isContinuation("Please continue.")).toBe(false);
  });

  it.each<[string, Turn[], object]>([
    ["a question", [user("a"), assistant("b"), user("c")], { prompt: "c", prefix: "", how: "fresh" }],
    ["a prefill", [user("a"), assistant("b")], { prompt: "a", prefix: "b", how: "prefill" }],
    ["an instruction", [user("a"), assistant("b"), goOn], { prompt: "a", prefix: "b", how: "instruction" }],
    [
      "two instructions",
      [user("a"), assistant("b"), goOn, assistant("c"), goOn],
      { prompt: "a", prefix: "bc", how: "instruction" },
    ],
    ["an instruction to nothing", [goOn], { prompt: goOn.text, prefix: "", how: "fresh" }],
    ["a system prompt", [{ role: "system", text: "s" }, user("a")], { prompt: "a", how: "fresh" }],
  ])("%s", (_name, turns, expected) => {
    expect(readConversation(turns)).toMatchObject(expected);
  });
});

describe("the passage after a prefix", () => {
  const rest = (text: string, prefix: string, source = textSource(text)) => fullText(passageAfter(source, prefix));

  it("goes on from every place of a text that splits no character", () => {
    const text = answerText("Explique l'intelligence artificielle").slice(0, 1500);
    let tried = 0;
    for (let at = 0; at <= text.length; at++) {
      const prefix = text.slice(0, at);
      if (!prefix.isWellFormed()) continue;
      tried++;
      expect(rest(text, prefix)).toBe(text.slice(at));
    }
    expect(tried).toBeGreaterThan(1400);
  });

  it("knows where it stands, and counts whole tokens", () => {
    const prefix = scriptedText("p", 7);
    const passage = passageAfter(numberedSource("p", 20), prefix);
    expect(passage).toMatchObject({ count: 13, position: prefix.length });
    expect(prefix + fullText(passage)).toBe(scriptedText("p", 20));
    expect(passageAfter(numberedSource("p", 7), prefix).count).toBe(0);
  });

  it("starts anew when the prefix is not its own", () => {
    expect(rest("one two three", "one twx")).toBe("one two three");
    expect(rest("one", "one two")).toBe("one");
    expect(rest("a🧠b", "a\ud83e")).toBe("a🧠b");
  });
});
