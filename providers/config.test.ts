import { describe, expect, it } from "vitest";
import { parseProvidersConfig } from "./config.ts";

describe("parseProvidersConfig", () => {
  it("needs nothing, and takes blank for nothing", () => {
    const empty = parseProvidersConfig({ OPENAI_API_KEY: " ", PROVIDER_STALL_MS: "", CHAT: { a: "binding" } });
    expect(empty).toEqual(parseProvidersConfig({}));
    expect(empty).toMatchObject({
      openai: { key: null, baseUrl: null, models: [], scripted: false, background: true },
      defaultProvider: null,
      stallMs: null,
    });
  });

  it("reads every setting", () => {
    const config = parseProvidersConfig({
      OPENAI_API_KEY: "k1",
      OPENAI_BASE_URL: "https://gateway.example/v1",
      OPENAI_MODELS: "a, b,,",
      OPENAI_BACKGROUND: "off",
      ANTHROPIC_API_KEY: "k2",
      ANTHROPIC_BASE_URL: "http://127.0.0.1:1",
      ANTHROPIC_MODELS: "c",
      COMPATIBLE_API_KEY: "k3",
      COMPATIBLE_BASE_URL: "http://localhost:11434/v1",
      COMPATIBLE_MODELS: "d",
      SCRIPTED_PROVIDERS: "openai, anthropic",
      DEFAULT_PROVIDER: "anthropic",
      DEFAULT_MODEL: "c",
      PROVIDER_STALL_MS: "5000",
    });
    expect(config).toEqual({
      openai: {
        key: "k1",
        baseUrl: "https://gateway.example/v1",
        models: ["a", "b"],
        scripted: true,
        background: false,
      },
      anthropic: { key: "k2", baseUrl: "http://127.0.0.1:1", models: ["c"], scripted: true },
      compatible: { key: "k3", baseUrl: "http://localhost:11434/v1", models: ["d"], scripted: false },
      defaultProvider: "anthropic",
      defaultModel: "c",
      stallMs: 5000,
    });
  });

  it("names every wrong setting, what it must be and what it is, but never a key", () => {
    const wrong = {
      OPENAI_API_KEY: 5,
      OPENAI_BACKGROUND: "maybe",
      COMPATIBLE_BASE_URL: "localhost:11434",
      SCRIPTED_PROVIDERS: "openai,ollama",
      DEFAULT_PROVIDER: "gpt",
      PROVIDER_STALL_MS: "1.5",
    };
    let message = "";
    try {
      parseProvidersConfig(wrong);
    } catch (error) {
      message = String(error);
    }
    for (const name of Object.keys(wrong)) expect(message).toContain(name);
    expect(message).toContain('OPENAI_BACKGROUND must be on or off; it is "maybe".');
    expect(message).toContain("OPENAI_API_KEY must be text; it is something else.");
    expect(message).toContain("from 1000 to 900000");
  });
});
