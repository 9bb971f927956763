// Proves PROTOCOL.md, "Who is asking", for each way in: tokens that an admin makes, Cloudflare Access, pages of other
// sites; and that a deployment open to anybody does not spend the money of its keys.
import { describe, expect, it } from "vitest";
import { madeTokenSchema, meReplySchema, personExportSchema, tokenListReplySchema } from "../../protocol/access.ts";
import { sessionReplySchema } from "../../protocol/requests.ts";
import { createAccess } from "../../workers/auth/access.ts";
import { team } from "./access-team.ts";
import { type Deployment, deployment } from "./deployment.ts";
import { answer, ask, bearer, call, fresh, model, post, problem, read } from "./kit.ts";
import { Socket, SseReader } from "./readers.ts";

const FAST = model("tokens-3-rate-0");
const admin = bearer("token-of-the-admin");

async function made(body: object) {
  return read(await admin.fetch("/api/admin/tokens", post(body)), madeTokenSchema, 201);
}
const withToken = (token: string) => ({ headers: { authorization: `Bearer ${token}` } });

describe("a token that the admin made", () => {
  it("lets in until it is revoked, and is told only once", async () => {
    const { token, id, ...told } = await made({ name: "a script" });
    expect(told).toMatchObject({ name: "a script", tenant: `made:${id}`, scopes: ["read", "ask", "manage"] });
    expect((await bearer(token).fetch("/api/chats")).status).toBe(200);
    const list = await (await admin.fetch("/api/admin/tokens")).text();
    expect(tokenListReplySchema.parse(JSON.parse(list)).tokens.map((each) => each.id)).toContain(id);
    expect(list).not.toContain(token);

    expect((await admin.fetch(`/api/admin/tokens/${id}`, { method: "DELETE" })).status).toBe(204);
    await problem(await bearer(token).fetch("/api/chats"), "unauthenticated", 401);
    expect((await admin.fetch(`/api/admin/tokens/${id}`, { method: "DELETE" })).status).toBe(204);
    await problem(await admin.fetch("/api/admin/tokens/other", { method: "DELETE" }), "not_found", 404);
  });

  it("lets in until it expires", async () => {
    const { token } = await made({ name: "short", expiresAt: Date.now() + 1_500 });
    expect((await bearer(token).fetch("/api/chats")).status).toBe(200);
    await expect.poll(async () => (await bearer(token).fetch("/api/chats")).status, { timeout: 10_000 }).toBe(401);
  });

  it("may do what its scopes say, and is told which one is missing", async () => {
    const reader = bearer((await made({ name: "reader", scopes: ["read"] })).token);
    expect((await reader.fetch("/api/chats")).status).toBe(200);
    const refused = await problem(await reader.fetch("/api/chat/generate", post({ prompt: "x" })), "forbidden", 403);
    expect(refused.detail).toContain("scope ask");
    const asker = bearer((await made({ name: "asker", scopes: ["ask"] })).token);
    await problem(await asker.fetch("/api/chats"), "forbidden", 403);
    expect((await asker.fetch("/api/chat/generate", post({ prompt: fresh("asker"), model: FAST }))).status).toBe(202);
  });

  it("is made by the admin alone", async () => {
    const { token } = await made({ name: "no admin" });
    for (const who of [bearer(token), bearer("token-of-the-team")]) {
      await problem(await who.fetch("/api/admin/tokens"), "forbidden", 403);
      await problem(await who.fetch("/api/admin/tokens", post({ name: "x" })), "forbidden", 403);
    }
    await problem(await call("/api/admin/tokens"), "forbidden", 403);
  });

  it.each([
    {},
    { name: "" },
    { name: "x", scopes: [] },
    { name: "x", scopes: ["all"] },
    { name: "x", tenant: "a b" },
    { name: "x", limits: { asksPerMinute: 0 } },
  ])("is not made from %j", async (body) => {
    await problem(await admin.fetch("/api/admin/tokens", post(body)), "bad_request", 400);
  });
});

describe("a token for the person of another one", () => {
  it("has their chats, whatever became of the first, and what its own scopes and end allow", async () => {
    const first = await made({ name: "Ann", tenant: "shop", limits: { asksPerMinute: 100 } });
    const { chatId } = await answer(bearer(first.token), { prompt: fresh("Ann"), model: FAST });
    const second = await made({ name: "Ann again", person: first.person });
    expect([second.person, second.tenant, second.limits]).toEqual([first.person, "org:shop", {}]);
    const narrow = await made({ name: "Ann's reader", person: first.person, scopes: ["read"] });
    expect((await admin.fetch(`/api/admin/tokens/${first.id}`, { method: "DELETE" })).status).toBe(204);

    await problem(await bearer(first.token).fetch(`/api/chats/${chatId}`), "unauthenticated", 401);
    const ann = bearer(second.token);
    expect(await read(await ann.fetch("/api/me"), meReplySchema)).toMatchObject({ person: `made:${first.id}` });
    await answer(ann, { chatId, prompt: fresh("Ann again"), model: FAST });
    const reader = bearer(narrow.token);
    expect((await reader.fetch(`/api/chats/${chatId}`)).status).toBe(200);
    expect((await reader.fetch("/api/me/export")).status).toBe(200);
    await problem(await reader.fetch("/api/chat/generate", post({ prompt: "x", chatId })), "forbidden", 403);
    await problem(await reader.fetch("/api/me", { method: "DELETE" }), "forbidden", 403);

    const { tokens } = await read(await admin.fetch("/api/admin/tokens"), tokenListReplySchema);
    const hers = tokens.filter(({ person }) => person === first.person);
    expect(hers.map(({ id }) => id)).toEqual([narrow.id, second.id, first.id]);
    expect((await ann.fetch("/api/me", { method: "DELETE" })).status).toBe(204);
    await problem(await reader.fetch(`/api/chats/${chatId}`), "unknown_chat", 404);
  });

  it("goes on reading and asking when the first one is revoked, whose readers are sent away", async () => {
    const first = await made({ name: "first" });
    const second = await made({ name: "second", person: first.person });
    const [one, two] = [bearer(first.token), bearer(second.token)];
    const { id, chatId } = await ask(one, { prompt: fresh("both"), model: model("tokens-3000-rate-5") });
    const streams = await Promise.all([one, two].map((who) => who.fetch(`/api/chat/stream/${id}`)));
    const [hers, others] = streams.map((stream) => new SseReader(stream));
    const sockets = await Promise.all([one, two].map((who) => Socket.open(who, `/ws/chat/${chatId}?offset=-1`)));
    await admin.fetch(`/api/admin/tokens/${first.id}`, { method: "DELETE" });
    expect((await hers?.rest())?.map(({ record }) => record.type)).not.toContain("run.ended");
    expect(await sockets[0]?.closed).toMatchObject({ code: 4401 });
    await problem(await one.fetch("/api/chat/generate", post({ prompt: "x", chatId })), "unauthenticated", 401);
    expect((await two.fetch(`/api/chat/cancel/${id}`, { method: "POST" })).status).toBe(200);
    expect((await others?.rest())?.at(-1)?.record).toMatchObject({ type: "run.ended", status: "cancelled" });
    await sockets[1]?.until(({ record }) => record.type === "run.ended");
    await answer(two, { chatId, prompt: fresh("goes on"), model: FAST });
  });

  it.each(["made:nobody", "admin", "anon:0", "named:team", ""])("is not made for %j", async (person) => {
    await problem(await admin.fetch("/api/admin/tokens", post({ name: "x", person })), "bad_request", 400);
  });
});

describe("a person whose token is gone", () => {
  it("is exported and erased by the admin", async () => {
    const { id, person, token } = await made({ name: "Bob" });
    const word = fresh("Bob");
    const { chatId } = await answer(bearer(token), { prompt: word, model: FAST });
    await admin.fetch(`/api/admin/tokens/${id}`, { method: "DELETE" });
    const path = `/api/admin/people/${encodeURIComponent(person)}`;
    const all = await read(await admin.fetch(`${path}/export`), personExportSchema);
    expect(all).toMatchObject({ person, tokens: [{ id, name: "Bob" }], chats: [{ id: chatId }] });
    expect(all.chats[0]?.messages[0]?.text).toBe(word);
    expect((await admin.fetch(path, { method: "DELETE" })).status).toBe(204);
    expect((await read(await admin.fetch(`${path}/export`), personExportSchema)).chats).toEqual([]);
    const again = bearer((await made({ name: "Bob again", person })).token);
    await problem(await again.fetch(`/api/chats/${chatId}`), "unknown_chat", 404);
  });

  it("who never was is not found, and not made by being asked for", async () => {
    for (const [method, suffix] of [
      ["GET", "/export"],
      ["DELETE", ""],
    ] as const) {
      await problem(await admin.fetch(`/api/admin/people/made:nobody${suffix}`, { method }), "not_found", 404);
    }
  });
});

describe("a browser with a token", () => {
  it("comes in by a cookie from then on, until it goes out", async () => {
    const response = await bearer("token-of-the-team").fetch("/api/session", { method: "POST" });
    const cookie = response.headers.get("set-cookie") ?? "";
    expect(cookie).toMatch(/^__Host-keepstream=[^;]+; Max-Age=34560000; Path=\/; HttpOnly; Secure; SameSite=Lax$/);
    expect(await read(response, sessionReplySchema, 201)).toEqual({ person: "named:team", token: "token-of-the-team" });
    const headers = { cookie: cookie.split(";")[0] ?? "" };
    const again = await call("/api/chat/generate", post({ prompt: fresh("cookie"), model: FAST }, headers));
    expect([again.status, again.headers.get("set-cookie")]).toEqual([202, null]);
    const out = await call("/api/session", { method: "DELETE", headers });
    expect([out.status, out.headers.get("set-cookie")]).toEqual([204, expect.stringContaining("Max-Age=0")]);
  });
});

describe("where people are known by their tokens", () => {
  const fetch = deployment({ AUTH_MODE: "token" });

  it("nobody is somebody new", async () => {
    const { token } = await read(await call("/api/session", { method: "POST" }), sessionReplySchema, 201);
    for (const init of [undefined, withToken(token), { headers: { cookie: `__Host-keepstream=${token}` } }]) {
      const refused = await fetch("/api/chats", init);
      expect(refused.headers.get("www-authenticate")).toBe("Bearer");
      await problem(refused, "unauthenticated", 401);
    }
    await problem(await fetch("/api/session", { method: "POST" }), "unauthenticated", 401);
    await problem(await fetch("/api/chat/generate", post({ prompt: "x" })), "unauthenticated", 401);
  });

  it("everybody sees what the deployment can do, and how it is", async () => {
    for (const path of ["/api/models", "/api/tiers", "/health", "/openapi.json", "/docs"]) {
      expect([path, (await fetch(path)).status]).toEqual([path, 200]);
    }
  });

  it("a token lets in", async () => {
    expect((await fetch("/api/chats", withToken("token-of-the-team"))).status).toBe(200);
  });

  it("does not start when no token could let anybody in", async () => {
    const locked = deployment({ AUTH_MODE: "token", API_TOKENS: "", ADMIN_TOKEN: "" });
    await problem(await locked("/api/tiers"), "internal", 500);
  });
});

describe("behind Cloudflare Access", () => {
  const asserted = (assertion: string) => ({ headers: { "cf-access-jwt-assertion": assertion } });

  /** One door, and a clock of its own. */
  async function timed() {
    const { settings, ...rest } = await team();
    const [issuer = "", audiences = ""] = [settings.ACCESS_TEAM_DOMAIN, settings.ACCESS_AUD];
    let now = Date.now();
    const access = createAccess({ issuer, audiences: audiences.split(", ") }, () => now);
    const pass = (ms: number) => {
      now += ms;
    };
    return { ...rest, access, tenant: `access:${issuer}`, pass };
  }

  it("a good assertion is a person, and each its own", async () => {
    const { settings, assertion } = await team();
    const fetch = deployment(settings);
    const [ann, bob] = [asserted(await assertion("ann@example.org")), asserted(await assertion("bob@example.org"))];
    const ask = post({ prompt: fresh("access"), model: FAST }, ann.headers);
    const { chatId } = await (await fetch("/api/chat/generate", ask)).json<{ chatId: string }>();
    expect((await fetch(`/api/chats/${chatId}`, ann)).status).toBe(200);
    await problem(await fetch(`/api/chats/${chatId}`, bob), "not_yours", 403);
    const machine = asserted(await assertion("", { sub: "", common_name: "a-service.access" }));
    expect((await fetch("/api/chats", machine)).status).toBe(200);
    expect((await fetch("/api/chats", withToken("token-of-the-team"))).status).toBe(200);
  });

  it("no assertion, or one that is not good, is nobody", async () => {
    const [{ settings, assertion }, other] = [await team(), await team()];
    const fetch = deployment(settings);
    const good = await assertion("ann@example.org");
    const bad = {
      expired: await assertion("ann@example.org", {}, "-1m"),
      "of another application": await assertion("ann@example.org", { aud: ["somebody else's"] }),
      "of another issuer": await assertion("ann@example.org", { iss: "https://other.cloudflareaccess.com" }),
      "not valid yet": await assertion("ann@example.org", { nbf: Math.floor(Date.now() / 1000) + 600 }),
      "signed with another's key": await other.assertion("ann@example.org", {
        iss: settings.ACCESS_TEAM_DOMAIN as string,
      }),
      "changed on the way": `${good.slice(0, -6)}AAAAAA`,
      unsigned: `${btoa('{"alg":"none"}')}.${good.split(".")[1]}.`,
      nonsense: "x",
    };
    for (const [what, each] of Object.entries(bad)) {
      expect([what, (await fetch("/api/chats", asserted(each))).status]).toEqual([what, 401]);
    }
    await problem(await fetch("/api/chats"), "unauthenticated", 401);
    // The cookie is not what Access vouches for.
    await problem(
      await fetch("/api/chats", { headers: { cookie: `CF_Authorization=${good}` } }),
      "unauthenticated",
      401,
    );
    await problem(await call("/api/chats", asserted(good)).then(() => fetch("/api/chats")), "unauthenticated", 401);
  });

  it("its keys are fetched once", async () => {
    const { settings, assertion, asked } = await team();
    const fetch = deployment(settings);
    const first = asserted(await assertion("ann@example.org"));
    for (let i = 0; i < 5; i++) expect((await fetch("/api/chats", first)).status).toBe(200);
    expect(await asked()).toBe(1);
  });

  it("its keys are fetched again when they were rotated, and after a while, by the same deployment", async () => {
    const { access, tenant, assertion, rotate, asked, pass } = await timed();
    const first = await assertion("ann@example.org");
    expect(await access(first)).toMatchObject({ ok: true, value: { person: "access:ann@example.org" } });
    await rotate();
    const second = await assertion("ann@example.org");
    // Not yet: a made-up key id would make us ask each time.
    expect([await access(second), await asked()]).toEqual([{ ok: true, value: undefined }, 1]);
    pass(30_000);
    for (const each of [second, first]) expect(await access(each)).toMatchObject({ ok: true, value: { tenant } });
    expect(await asked()).toBe(2);
    pass(10 * 60_000);
    for (const each of [second, first]) expect(await access(each)).toMatchObject({ ok: true, value: { tenant } });
    expect(await asked()).toBe(3);
  });

  it.each([404, 500, 302])(
    "while its keys are answered by %i the last good ones stand, and what they can't tell is told",
    async (status) => {
      const { access, tenant, assertion, rotate, answers, asked, pass } = await timed();
      const first = await assertion("ann@example.org");
      await access(first);
      await answers(status);
      pass(24 * 3_600_000);
      for (let i = 0; i < 3; i++) expect(await access(first)).toMatchObject({ ok: true, value: { tenant } });
      expect(await asked()).toBe(2);
      const failure = { code: "access_unreachable", retryAfter: 5 };
      await rotate();
      await answers(status);
      const second = await assertion("ann@example.org");
      expect(await access(second)).toMatchObject({ ok: false, failure });
      expect(await asked()).toBe(2);
      await answers(200);
      pass(5_000);
      expect(await access(second)).toMatchObject({ ok: true, value: { tenant } });
    },
  );

  it("whose keys were never to be had, nobody is refused for it", async () => {
    const { settings, assertion, answers } = await team();
    const fetch = deployment(settings);
    const refused = deployment({ ...settings, ACCESS_TEAM_DOMAIN: "http://127.0.0.1:9" });
    const good = asserted(await assertion("ann@example.org"));
    await answers(404);
    for (const each of [fetch, refused]) {
      const response = await each("/api/chats", good);
      expect(response.headers.get("retry-after")).toBe("5");
      await problem(response, "access_unreachable", 503);
      expect((await each("/api/chats", withToken("token-of-the-team"))).status).toBe(200);
      await problem(await each("/api/chats", asserted("nonsense")), "unauthenticated", 401);
    }
    await answers(200);
    expect((await fetch("/api/chats", good)).status).toBe(200);
  });
});

describe("a deployment that is open to anybody and has keys", () => {
  const paid = { SCRIPTED_PROVIDERS: "" };
  const ask = (fetch: Deployment, headers = {}) =>
    fetch("/api/chat/generate", post({ prompt: fresh("open"), model: FAST }, headers));

  it("does not spend their money on strangers, and says what to set", async () => {
    const refused = await problem(await ask(deployment(paid)), "forbidden", 403);
    expect(refused.detail).toMatch(/AUTH_MODE.*ALLOW_OPEN/);
    expect((await deployment(paid)("/api/chats")).status).toBe(200);
  });

  it("does for whoever holds a token, where that is allowed, on this machine, and with a scripted model", async () => {
    expect((await ask(deployment(paid), { authorization: "Bearer token-of-the-team" })).status).toBe(202);
    expect((await ask(deployment({ ...paid, ALLOW_OPEN: "yes" }))).status).toBe(202);
    expect((await ask(deployment(paid, "http://localhost:8787"))).status).toBe(202);
    expect((await ask(deployment({}))).status).toBe(202);
  });
});

describe("a page of another site", () => {
  const foreign = { origin: "https://evil.example" };

  it("changes nothing and opens no socket, whatever it brings", async () => {
    const { token } = await read(await call("/api/session", { method: "POST" }), sessionReplySchema, 201);
    const id = "0".repeat(64);
    for (const headers of [foreign, { origin: "null" }, { ...foreign, authorization: `Bearer ${token}` }]) {
      const calls: [string, RequestInit][] = [
        ["/api/chat/generate", post({ prompt: "x" }, headers)],
        [`/api/chats/${id}`, { method: "DELETE", headers }],
        [`/api/chat/cancel/${id}.1`, { method: "POST", headers }],
        ["/api/session", { method: "POST", headers }],
        [`/ws/chat/${id}`, { headers: { ...headers, upgrade: "websocket" } }],
      ];
      for (const [path, init] of calls) await problem(await call(path, init), "forbidden", 403);
    }
    const read_ = await call("/api/tiers", { headers: foreign });
    expect([read_.status, read_.headers.get("access-control-allow-origin")]).toEqual([200, null]);
  });

  it("that is named, and the deployment's own, may", async () => {
    const origin = "https://friend.example";
    const before = await call("/api/chat/generate", {
      method: "OPTIONS",
      headers: { origin, "access-control-request-method": "POST" },
    });
    expect([before.status, before.headers.get("access-control-allow-origin")]).toEqual([204, origin]);
    expect(before.headers.get("access-control-allow-headers")).toContain("authorization");
    expect(before.headers.get("access-control-allow-headers")).toContain("traceparent");
    expect(before.headers.get("access-control-allow-credentials")).toBeNull();
    const asked = await call("/api/chat/generate", post({ prompt: fresh("friend"), model: FAST }, { origin }));
    expect([asked.status, asked.headers.get("access-control-allow-origin")]).toEqual([202, origin]);
    expect(asked.headers.get("access-control-expose-headers")).toContain("ratelimit");
    const own = post({ prompt: fresh("own"), model: FAST }, { origin: "https://keepstream.test" });
    expect((await call("/api/chat/generate", own)).status).toBe(202);
  });
});

describe("every response", () => {
  it("says that it may be shown in nothing and run nothing", async () => {
    for (const path of ["/api/tiers", "/api/chats", "/api/nothing", "/openapi.json", "/health"]) {
      const { headers } = await call(path);
      expect(headers.get("content-security-policy")).toBe("default-src 'none'; frame-ancestors 'none'");
      expect(headers.get("x-content-type-options")).toBe("nosniff");
      expect(headers.get("strict-transport-security")).toMatch(/^max-age=\d{8}$/);
    }
    const { headers } = await call("/docs");
    expect(headers.get("content-security-policy")).toMatch(/script-src 'self';/);
  });
});
