import { expect, it } from "vitest";
import { chooseStores } from "./choose.ts";

const chosen = (given: Record<string, string>) => chooseStores(given, "/data");

it("without settings both stores are embedded, under the data folder", () => {
  expect(chosen({})).toMatchObject([
    { part: "cache", state: "embedded", store: { folder: "/data/redis" } },
    { part: "archive", state: "embedded", store: { folder: "/data/postgres" } },
  ]);
});

it("a real server is used when it is named, and its password is not shown", () => {
  const url = "postgresql://me:very-secret@db.example/x";
  expect(chosen({ REDIS_URL: "redis://localhost:6379", POSTGRES_URL: url })).toEqual([
    {
      ...{ part: "cache", state: "real", store: { url: "redis://localhost:6379" } },
      why: "redis://localhost:6379, by REDIS_URL",
    },
    { part: "archive", state: "real", store: { url }, why: "postgresql://me:***@db.example/x, by POSTGRES_URL" },
  ]);
});

it("what the person set for the Worker is left alone, and off is off", () => {
  const own = { UPSTASH_REDIS_REST_URL: "https://x.upstash.io", REDIS_URL: "redis://localhost", POSTGRES_URL: "off" };
  expect(chosen(own)).toEqual([
    { part: "cache", state: "given", why: "UPSTASH_REDIS_REST_URL is set" },
    { part: "archive", state: "off", why: "POSTGRES_URL is off" },
  ]);
});
