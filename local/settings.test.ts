import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { parseEnv } from "../workers/env.ts";
import type { LocalServer } from "./find-models.ts";
import { decide, HANDED_ON, needsScriptedModel, readGiven, type Vars } from "./settings.ts";
import { StartError } from "./start-error.ts";

const SCRIPTED = "http://127.0.0.1:5000";
const OLLAMA: LocalServer = { name: "Ollama", baseUrl: "http://127.0.0.1:11434/v1", models: ["llama3.2", "qwen3"] };
const states = (given: Vars, found: LocalServer[] = []) =>
  Object.fromEntries(decide(given, found, SCRIPTED).providers.map(({ provider, state }) => [provider, state]));

describe("without any key", () => {
  it("the scripted model plays every provider, and says so", () => {
    const { vars, providers, notes } = decide({}, [], SCRIPTED);
    expect(providers.every(({ state }) => state === "scripted")).toBe(true);
    expect(vars).toMatchObject({
      OPENAI_BASE_URL: `${SCRIPTED}/v1`,
      ANTHROPIC_BASE_URL: SCRIPTED,
      COMPATIBLE_BASE_URL: `${SCRIPTED}/v1`,
      SCRIPTED_PROVIDERS: "openai,anthropic,compatible",
    });
    expect(notes).toEqual([]);
    const { providers: parsed } = parseEnv(vars);
    expect([parsed.openai, parsed.anthropic, parsed.compatible].every(({ scripted }) => scripted)).toBe(true);
  });

  it("a list or a default meant for real models is left aside", () => {
    const given = { OPENAI_MODELS: "gpt-x", DEFAULT_MODEL: "gpt-x", DEFAULT_PROVIDER: "openai" };
    const { vars, notes } = decide(given, [], SCRIPTED);
    expect(vars.OPENAI_MODELS).toBeUndefined();
    expect(vars.DEFAULT_MODEL).toBeUndefined();
    expect(notes).toEqual([expect.stringContaining("DEFAULT_MODEL=gpt-x is left aside")]);
    expect(decide({ DEFAULT_MODEL: "scripted-slow" }, [], SCRIPTED).vars.DEFAULT_MODEL).toBe("scripted-slow");
  });
});

describe("with a key", () => {
  it("that provider is real and untouched; the others stay scripted", () => {
    const { vars, providers } = decide({ ANTHROPIC_API_KEY: "k", DEFAULT_MODEL: "claude-x" }, [], SCRIPTED);
    expect(providers.map(({ state }) => state)).toEqual(["scripted", "real", "scripted"]);
    expect([vars.ANTHROPIC_API_KEY, vars.ANTHROPIC_BASE_URL, vars.DEFAULT_MODEL]).toEqual(["k", undefined, "claude-x"]);
    expect(vars.SCRIPTED_PROVIDERS).toBe("openai,compatible");
  });

  it("no scripted model is needed when all are real", () => {
    const given = { OPENAI_API_KEY: "a", ANTHROPIC_API_KEY: "b" };
    expect(needsScriptedModel(given, [])).toBe(true);
    expect(needsScriptedModel(given, [OLLAMA])).toBe(false);
    expect(needsScriptedModel({ ...given, COMPATIBLE_BASE_URL: "http://localhost:1/v1" }, [])).toBe(false);
  });

  it("an address without a key is not overruled", () => {
    const { vars, providers } = decide({ OPENAI_BASE_URL: "http://gateway/v1" }, [], SCRIPTED);
    expect(providers[0]).toEqual({
      provider: "openai",
      state: "off",
      why: "OPENAI_BASE_URL is set but OPENAI_API_KEY is not",
    });
    expect([vars.OPENAI_BASE_URL, vars.OPENAI_API_KEY]).toEqual(["http://gateway/v1", undefined]);
  });

  it("an endpoint that its owner calls scripted is called so", () => {
    const given = { OPENAI_API_KEY: "k", OPENAI_BASE_URL: "http://localhost:1/v1", SCRIPTED_PROVIDERS: "openai" };
    expect(states(given)).toMatchObject({ openai: "scripted" });
  });
});

describe("a model on this machine", () => {
  it("answers before the scripted one", () => {
    const { vars, providers } = decide({}, [OLLAMA], SCRIPTED);
    expect(providers[2]).toEqual({
      provider: "compatible",
      state: "real",
      why: "Ollama found at http://127.0.0.1:11434/v1: llama3.2, qwen3",
    });
    expect(vars.COMPATIBLE_BASE_URL).toBe(OLLAMA.baseUrl);
  });

  it("does not overrule an address that was given", () => {
    const { vars } = decide({ COMPATIBLE_BASE_URL: "http://localhost:9/v1" }, [OLLAMA], SCRIPTED);
    expect(vars.COMPATIBLE_BASE_URL).toBe("http://localhost:9/v1");
  });

  it("that has no model yet is told about", () => {
    const { providers, notes } = decide({}, [{ ...OLLAMA, models: [] }], SCRIPTED);
    expect(providers[2]?.state).toBe("scripted");
    expect(notes).toEqual([expect.stringContaining("Ollama runs but has no model")]);
  });
});

it("a wrong setting stops the start, by name", () => {
  expect(() => decide({ DEFAULT_TIER: "fast" }, [], SCRIPTED)).toThrow(StartError);
  expect(() => decide({ DEFAULT_TIER: "fast" }, [], SCRIPTED)).toThrow(/DEFAULT_TIER/);
  expect(() => decide({ COMPATIBLE_BASE_URL: "localhost" }, [], SCRIPTED)).toThrow(/COMPATIBLE_BASE_URL must be/);
});

it("every name that the Worker reads is handed on", () => {
  const asked = new Set<string>();
  const spy = new Proxy({} as Record<string, string>, {
    get: (_, name) => void (typeof name === "string" && asked.add(name)),
    has: (_, name) => typeof name === "string" && Boolean(asked.add(name)),
  });
  parseEnv(spy);
  expect(asked.size).toBeGreaterThan(10);
  for (const name of asked) expect(HANDED_ON as readonly string[]).toContain(name);
});

describe("what is given", () => {
  const folder = mkdtempSync(join(tmpdir(), "keepstream-settings-"));
  const file = join(folder, ".dev.vars");
  afterAll(() => rmSync(folder, { recursive: true }));

  it("is the file's, then the environment's; a blank is none", () => {
    writeFileSync(
      file,
      'OPENAI_API_KEY="from the file"\nANTHROPIC_API_KEY=file\nOPENAI_MODELS=\n# COMMENT=1\nOTHER=x\n',
    );
    const environment = { OPENAI_API_KEY: "", ANTHROPIC_API_KEY: "environment", HOME: "/root" };
    expect(readGiven(environment, file)).toEqual({
      OPENAI_API_KEY: "from the file",
      ANTHROPIC_API_KEY: "environment",
      OTHER: "x",
    });
    expect(readGiven(environment, null)).toEqual({ ANTHROPIC_API_KEY: "environment" });
    expect(readGiven({}, join(folder, "missing"))).toEqual({});
  });
});
