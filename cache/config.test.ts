import { describe, expect, test } from "vitest";
import { parseCacheConfig } from "./config.ts";

describe("the cache's settings", () => {
  test("may all be missing, or blank", () => {
    expect(parseCacheConfig({})).toEqual({ redis: null, ttl: 3600, lookUpMs: 200 });
    const blank = { UPSTASH_REDIS_REST_URL: " ", UPSTASH_REDIS_REST_TOKEN: "", CACHE_TTL_SECONDS: "" };
    expect(parseCacheConfig(blank)).toEqual({ redis: null, ttl: 3600, lookUpMs: 200 });
  });

  test("switch the cache on when both address and token are there", () => {
    const address = { UPSTASH_REDIS_REST_URL: "http://127.0.0.1:9" };
    expect(parseCacheConfig(address).redis).toBeNull();
    const redis = { url: "http://127.0.0.1:9", token: "t" };
    expect(parseCacheConfig({ ...address, UPSTASH_REDIS_REST_TOKEN: "t", CACHE_TTL_SECONDS: "60" })).toEqual({
      redis,
      ttl: 60,
      lookUpMs: 200,
    });
  });

  test.each([
    [{ UPSTASH_REDIS_REST_URL: "redis://127.0.0.1" }, /UPSTASH_REDIS_REST_URL must be an address/],
    [{ CACHE_TTL_SECONDS: "an hour" }, /CACHE_TTL_SECONDS must be a whole number of seconds/],
    [{ CACHE_LOOK_UP_MS: "0" }, /CACHE_LOOK_UP_MS must be a whole number of milliseconds/],
    [{ CACHE_TTL_SECONDS: "0" }, /CACHE_TTL_SECONDS/],
  ])("that are wrong are named: %j", (environment, message) => {
    expect(() => parseCacheConfig(environment)).toThrow(message);
  });
});
