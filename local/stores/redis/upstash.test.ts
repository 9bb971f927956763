// Upstash's own driver against the endpoint, over the embedded store and over a real Redis.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Redis } from "@upstash/redis";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { RedisServer, withoutRealStores } from "../../../tests/stores/servers.ts";
import { type Endpoint, startEndpoint } from "../endpoint.ts";

const KINDS = [
  { kind: "the embedded store", absent: undefined },
  { kind: "a real Redis", absent: withoutRealStores },
] as const;

describe.each(KINDS)("over $kind", ({ kind, absent }) => {
  if (absent) return it.skip(absent);
  const folder = mkdtempSync(join(tmpdir(), "keepstream-upstash-"));
  let server: RedisServer | undefined;
  let endpoint: Endpoint;
  let redis: Redis;
  let post: (path: string, body: unknown, headers?: Record<string, string>) => Promise<Response>;

  beforeAll(async () => {
    server = kind === "a real Redis" ? await RedisServer.start() : undefined;
    const store = server ? { url: server.url } : { folder };
    endpoint = await startEndpoint({ protocol: "upstash", store, secret: "secret" });
    const url = `http://127.0.0.1:${endpoint.port}`;
    redis = new Redis({ url, token: "secret", retry: { retries: 0 } });
    post = (path, body, headers = { authorization: "Bearer secret" }) =>
      fetch(url + path, { method: "POST", body: JSON.stringify(body), headers });
  });
  afterAll(async () => {
    await endpoint.close();
    await server?.dispose();
    rmSync(folder, { recursive: true });
  });

  it("keeps values of every kind, with their time", async () => {
    const value = { text: "日本 🙂", list: [1, "OK"] };
    expect(await redis.set("value", value, { ex: 100, nx: true })).toBe("OK");
    expect(await redis.set("value", "another", { ex: 100, nx: true })).toBeNull();
    expect(await redis.get("value")).toEqual(value);
    expect(await redis.ttl("value")).toBe(100);
    expect(await redis.set("value", "OK", { get: true })).toEqual(value);
    expect(await redis.get("value")).toBe("OK");
    expect(await redis.get("nothing")).toBeNull();
  });

  it("counts in hashes", async () => {
    expect(await redis.hincrby("counts", "hits", 2)).toBe(2);
    expect(await redis.hincrbyfloat("counts", "money", 0.1)).toBe(0.1);
    expect(await redis.hincrbyfloat("counts", "money", 0.2)).toBe(0.3);
    expect(await redis.hgetall("counts")).toEqual({ hits: 2, money: "0.3" });
    expect(await redis.hmget("counts", "hits", "none")).toEqual({ hits: 2, none: null });
  });

  it("runs a pipeline on past an error", async () => {
    const response = await post("/pipeline", [
      ["SET", "p", "x"],
      ["HGET", "p", "f"],
      ["WHAT", "1"],
      ["GET", "p"],
    ]);
    expect(response.status).toBe(200);
    expect(await response.json()).toEqual([
      { result: "OK" },
      { error: "WRONGTYPE Operation against a key holding the wrong kind of value" },
      { error: expect.stringMatching(/^ERR unknown command 'WHAT', with args beginning with: '1'/) },
      { result: "x" },
    ]);
  });

  it("runs a transaction, or none of it", async () => {
    expect(await redis.multi().incr("t").incrby("t", 4).get("t").exec()).toEqual([1, 5, 5]);
    const failed = await post("/multi-exec", [["INCR", "t"], ["INCR"]]);
    expect(failed.status).toBe(400);
    expect(await failed.json()).toEqual({ error: expect.stringMatching(/^EXECABORT Transaction discarded/) });
    const broken = await post("/multi-exec", [
      ["INCR", "t"],
      ["HGET", "t", "f"],
    ]);
    expect(await broken.json()).toEqual([{ result: 6 }, { error: expect.stringMatching(/^WRONGTYPE/) }]);
  });

  it("encodes every string but OK when asked to", async () => {
    const encoding = { authorization: "Bearer secret", "upstash-encoding": "base64" };
    expect(await (await post("/", ["SET", "e", "é"], encoding)).json()).toEqual({ result: "OK" });
    expect(await (await post("/", ["GET", "e"], encoding)).json()).toEqual({ result: "w6k=" });
    expect(await (await post("/", ["MGET", "e", "none"], encoding)).json()).toEqual({ result: ["w6k=", null] });
    expect(await (await post("/", ["PING"])).json()).toEqual({ result: "PONG" });
  });

  it("answers errors as Upstash does", async () => {
    const told = async (response: Response) => [response.status, await response.json()];
    expect(await told(await post("/", ["GET"]))).toEqual([
      400,
      { error: "ERR wrong number of arguments for 'get' command" },
    ]);
    expect(await told(await post("/", { not: "a command" }))).toEqual([400, { error: "ERR failed to parse command" }]);
    expect(await told(await post("/", ["PING"], { authorization: "Bearer other" }))).toEqual([
      401,
      { error: "WRONGPASS invalid or missing auth token" },
    ]);
    await expect(redis.hget("value", "field")).rejects.toThrow("WRONGTYPE");
  });

  it("gives a sync token back", async () => {
    const response = await post("/", ["PING"], { authorization: "Bearer secret", "upstash-sync-token": "abc" });
    expect(response.headers.get("upstash-sync-token")).toBe("abc");
  });

  if (kind === "a real Redis") {
    it("says at once that Redis is away, and goes on when it is back", async () => {
      await server?.kill();
      await expect.poll(async () => (await post("/", ["PING"])).status).toBe(503);
      await server?.start();
      await expect.poll(async () => (await post("/", ["PING"])).status, { timeout: 10_000 }).toBe(200);
    });
  }
});
