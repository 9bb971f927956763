import { describe, expect, it } from "vitest";
import { parseProvidersConfig } from "./config.ts";
import { createProviders, providersOf } from "./registry.ts";

const providers = (env: object) => createProviders(parseProvidersConfig(env));
const usage = { inputTokens: 1_000_000, cachedInputTokens: 0, outputTokens: 0 };

describe("createProviders", () => {
  it("says of each provider what it would take to have it", () => {
    const { standings, default: choice } = providers({});
    expect(standings).toEqual([
      {
        provider: "openai",
        available: false,
        reason: "Set OPENAI_API_KEY to use it.",
        why: { code: "unset", settings: ["OPENAI_API_KEY"] },
        scripted: false,
      },
      {
        provider: "anthropic",
        available: false,
        reason: "Set ANTHROPIC_API_KEY to use it.",
        why: { code: "unset", settings: ["ANTHROPIC_API_KEY"] },
        scripted: false,
      },
      {
        provider: "compatible",
        available: false,
        reason: "Set COMPATIBLE_BASE_URL to use it.",
        why: { code: "unset", settings: ["COMPATIBLE_BASE_URL"] },
        scripted: false,
      },
    ]);
    expect(choice).toBeNull();
  });

  it("stands in for a provider that is off", async () => {
    const off = providers({}).get("anthropic");
    const ask = { model: "m", system: null, turns: [], temperature: null, maxOutputTokens: null };
    const signal = new AbortController().signal;
    await expect(off.stream(ask, { kind: "fresh" }, () => {}, signal)).rejects.toMatchObject({
      code: "provider_auth",
      message: "This deployment has no anthropic provider. Set ANTHROPIC_API_KEY to use it.",
    });
  });

  it("builds each provider once, with its settings", async () => {
    const all = providers({
      OPENAI_API_KEY: "k",
      OPENAI_BACKGROUND: "off",
      COMPATIBLE_BASE_URL: "http://localhost/v1",
    });
    expect(all.get("openai")).toBe(all.get("openai"));
    expect(all.get("openai").reattaches).toBe(false);
    expect(providers({ OPENAI_API_KEY: "k" }).get("openai").reattaches).toBe(true);
    expect(all.get("compatible").name).toBe("compatible");
  });

  it("prefers a real provider to a scripted one, unless told otherwise", () => {
    const env = {
      OPENAI_API_KEY: "scripted",
      SCRIPTED_PROVIDERS: "openai",
      COMPATIBLE_BASE_URL: "http://localhost/v1",
    };
    expect(providers(env).default).toEqual({ provider: "compatible", model: null });
    expect(providers({ ...env, DEFAULT_PROVIDER: "openai" }).default).toEqual({ provider: "openai", model: null });
    expect(providers({ ...env, COMPATIBLE_MODELS: "a,b" }).default).toEqual({ provider: "compatible", model: "a" });
    expect(providers({ ...env, DEFAULT_MODEL: "z" }).default).toEqual({ provider: "compatible", model: "z" });
    expect(providers({ ANTHROPIC_API_KEY: "k" }).default?.model).toMatch(/^claude-/);
  });

  it("has no default when the one that was asked for is off", () => {
    expect(providers({ OPENAI_API_KEY: "k", DEFAULT_PROVIDER: "anthropic" }).default).toBeNull();
  });

  it("prices by whose model it is; what is scripted is free", () => {
    const all = providers({
      OPENAI_API_KEY: "k",
      ANTHROPIC_API_KEY: "scripted",
      SCRIPTED_PROVIDERS: "anthropic",
      COMPATIBLE_BASE_URL: "https://api.groq.com/openai/v1",
    });
    expect(all.costOf("openai", "gpt-5-mini", usage)).toBeCloseTo(0.25);
    expect(all.costOf("openai", "nobody-knows", usage)).toBeNull();
    expect(all.costOf("anthropic", "scripted", usage)).toBe(0);
    expect(all.pricesOf("anthropic", "scripted")).toEqual({ input: 0, output: 0 });
    expect(all.pricesOf("compatible", "llama-3.3-70b-versatile")).toEqual({ input: 0.59, output: 0.79 });
  });
});

describe("providersOf", () => {
  it("builds the providers of an environment once", () => {
    const env = { COMPATIBLE_BASE_URL: "http://127.0.0.1:1/v1" };
    expect(providersOf(env)).toBe(providersOf(env));
    expect(providersOf({ ...env })).not.toBe(providersOf(env));
    expect(providersOf(env).get("compatible")).toBe(providersOf(env).get("compatible"));
  });
});
