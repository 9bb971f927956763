import { expect, it } from "vitest";
import { costOf, pricesOf } from "./prices.ts";

const million = { inputTokens: 1_000_000, cachedInputTokens: 0, outputTokens: 0 };

it("counts cached input once, at its own price", () => {
  const prices = pricesOf("openai", "gpt-5-mini");
  expect(prices).toEqual({ input: 0.25, output: 2 });
  expect(costOf("openai", "gpt-5-mini", million)).toBeCloseTo(0.25);
  expect(costOf("openai", "gpt-5-mini", { ...million, outputTokens: 500_000 })).toBeCloseTo(1.25);
  // A tenth of the price for what was cached, on the package's list.
  expect(costOf("openai", "gpt-5-mini", { ...million, cachedInputTokens: 400_000 })).toBeCloseTo(0.15 + 0.01);
});

it("never counts more cached tokens than there were", () => {
  expect(costOf("openai", "gpt-5-mini", { inputTokens: 10, cachedInputTokens: 20, outputTokens: 0 })).toBeGreaterThan(
    0,
  );
});

it("prices Anthropic's models", () => {
  expect(pricesOf("anthropic", "claude-sonnet-4-5-20250929")).toEqual({ input: 3, output: 15 });
});

it("does not know what is not on the list", () => {
  expect(costOf("openai", "scripted-fast", million)).toBeNull();
  expect(pricesOf("anthropic", "gpt-5-mini")).toBeNull();
});

it("prices a compatible endpoint by its address only", () => {
  expect(costOf("compatible", "gpt-5-mini", million)).toBeNull();
  expect(costOf("compatible", "gpt-5-mini", million, "http://127.0.0.1:11434/v1")).toBeNull();
  expect(costOf("compatible", "llama-3.3-70b-versatile", million, "https://api.groq.com/openai/v1")).toBeCloseTo(0.59);
});
