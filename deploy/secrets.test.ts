import { expect, test } from "vitest";
import { chooseSecrets, missingFor } from "./secrets.ts";

test("what is set goes up, and nothing else does", () => {
  const { secrets } = chooseSecrets(
    {
      OPENAI_API_KEY: " sk-1 ",
      API_TOKENS: "a:b",
      PATH: "/bin",
      ANTHROPIC_API_KEY: "",
    },
    false,
  );
  expect(secrets).toEqual({ OPENAI_API_KEY: "sk-1", API_TOKENS: "a:b" });
});

test("what is fixed elsewhere, or is this machine, stays", () => {
  const { secrets, notes } = chooseSecrets(
    {
      AUTH_MODE: "open",
      SCRIPTED_PROVIDERS: "openai",
      COMPATIBLE_BASE_URL: "http://127.0.0.1:11434/v1",
    },
    false,
  );
  expect(secrets).toEqual({});
  expect(notes).toEqual([expect.stringContaining("COMPATIBLE_BASE_URL is left out")]);
});

test("what could let nobody in, or answer nobody, is told before anything is uploaded", () => {
  expect(missingFor("access", new Set(["ACCESS_AUD"]))).toContain("ACCESS_TEAM_DOMAIN");
  expect(missingFor("access", new Set(["ACCESS_AUD", "ACCESS_TEAM_DOMAIN", "OPENAI_API_KEY"]))).toBeNull();
  expect(missingFor("token", new Set())).toContain("OPENAI_API_KEY");
  expect(missingFor("token", new Set(["COMPATIBLE_BASE_URL"]))).toBeNull();
});

test("what bridge and worker read goes where they run in containers", () => {
  const given = { TEMPORAL_ADDRESS: "one.tmprl.cloud:7233", TEMPORAL_API_KEY: "key", EDGE_URL: "https://chat.example" };
  expect(chooseSecrets(given, true).secrets).toEqual(given);
  expect(chooseSecrets(given, false).secrets).toEqual({});
});
