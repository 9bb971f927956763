// Proves PROTOCOL.md, "Who is asking", as a table: who × call × result, over every operation of the description, sockets
// included. An operation without a row fails, and so does a row without an operation. Each call is made from another site's
// page as well, and every response of all these says what the page may do with it.
import { env } from "cloudflare:workers";
import { beforeAll, describe, expect, it } from "vitest";
import type { RunAsk } from "../../durable-objects/run-ask.ts";
import { madeTokenSchema, type Scope, shareReplySchema, type TokenRequest } from "../../protocol/access.ts";
import { problemSchema } from "../../protocol/problems.ts";
import type { GenerateReply } from "../../protocol/requests.ts";
import { createApp } from "../../workers/app.ts";
import { type Team, team } from "./access-team.ts";
import { type Deployment, deployment } from "./deployment.ts";
import { answer, bearer, call, fresh, model, type Person, person, post, read } from "./kit.ts";
import { Socket } from "./readers.ts";

const FAST = model("tokens-3-rate-0");
/** Somebody of whom nothing is kept. */
const UNKNOWN = "made:nobody";
const admin = bearer("token-of-the-admin");

interface Target extends GenerateReply {
  shared: string;
}

/** Whose it is: of no concern, nobody's in particular, the caller's own, a chat's owner's, the deployment's. */
type Belongs = "unasked" | "to all" | "to the caller" | "to an owner" | "to the deployment";

interface Row {
  call: string;
  belongs: Belongs;
  scope?: "read" | "ask" | "manage";
  /** The address, where it names something. */
  path?: (target: Target) => string;
  init?: (target: Target) => RequestInit;
}

const run = (prefix: string, suffix = "") => ({ path: ({ id }: Target) => `${prefix}/${id}${suffix}` });
const chat = (suffix = "") => ({ path: ({ chatId }: Target) => `/api/chats/${chatId}${suffix}` });
const shared = (suffix = "") => ({ path: (target: Target) => `/api/shared/${target.shared}${suffix}` });
const sends = (body: object) => ({ init: () => post(body) });

const TABLE: Row[] = [
  { call: "GET /api/models", belongs: "to all" },
  { call: "GET /api/tiers", belongs: "to all" },
  { call: "GET /health", belongs: "unasked" },
  { call: "GET /api/shared/{token}", belongs: "to all", ...shared() },
  { call: "GET /api/shared/{token}/export", belongs: "to all", ...shared("/export") },
  { call: "DELETE /api/session", belongs: "to all" },
  { call: "GET /api/me", belongs: "to the caller" },
  { call: "GET /api/me/export", belongs: "to the caller", scope: "read" },
  { call: "DELETE /api/me", belongs: "to the caller", scope: "manage" },
  { call: "GET /api/chats", belongs: "to the caller", scope: "read" },
  { call: "GET /api/search", belongs: "to the caller", scope: "read", path: () => "/api/search?q=word" },
  { call: "GET /api/stats", belongs: "to the caller", scope: "read" },
  { call: "GET /v1/models", belongs: "to the caller", scope: "read" },
  { call: "GET /api/workflows/list", belongs: "to the caller", scope: "read" },
  {
    call: "POST /api/chat/generate",
    belongs: "to an owner",
    scope: "ask",
    init: ({ chatId }) => post({ prompt: fresh("table"), chatId, model: FAST }),
  },
  {
    call: "POST /v1/chat/completions",
    belongs: "to an owner",
    scope: "ask",
    init: ({ chatId }) =>
      post({ model: FAST, messages: [{ role: "user", content: fresh("table") }] }, { "x-chat-id": chatId }),
  },
  {
    call: "POST /api/workflows/start",
    belongs: "to the caller",
    scope: "ask",
    ...sends({ prompt: "Why?", model: FAST }),
  },
  { call: "GET /api/chat/status/{id}", belongs: "to an owner", scope: "read", ...run("/api/chat/status") },
  { call: "GET /api/chat/chunks/{id}", belongs: "to an owner", scope: "read", ...run("/api/chat/chunks") },
  { call: "GET /api/chat/stream/{id}", belongs: "to an owner", scope: "read", ...run("/api/chat/stream") },
  { call: "POST /api/chat/cancel/{id}", belongs: "to an owner", scope: "ask", ...run("/api/chat/cancel") },
  {
    call: "GET /ws/chat/{id}",
    belongs: "to an owner",
    scope: "read",
    ...run("/ws/chat"),
    init: () => ({ headers: { upgrade: "websocket" } }),
  },
  { call: "GET /api/chats/{chatId}", belongs: "to an owner", scope: "read", ...chat() },
  {
    call: "PATCH /api/chats/{chatId}",
    belongs: "to an owner",
    scope: "manage",
    ...chat(),
    init: () => ({ ...post({ title: "mine" }), method: "PATCH" }),
  },
  { call: "GET /api/chats/{chatId}/export", belongs: "to an owner", scope: "read", ...chat("/export") },
  { call: "POST /api/chats/{chatId}/share", belongs: "to an owner", scope: "manage", ...chat("/share") },
  { call: "DELETE /api/chats/{chatId}/share", belongs: "to an owner", scope: "manage", ...chat("/share") },
  { call: "DELETE /api/chats/{chatId}", belongs: "to an owner", scope: "manage", ...chat() },
  ...["status", "chunks", "result", "timeline"].map(
    (what): Row => ({
      call: `GET /api/workflows/{id}/${what}`,
      belongs: "to an owner",
      scope: "read",
      ...run("/api/workflows", `/${what}`),
    }),
  ),
  {
    call: "POST /api/workflows/{id}/cancel",
    belongs: "to an owner",
    scope: "ask",
    ...run("/api/workflows", "/cancel"),
  },
  { call: "GET /api/admin/overview", belongs: "to the deployment" },
  { call: "GET /api/admin/tokens", belongs: "to the deployment" },
  { call: "POST /api/admin/tokens", belongs: "to the deployment", ...sends({ name: "table" }) },
  { call: "POST /api/admin/restore", belongs: "to the deployment", ...sends({ limit: 1 }) },
  {
    call: "GET /api/admin/people/{person}/export",
    belongs: "to the deployment",
    path: () => `/api/admin/people/${UNKNOWN}/export`,
  },
  {
    call: "DELETE /api/admin/people/{person}",
    belongs: "to the deployment",
    path: () => `/api/admin/people/${UNKNOWN}`,
  },
  { call: "DELETE /api/admin/tokens/{tokenId}", belongs: "to the deployment", path: () => "/api/admin/tokens/other" },
];
/** What becomes of it is told by who asks, so it has no row: proved in `identity.workerd.test.ts`. */
const ELSEWHERE = ["POST /api/session"];
/** Not in the description: open to all, or a door of its own, proved in `door.workerd.test.ts`. */
const UNDESCRIBED = [/^GET \/docs(\/.*)?$/, /^GET \/openapi\.json$/, /^(GET|POST) \/internal\/runs\/:id(\/[a-z]+)?$/];

/** What a caller proved to be. */
interface Caller {
  fetch: Deployment;
  headers: Record<string, string>;
  known: "bad" | "nobody" | "somebody" | "owner" | "admin";
  scopes?: readonly string[];
  /** Asks from a page of another site. */
  foreign?: true;
}

/** 401, 403 with its code, or let in, whatever else becomes of it then. */
type Outcome = "let in" | "unauthenticated" | "forbidden" | "not_yours";

function expected({ call, belongs, scope }: Row, { known, scopes, foreign }: Caller): Outcome {
  if (foreign && (!call.startsWith("GET ") || call.startsWith("GET /ws/"))) return "forbidden";
  if (belongs === "unasked") return "let in";
  if (known === "bad") return "unauthenticated";
  if (belongs === "to all") return "let in";
  if (known === "nobody") return "unauthenticated";
  if (belongs === "to the deployment") return known === "admin" ? "let in" : "forbidden";
  if (scope && scopes && !scopes.includes(scope)) return "forbidden";
  return belongs === "to the caller" || known === "owner" ? "let in" : "not_yours";
}

let owner: Person;
let callers: Record<string, Caller>;

async function madeToken(request: Partial<TokenRequest>) {
  return read(await admin.fetch("/api/admin/tokens", post({ name: "table", ...request })), madeTokenSchema, 201);
}

beforeAll(async () => {
  owner = await person();
  const access: Team = await team();
  const stranger: Team = await team();
  const [open, byToken, byAccess] = [deployment({}), deployment({ AUTH_MODE: "token" }), deployment(access.settings)];
  const token = (value: string) => ({ authorization: `Bearer ${value}` });
  const asserted = (value: string) => ({ "cf-access-jwt-assertion": value });
  const cookie = (value: string) => ({ cookie: `__Host-keepstream=${value}` });
  const origin = "https://evil.example";
  const [expired, revoked, reader, asker, manager] = await Promise.all([
    madeToken({ expiresAt: Date.now() - 1 }),
    madeToken({}),
    madeToken({ scopes: ["read"] }),
    madeToken({ scopes: ["ask"] }),
    madeToken({ scopes: ["manage"] }),
  ]);
  await admin.fetch(`/api/admin/tokens/${revoked.id}`, { method: "DELETE" });
  const issuer = access.settings.ACCESS_TEAM_DOMAIN as string;
  const named = { fetch: byAccess, known: "somebody" as const };
  callers = {
    "the owner": { fetch: open, headers: token(owner.token), known: "owner" },
    "the owner, by a cookie": { fetch: open, headers: cookie(owner.token), known: "owner" },
    "the owner, by a cookie, on another site's page": {
      fetch: open,
      headers: { ...cookie(owner.token), origin },
      known: "owner",
      foreign: true,
    },
    "the owner, by a token, on a page without an origin": {
      fetch: open,
      headers: { ...token(owner.token), origin: "null" },
      known: "owner",
      foreign: true,
    },
    "anybody, where it is open": { fetch: open, headers: {}, known: "somebody" },
    "another person": { fetch: open, headers: token((await person()).token), known: "somebody" },
    "a token of another tenant": { fetch: open, headers: token("token-of-the-team"), known: "somebody" },
    "a token that may read": { fetch: open, headers: token(reader.token), known: "somebody", scopes: ["read"] },
    "a token that may ask": { fetch: open, headers: token(asker.token), known: "somebody", scopes: ["ask"] },
    "a token that may manage": { fetch: open, headers: token(manager.token), known: "somebody", scopes: ["manage"] },
    "an expired token": { fetch: open, headers: token(expired.token), known: "bad" },
    "a revoked token": { fetch: open, headers: token(revoked.token), known: "bad" },
    "a token nobody gave": { fetch: open, headers: token("ks_nobody"), known: "bad" },
    "the admin": { fetch: open, headers: token("token-of-the-admin"), known: "admin" },
    "nobody, where tokens are needed": { fetch: byToken, headers: {}, known: "nobody" },
    "an expired token in a cookie, where tokens are needed": {
      fetch: byToken,
      headers: cookie(expired.token),
      known: "nobody",
    },
    "a revoked token in a cookie, where tokens are needed": {
      fetch: byToken,
      headers: cookie(revoked.token),
      known: "nobody",
    },
    "an anonymous session, where tokens are needed": { fetch: byToken, headers: token(owner.token), known: "bad" },
    "a token, where tokens are needed": { fetch: byToken, headers: token("token-of-the-team"), known: "somebody" },
    "the admin, where tokens are needed": { fetch: byToken, headers: token("token-of-the-admin"), known: "admin" },
    "whom Access let through": { ...named, headers: asserted(await access.assertion("ann@example.org")) },
    "nobody, behind Access": { fetch: byAccess, headers: {}, known: "nobody" },
    "an expired assertion": {
      fetch: byAccess,
      headers: asserted(await access.assertion("ann@example.org", {}, "-1m")),
      known: "nobody",
    },
    "an assertion for another application": {
      fetch: byAccess,
      headers: asserted(await access.assertion("ann@example.org", { aud: ["other"] })),
      known: "nobody",
    },
    "an assertion signed with another's key": {
      fetch: byAccess,
      headers: asserted(await stranger.assertion("ann@example.org", { iss: issuer })),
      known: "nobody",
    },
  };
});

async function outcome(row: Row, { fetch, headers, foreign }: Caller, target: Target): Promise<Outcome | number> {
  const [method = "", template = ""] = row.call.split(" ");
  const init = row.init?.(target) ?? {};
  const all = { ...(init.headers as Record<string, string> | undefined), ...headers };
  const response = await fetch(row.path?.(target) ?? template, { method, ...init, headers: all });
  if (response.status !== 101) {
    const said = (name: string) => response.headers.get(name);
    expect([said("x-content-type-options"), said("content-security-policy")], row.call).toEqual([
      "nosniff",
      expect.stringContaining("frame-ancestors 'none'"),
    ]);
    if (foreign) expect(said("access-control-allow-origin"), row.call).toBeNull();
  }
  response.webSocket?.accept();
  response.webSocket?.close();
  if (response.status === 401 || response.status === 403) {
    return problemSchema.parse(await response.json()).code as Outcome;
  }
  await response.body?.cancel();
  // Without a bridge or an archive some can't do what was asked; that is not who may ask it.
  return response.status >= 500 && response.status !== 503 ? response.status : "let in";
}

it("the table has a row for every operation, and no other", async () => {
  const { paths } = await (await call("/openapi.json")).json<{ paths: Record<string, object> }>();
  const operations = Object.entries(paths).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
  );
  expect([...TABLE.map((row) => row.call), ...ELSEWHERE].sort()).toEqual(operations.sort());
});

it("whatever else there is to be called is known, and stands beside the table for a reason", () => {
  const described = new Set([...TABLE.map((row) => row.call), ...ELSEWHERE]);
  const calls = createApp()
    .routes.filter(({ method }) => method !== "ALL")
    .map(({ method, path }) => `${method} ${path}`)
    .filter((each) => !described.has(each.replace(/:(\w+)/g, "{$1}")));
  expect(calls.length).toBeGreaterThan(0);
  expect(calls.filter((each) => !UNDESCRIBED.some((known) => known.test(each)))).toEqual([]);
});

describe.each(TABLE)("$call ($belongs)", (row) => {
  it("lets in whom it should, and nobody else", async () => {
    const { links, ...made } = await answer(owner, { prompt: fresh("table"), model: FAST });
    const reply = await owner.fetch(`/api/chats/${made.chatId}/share`, { method: "POST" });
    const target: Target = { ...made, links, shared: (await read(reply, shareReplySchema, 201)).token };
    const results: Record<string, unknown> = {};
    const wanted: Record<string, unknown> = {};
    // The owner comes last: they may delete it.
    for (const [who, caller] of Object.entries(callers).reverse()) {
      wanted[who] = expected(row, caller);
      results[who] = await outcome(row, caller, target);
    }
    expect(results).toEqual(wanted);
  });
});

describe("a socket's frames", () => {
  /** Somebody with these scopes, and a run of theirs that goes on, whoever asked for it. */
  async function withRun(scopes: Scope[]) {
    const { id, token } = await madeToken({ scopes });
    const ask: RunAsk = {
      prompt: fresh("frames"),
      tier: "mvp",
      provider: "compatible",
      model: model("tokens-3000-rate-1"),
      params: { temperature: null, maxOutputTokens: null, system: null },
      cache: { mode: "default", ttl: null, pace: "instant" },
      tenant: "open",
      recovery: "replace",
      idempotency: null,
    };
    const chat = env.CHAT.get(env.CHAT.newUniqueId());
    const started = await chat.generate(`made:${id}`, ask, { tenant: "open" });
    if (!started.ok) throw new Error(started.failure.detail);
    const state = async () => {
      const status = await chat.status(`made:${id}`, started.value.run);
      return status.ok && status.value.state;
    };
    const socket = await Socket.open(bearer(token), `/ws/chat/${started.value.id}?offset=-1`);
    return { socket, run: started.value.id, state, stop: () => chat.cancel(`made:${id}`, started.value.run) };
  }

  it("stop a run of who may ask, and of nobody else", async () => {
    const reader = await withRun(["read"]);
    reader.socket.send({ type: "cancel", run: reader.run });
    expect((await reader.socket.rest()).types()).not.toContain("run.ended");
    expect(await reader.socket.closed).toMatchObject({ code: 4403 });
    expect(await reader.state()).toBe("running");
    await reader.stop();

    const asker = await withRun(["read", "ask"]);
    asker.socket.send({ type: "cancel", run: asker.run });
    expect((await asker.socket.rest()).types()).toContain("run.ended");
    expect(await asker.state()).toBe("cancelled");
  });

  it("stop nothing in a chat that the socket is not of, whoever's that is", async () => {
    const [one, other] = [await withRun(["read", "ask"]), await withRun(["read", "ask"])];
    one.socket.send({ type: "cancel", run: other.run });
    await one.socket.rest();
    expect(await one.socket.closed).toMatchObject({ code: 4404 });
    expect(await other.state()).toBe("running");
    await Promise.all([one.stop(), other.stop()]);
    await other.socket.rest();
  });
});
