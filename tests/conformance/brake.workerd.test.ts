// Proves PROTOCOL.md, "What a person may use": the brake of the platform, by person, by stranger's address, and by the
// address of all who share one.
import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { sessionReplySchema } from "../../protocol/requests.ts";
import { type Deployment, deployment } from "./deployment.ts";
import { problem, read } from "./kit.ts";

const LIMIT = 600;
const from = (address: string, more: Record<string, string> = {}) => ({
  headers: { "cf-connecting-ip": address, ...more },
});
const bearer = (token: string) => ({ authorization: `Bearer ${token}` });

/** Asks until the brake holds: how often it was let through before, and as what. Its minute may end meanwhile, once. */
async function flood(fetch: Deployment, path: string, init: RequestInit) {
  const before: number[] = [];
  for (let asked = 0, some = 1; asked < 2 * LIMIT + 200; asked += some, some = 100) {
    const replies = await Promise.all(Array.from({ length: some }, () => fetch(path, init)));
    const braked = replies.find(({ status }) => status === 429);
    before.push(...replies.flatMap(({ status }) => (status === 429 ? [] : [status])));
    for (const reply of replies) if (reply !== braked) await reply.body?.cancel();
    if (!braked) continue;
    expect(braked.headers.get("retry-after")).toBe("60");
    await problem(braked, "rate_limited", 429);
    return { before: before.length, as: [...new Set(before)] };
  }
  throw new Error(`nothing was braked: ${before.length} requests`);
}

describe("a flood", { timeout: 90_000 }, () => {
  it("of strangers from one address is braked, whatever they ask for, and others are not", async () => {
    const fetch = deployment({ AUTH_MODE: "token" });
    const { before, as } = await flood(fetch, "/docs/errors", from("192.0.2.1"));
    expect([before >= LIMIT, as]).toEqual([true, [200]]);
    for (const path of ["/health", "/openapi.json", "/docs", "/api/tiers"]) {
      await flood(fetch, path, from("192.0.2.1"));
    }
    // A guessed token, before anybody is asked about it.
    await flood(fetch, "/api/chats", from("192.0.2.1", bearer("ks_guess")));
    expect((await fetch("/health", from("192.0.2.2"))).status).toBe(200);
    expect((await fetch("/api/tiers", from("192.0.2.1", bearer("token-of-the-team")))).status).toBe(200);
    // On this machine nobody is braked.
    expect((await deployment({}, "http://localhost:8787")("/api/tiers", from("192.0.2.1"))).status).toBe(200);
  });

  it("of whoever is refused is braked with all of its address", async () => {
    // With the smaller of the two limits, which is reached sooner.
    const fetch = deployment({ AUTH_MODE: "token", BRAKE_ADDRESS: env.BRAKE });
    const { before, as } = await flood(fetch, "/api/chats", from("192.0.2.3"));
    expect([before >= LIMIT, as]).toEqual([true, [401]]);
    await flood(fetch, "/ws/chat/x", from("192.0.2.3", { upgrade: "websocket" }));
    await flood(fetch, "/v1/models", from("192.0.2.3", bearer("token-of-the-team")));
    expect((await fetch("/api/chats", from("192.0.2.4", bearer("token-of-the-team")))).status).toBe(200);
  });

  it("of one person is braked, and the many behind the same address are not", async () => {
    const fetch = deployment({});
    const [loud = {}, ...quiet] = await Promise.all(
      Array.from({ length: 5 }, async () => {
        const session = await fetch("/api/session", { method: "POST" });
        return from("192.0.2.5", bearer((await read(session, sessionReplySchema, 201)).token));
      }),
    );
    const { before, as } = await flood(fetch, "/api/tiers", loud);
    expect([before >= LIMIT, as]).toEqual([true, [200]]);
    const others = await Promise.all(
      quiet.flatMap((each) =>
        Array(50)
          .fill(each)
          .map(() => fetch("/api/tiers", each)),
      ),
    );
    expect(new Set(others.map(({ status }) => status))).toEqual(new Set([200]));
  });
});

it("what a refused caller sends is not read", async () => {
  let pulled = 0;
  const body = new ReadableStream<Uint8Array>({
    pull(controller) {
      pulled += 1;
      controller.enqueue(new Uint8Array(100_000));
    },
  });
  const init = { method: "POST", body, duplex: "half", headers: { "content-type": "application/json" } };
  const refused = await deployment({ AUTH_MODE: "token" })("/api/chat/generate", init as RequestInit);
  await problem(refused, "unauthenticated", 401);
  expect(pulled).toBeLessThanOrEqual(1);
});
