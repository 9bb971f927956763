// What a cache that fails does to those who ask it. That it keeps and finds is proven against real endpoints.
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, test } from "vitest";
import { Outage } from "../protocol/outage.ts";
import { type CacheClock, platformClock } from "./budget.ts";
import type { KeptAnswer } from "./kept-answer.ts";
import { CACHE_OUTAGE } from "./outage.ts";
import { ResponseCache } from "./response-cache.ts";

const answer: KeptAnswer = {
  text: "Because.",
  finish: "stop",
  pace: [8, 120],
  inputTokens: 10,
  outputTokens: 2,
  cost: null,
  firstTokenMs: 120,
  totalMs: 800,
  madeAt: 0,
  keptUntil: Number.MAX_SAFE_INTEGER,
};

let server: Server | undefined;
afterEach(() => {
  server?.closeAllConnections();
  server?.close();
});

/** An endpoint that does with each request what it is told. */
async function endpoint(reply: Parameters<typeof createServer>[1]): Promise<string> {
  const listening = createServer(reply as never);
  server = listening;
  await new Promise<void>((resolve) => listening.listen(0, "127.0.0.1", resolve));
  return `http://127.0.0.1:${(listening.address() as AddressInfo).port}`;
}

function cacheAt(url: string, timer: CacheClock["timer"] = platformClock.timer) {
  const said: string[] = [];
  const outage = new Outage(CACHE_OUTAGE, (message) => said.push(message));
  return { cache: new ResponseCache({ url, token: "t" }, 200, outage, { now: () => 1, timer }), said };
}

describe("a cache", () => {
  test("that refuses, fails or hangs is unavailable; each is asked once, and it is told of once", async () => {
    let asked = 0;
    const hanging = await endpoint(() => void asked++);
    const { cache, said } = cacheAt(hanging);
    expect([await cache.find("k"), await cache.find("k")]).toEqual([{ kind: "unavailable" }, { kind: "unavailable" }]);
    expect([asked, said.length]).toEqual([2, 1]);
    server?.closeAllConnections();
    server?.close();
    expect(await cache.find("k")).toEqual({ kind: "unavailable" });
    await expect(cache.keep("k", answer)).rejects.toThrow();
    expect(said).toHaveLength(1);
  });

  test("that fails with an error is asked once", async () => {
    let asked = 0;
    const failing = await endpoint((_, response) => {
      asked += 1;
      response.writeHead(500).end('{"error":"no"}');
    });
    expect(await cacheAt(failing).cache.find("k")).toEqual({ kind: "unavailable" });
    expect(asked).toBe(1);
  });

  test("whose reply was there when a busy thread's timer rang is heard; each look-up waits for its own", async () => {
    const replies: (() => void)[] = [];
    const url = await endpoint((_, response) => {
      replies.push(() => response.end(JSON.stringify({ result: JSON.stringify(answer) })));
    });
    const rings: (() => void)[] = [];
    const { cache } = cacheAt(url, (_, over) => {
      rings.push(over);
      return () => {};
    });
    const [one, other] = [cache.find("one"), cache.find("other")];
    await expect.poll(() => replies.length).toBe(2);
    // The first slice of both, then the three that only the first look-up has left.
    for (const ring of [0, 1, 2, 4, 5]) rings[ring]?.();
    expect(await one).toEqual({ kind: "unavailable" });
    for (const reply of replies) reply();
    expect(await other).toEqual({ kind: "hit", answer });
  });

  test("that has what is no answer has none, nor one that should be gone", async () => {
    let value: unknown = "nonsense";
    const url = await endpoint((_, response) => {
      response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify({ result: value }));
    });
    const { cache } = cacheAt(url);
    expect(await cache.find("k")).toEqual({ kind: "miss" });
    value = null;
    expect(await cache.find("k")).toEqual({ kind: "miss" });
    value = JSON.stringify({ ...answer, keptUntil: 0 });
    expect(await cache.find("k")).toEqual({ kind: "miss" });
    value = JSON.stringify(answer);
    expect(await cache.find("k")).toEqual({ kind: "hit", answer });
  });

  test("takes no answer that is too large, and none whose time is over", async () => {
    const { cache } = cacheAt("http://127.0.0.1:1");
    expect(await cache.keep("k", { ...answer, text: "é".repeat(450_000) })).toBe(false);
    expect(await cache.keep("k", { ...answer, keptUntil: 1 })).toBe(true);
  });
});
