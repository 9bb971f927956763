import { describe, expect, it } from "vitest";
import { languageOf, topicOf } from "./template.ts";
import {
  answerText,
  fullText,
  hashOf,
  markdownSource,
  numberedSource,
  scriptedText,
  scriptedToken,
  splitTokens,
  textSource,
} from "./text.ts";

const PROMPTS = [
  "Explique l'intelligence artificielle",
  "How does a Durable Object keep state?",
  "Write a haiku about rivers",
  "Compare SSE and WebSocket",
  "What is artificial intelligence?",
  "Bonjour, comment faire du pain ?",
  "`| # weird * <b>prompt</b> 👩‍💻",
  "",
];

describe("answers", () => {
  it.each(PROMPTS)("%j: honest, repeatable, whole in tokens that split no character", (prompt) => {
    const text = answerText(prompt);
    expect(answerText(prompt)).toBe(text);
    expect(text.split("\n").at(-1)).toMatch(/^\*(Scripted model|Modèle scripté) ?:/);
    expect(text.match(/```/g)?.length ?? 0).toSatisfy((fences: number) => fences % 2 === 0);
    const tokens = splitTokens(text);
    expect(tokens.join("")).toBe(text);
    expect(tokens.every((token) => token.isWellFormed())).toBe(true);
    expect(fullText(textSource(text))).toBe(text);
  });

  it("answers French in French and the written questions by hand", () => {
    expect(languageOf("Explique l'intelligence artificielle")).toBe("fr");
    expect(languageOf("Compare SSE and WebSocket")).toBe("en");
    expect(answerText("Explique l'intelligence artificielle")).toContain("surapprend");
    expect(answerText("explain artificial intelligence to me")).toContain("overfits");
    expect(answerText("How does a Durable Object keep state?")).toContain("output gate");
    expect(answerText("Write a haiku about rivers")).toContain("the sea says its name");
    expect(answerText("Compare SSE and WebSocket")).toContain("Last-Event-ID");
    expect(answerText("Bonjour, comment faire du pain ?")).toContain("| Mots | 5 |");
  });

  it("keeps a heading on one line, free of Markdown, and never cuts a character", () => {
    expect(topicOf("# what | is <b>this</b>?\nsecond")).toBe("What  is bthis/b");
    expect(topicOf("🧠".repeat(100))).toBe(`${"🧠".repeat(59)}…`);
    expect(topicOf("  ")).toBe("…");
  });
});

describe("numbered text", () => {
  it("is a pure function of prompt and count, and each token names its number", () => {
    const source = numberedSource("p", 250);
    expect(fullText(source)).toBe(scriptedText("p", 250));
    for (let i = 0; i < 250; i++) {
      expect(source.at(i)).toBe(scriptedToken(hashOf("p"), i));
      expect(source.at(i).trim()).toMatch(new RegExp(`^${i}\\D`));
      expect(source.at(i)).toBe(source.at(i).trimEnd());
    }
    expect(scriptedText("p", 250).startsWith(scriptedText("p", 100))).toBe(true);
    expect(scriptedText("p", 250)).not.toBe(scriptedText("q", 250));
    expect(new TextEncoder().encode(scriptedText("p", 250)).length).toBeGreaterThan(scriptedText("p", 250).length);
  });

  it("makes exactly as much Markdown as asked for", () => {
    for (const count of [1, 60, 5000]) expect(markdownSource("Rivers", count).count).toBe(count);
    expect(fullText(markdownSource("Rivers", 2000))).toContain("| --- | ---: | --- |");
  });
});
