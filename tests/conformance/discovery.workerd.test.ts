// Proves PROTOCOL.md, "Who is asking" and "What a deployment can do": sessions, models, tiers, health, the description.
import { describe, expect, it } from "vitest";
import { problemSchema } from "../../protocol/problems.ts";
import { healthReplySchema, modelsReplySchema, sessionReplySchema, tiersReplySchema } from "../../protocol/requests.ts";
import { answer, bearer, cacheIsUp, call, fresh, model, person, post, problem, read } from "./kit.ts";

const FAST = model("tokens-3-rate-0");

describe("who is asking", () => {
  it("gets a bearer token that is a person of its own", async () => {
    const one = await read(await call("/api/session", { method: "POST" }), sessionReplySchema, 201);
    const two = await read(await call("/api/session", { method: "POST" }), sessionReplySchema, 201);
    expect(one.person).not.toBe(two.person);
    expect(one.token.startsWith(`${one.person}.`)).toBe(true);
    const who = bearer(one.token);
    const { chatId } = await answer(who, { prompt: fresh("session"), model: FAST });
    expect((await who.fetch(`/api/chats/${chatId}`)).status).toBe(200);
    await problem(await bearer(two.token).fetch(`/api/chats/${chatId}`), "not_yours", 403);
  });

  it("is the same by cookie and by bearer", async () => {
    const { token } = await person();
    const { chatId } = await answer(bearer(token), { prompt: fresh("both"), model: FAST });
    const response = await call(`/api/chats/${chatId}`, {
      headers: { cookie: `__Host-keepstream=${encodeURIComponent(token)}` },
    });
    expect([response.status, response.headers.get("set-cookie")]).toEqual([200, null]);
  });

  it("may hold one of the deployment's own tokens", async () => {
    const { chatId } = await answer(bearer("token-of-one-script"), { prompt: fresh("script"), model: FAST });
    expect((await bearer("token-of-one-script").fetch(`/api/chats/${chatId}`)).status).toBe(200);
    await problem(await bearer("token-of-another").fetch(`/api/chats/${chatId}`), "not_yours", 403);
  });

  it("is refused with a token that is not ours, and told so", async () => {
    const { token } = await person();
    const [name = "", signature = ""] = [
      token.slice(0, token.lastIndexOf(".")),
      token.slice(token.lastIndexOf(".") + 1),
    ];
    const forged = [
      `${name}.${"A".repeat(signature.length)}`,
      `${name.replace(/.$/, (end) => (end === "0" ? "1" : "0"))}.${signature}`,
      `${name}.`,
      name,
      `token:0000.${signature}`,
      "x",
    ];
    for (const each of forged) await problem(await bearer(each).fetch("/api/chats"), "unauthenticated", 401);
    for (const authorization of ["Bearer", "Bearer ", `Basic ${token}`, `Bearer ${token} x`]) {
      await problem(await call("/api/chats", { headers: { authorization } }), "unauthenticated", 401);
    }
  });

  it("with a cookie that is not ours is somebody new", async () => {
    const response = await call("/api/chats", { headers: { cookie: "__Host-keepstream=anon:forged.AAAA" } });
    expect(await response.json()).toEqual({ chats: [], cursor: null });
    // A page's first requests go out together: only the one that makes something brings a session to keep.
    expect(response.headers.get("set-cookie")).toBeNull();
    const asked = await call("/api/chat/generate", {
      method: "POST",
      headers: { "content-type": "application/json", cookie: "__Host-keepstream=anon:forged.AAAA" },
      body: JSON.stringify({ prompt: fresh("new person"), model: FAST }),
    });
    expect(asked.headers.get("set-cookie")).toMatch(/^__Host-keepstream=anon/);
  });
});

describe("what a deployment can do", () => {
  it("lists its models, which are scripted and how one is chosen", async () => {
    const { models, providers } = await read(await call("/api/models"), modelsReplySchema);
    expect(providers.map(({ provider, available, scripted }) => [provider, available, scripted])).toEqual([
      ["openai", true, true],
      ["anthropic", true, true],
      ["compatible", true, true],
    ]);
    expect(models.filter((each) => each.default)).toMatchObject([{ provider: "openai", id: "scripted" }]);
    expect(
      models.every(({ scripted, inputPrice, outputPrice }) => scripted && inputPrice === 0 && outputPrice === 0),
    ).toBe(true);
    for (const provider of ["openai", "anthropic", "compatible"]) {
      expect(models.filter((each) => each.provider === provider).map(({ id }) => id)).toContain("scripted");
    }
  });

  it("uses the default provider and model when an ask names none", async () => {
    const who = await person();
    const { end } = await answer(who, { prompt: "Write a haiku about rivers" });
    expect(end.receipt).toMatchObject({ provider: "openai", model: "scripted", tier: "mvp" });
  });

  it("lists its tiers, and refuses one that is off with the reason", async () => {
    const { tiers } = await read(await call("/api/tiers"), tiersReplySchema);
    expect(tiers).toMatchObject([{ tier: "mvp", available: true, reason: null, default: true }, ...tiers.slice(1)]);
    const who = await person();
    for (const { tier } of tiers.filter(({ available }) => !available)) {
      const response = await who.fetch("/api/chat/generate", post({ prompt: fresh("tier"), tier, model: FAST }));
      expect((await problem(response, "tier_unavailable", 422)).detail).toContain(tier);
    }
  });

  it("tells how each part is", async () => {
    await cacheIsUp();
    const health = await read(await call("/health"), healthReplySchema);
    expect(health.status).toBe("ok");
    expect(health.parts.map(({ name, status }) => [name, status])).toEqual([
      ["durable-objects", "ok"],
      ["openai", "ok"],
      ["anthropic", "ok"],
      ["compatible", "ok"],
      ["cache", "ok"],
      ["archive", "ok"],
      ["temporal", "off"],
    ]);
  });
});

describe("the description", () => {
  it("is OpenAPI 3.1 of every address, and a page that loads nothing from elsewhere", async () => {
    const document = (await (await call("/openapi.json")).json()) as { openapi: string; paths: Record<string, object> };
    expect(document.openapi).toBe("3.1.0");
    expect(
      Object.entries(document.paths).flatMap(([path, methods]) => Object.keys(methods).map((m) => `${m} ${path}`)),
    ).toEqual(
      expect.arrayContaining([
        "post /api/chat/generate",
        "get /api/chat/status/{id}",
        "get /api/chat/chunks/{id}",
        "get /api/chat/stream/{id}",
        "post /api/chat/cancel/{id}",
        "get /ws/chat/{id}",
        "get /api/chats",
        "get /api/chats/{chatId}",
        "patch /api/chats/{chatId}",
        "delete /api/chats/{chatId}",
        "get /api/chats/{chatId}/export",
        "get /api/search",
        "get /api/stats",
        "get /api/models",
        "get /api/tiers",
        "get /health",
        "post /api/session",
      ]),
    );
    const page = await (await call("/docs")).text();
    for (const [, address] of page.matchAll(/(?:src|href)="([^"]+)"/g)) expect(address).toMatch(/^\/[^/]/);
  });

  it("has a page of every error, where a problem's type leads", async () => {
    const { type } = await problem(await call("/api/nothing"), "not_found", 404);
    const page = await (await call(type)).text();
    for (const code of problemSchema.shape.code.options) expect(page).toContain(`id="${code}"`);
  });

  it("of an address there is not is a problem, and so is a method an address does not take", async () => {
    await problem(await call("/api/nothing"), "not_found", 404);
    await problem(await call("/api/chats/x/y/z"), "not_found", 404);
    for (const [method, path, allow] of [
      ["DELETE", "/api/models", "GET, HEAD"],
      ["GET", "/api/chat/generate", "POST"],
      ["PUT", "/api/chats/x", "DELETE, GET, HEAD, PATCH"],
      ["POST", "/health", "GET, HEAD"],
    ] as const) {
      const response = await call(path, { method });
      expect(response.headers.get("allow")).toBe(allow);
      await problem(response, "method_not_allowed", 405);
    }
  });

  it("every response names its request, by the caller's id where that is a sane one", async () => {
    const ids = { "request-0001": true, short: false, "with space in it": false, ["x".repeat(129)]: false };
    for (const [id, kept] of Object.entries(ids)) {
      const response = await call("/api/tiers", { headers: { "x-request-id": id } });
      expect(response.headers.get("x-request-id") === id).toBe(kept);
    }
    const streamed = await call(
      "/api/chat/generate",
      post({ prompt: fresh("id"), model: FAST }, { "x-request-id": "request-0002", accept: "text/plain" }),
    );
    expect(streamed.headers.get("x-request-id")).toBe("request-0002");
    await streamed.text();
  });
});
