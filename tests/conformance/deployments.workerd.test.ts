// Proves PROTOCOL.md, "What a deployment can do", for deployments other than the tests' own: without a provider, with a
// broken one, with settings of their own. The same app and the same objects, under another environment.
import { describe, expect, it } from "vitest";
import { healthReplySchema, modelsReplySchema, sessionReplySchema, tiersReplySchema } from "../../protocol/requests.ts";
import { deployment } from "./deployment.ts";
import { post, problem, read } from "./kit.ts";

const NONE = { OPENAI_API_KEY: "", ANTHROPIC_API_KEY: "", COMPATIBLE_BASE_URL: "" };
/** Nothing listens there. */
const NOWHERE = "http://127.0.0.1:9/v1";

describe("without a provider", () => {
  const fetch = deployment(NONE);

  it("says of each what to set, and is down", async () => {
    const { models, providers } = await read(await fetch("/api/models"), modelsReplySchema);
    expect(models).toEqual([]);
    expect(providers.map(({ available, reason, why }) => [available, reason, why])).toEqual(
      ["OPENAI_API_KEY", "ANTHROPIC_API_KEY", "COMPATIBLE_BASE_URL"].map((name) => [
        false,
        `Set ${name} to use it.`,
        { code: "unset", settings: [name] },
      ]),
    );
    const health = await read(await fetch("/health"), healthReplySchema, 503);
    expect(health.status).toBe("down");
    expect(health.parts.slice(0, 4).map(({ status }) => status)).toEqual(["ok", "off", "off", "off"]);
  });

  it("has no tier, and says so to whoever asks", async () => {
    const { tiers } = await read(await fetch("/api/tiers"), tiersReplySchema);
    expect(tiers.find(({ tier }) => tier === "mvp")).toMatchObject({
      available: false,
      reason: /OPENAI_API_KEY/,
      why: { code: "no_provider", settings: ["OPENAI_API_KEY", "ANTHROPIC_API_KEY", "COMPATIBLE_BASE_URL"] },
    });
    const refused = await problem(await fetch("/api/chat/generate", post({ prompt: "x" })), "tier_unavailable", 422);
    expect(refused.detail).toContain("OPENAI_API_KEY");
  });
});

describe("with one provider that is off, and one that does not answer", () => {
  const fetch = deployment({ ANTHROPIC_API_KEY: "", COMPATIBLE_BASE_URL: NOWHERE });

  it("is degraded, and answers", async () => {
    const health = await read(await fetch("/health"), healthReplySchema);
    expect(health.status).toBe("degraded");
    expect(health.parts.slice(0, 4).map(({ name, status }) => [name, status])).toEqual([
      ["durable-objects", "ok"],
      ["openai", "ok"],
      ["anthropic", "off"],
      ["compatible", "down"],
    ]);
    const { providers } = await read(await fetch("/api/models"), modelsReplySchema);
    const broken = providers.find(({ provider }) => provider === "compatible");
    expect(broken?.reason).toContain("cannot be reached");
    expect(broken?.why).toEqual({ code: "provider_unreachable" });
    expect(health.parts.find(({ name }) => name === "compatible")?.why).toEqual({ code: "provider_unreachable" });
  });

  it("refuses the provider that is off with what to set", async () => {
    const response = await fetch("/api/chat/generate", post({ prompt: "x", provider: "anthropic" }));
    expect((await problem(response, "unknown_model", 422)).detail).toContain("ANTHROPIC_API_KEY");
    const listless = await fetch("/api/chat/generate", post({ prompt: "x", provider: "compatible" }));
    expect((await problem(listless, "unknown_model", 422)).detail).toContain("cannot be reached");
  });
});

describe("with a bridge that does not answer", () => {
  it("is degraded, and says so", async () => {
    const fetch = deployment({ TEMPORAL_BRIDGE_URL: "http://127.0.0.1:9" });
    const { status, parts } = await read(await fetch("/health"), healthReplySchema);
    expect(status).toBe("degraded");
    const temporal = parts.find(({ name }) => name === "temporal");
    expect(temporal).toMatchObject({
      status: "down",
      detail: expect.stringContaining("bridge"),
      why: { code: "temporal_down" },
    });
  });
});

describe("with a cache or an archive that does not answer", () => {
  it.each([
    ["cache", { UPSTASH_REDIS_REST_URL: NOWHERE }, "cache_down"],
    ["archive", { NEON_FETCH_ENDPOINT: `${NOWHERE}/sql` }, "archive_down"],
  ] as const)("is degraded without its %s, its redis tier too, and both say why", async (name, settings, code) => {
    const fetch = deployment(settings);
    const { status, parts } = await read(await fetch("/health"), healthReplySchema);
    const part = parts.find((each) => each.name === name);
    expect([status, part?.status, part?.why]).toEqual(["degraded", "down", { code }]);
    const { tiers } = await read(await fetch("/api/tiers"), tiersReplySchema);
    expect(tiers.slice(0, 2)).toMatchObject([
      { tier: "mvp", available: true, degraded: false, reason: null, why: null },
      { tier: "redis", available: true, degraded: true, reason: part?.detail, why: { code } },
    ]);
  });
});

describe("with settings of its own", () => {
  it("offers the configured models, and the default among them", async () => {
    const fetch = deployment({ DEFAULT_PROVIDER: "anthropic", DEFAULT_MODEL: "mine", ANTHROPIC_MODELS: "a, b" });
    const { models } = await read(await fetch("/api/models"), modelsReplySchema);
    const own = models.filter(({ provider }) => provider === "anthropic").map((each) => [each.id, each.default]);
    expect(own).toEqual([
      ["mine", true],
      ["a", false],
      ["b", false],
    ]);
  });

  it("keeps its sessions without a configured secret, and none of another's", async () => {
    const [unnamed, again] = [deployment({ SESSION_SECRET: "" }), deployment({ SESSION_SECRET: "" })];
    const other = deployment({ SESSION_SECRET: "another-secret-another-secret" });
    const { token } = await read(await unnamed("/api/session", { method: "POST" }), sessionReplySchema, 201);
    const mine = { headers: { authorization: `Bearer ${token}` } };
    expect((await again("/api/chats", mine)).status).toBe(200);
    await problem(await other("/api/chats", mine), "unauthenticated", 401);
  });

  it("does not start half with one that is wrong, and tells the outside nothing of it", async () => {
    for (const wrong of [
      { PROVIDER_STALL_MS: "soon" },
      { OPENAI_BASE_URL: "ftp://x" },
      { DEFAULT_TIER: "gold" },
      { BODY_SECONDS: "soon" },
      { API_TOKENS: "token-of-one-script, team:gold" },
      { ADMIN_TOKEN: "gold" },
    ]) {
      const response = await deployment(wrong)("/api/tiers");
      const { detail } = await problem(response, "internal", 500);
      expect(detail).not.toMatch(/soon|ftp|gold/);
    }
  });
});
