// The stores are within reach of what runs in workerd, and each line breaks for itself.
import { Redis } from "@upstash/redis";
import { describe, expect, inject, it } from "vitest";
import { openLine, type StoreSettings } from "./control.ts";

const stores = inject("stores");
const client = ({ UPSTASH_REDIS_REST_URL: url, UPSTASH_REDIS_REST_TOKEN: token }: StoreSettings) =>
  new Redis({ url, token, retry: { retries: 0 }, signal: () => AbortSignal.timeout(500) });

describe.each([
  { kind: "embedded", absent: undefined },
  { kind: "real", absent: stores.withoutReal },
] as const)("the $kind cache", ({ kind, absent }) => {
  it.skipIf(absent)("can be refused, hung and cut on one line, and stays up on others", async () => {
    const line = await openLine(stores, kind, "cache");
    const other = client((await openLine(stores, kind, "cache")).settings);
    const redis = client(line.settings);
    expect(await redis.set("outage", kind)).toBe("OK");
    for (const mode of ["refuse", "hang"] as const) {
      await line.set("cache", mode);
      await expect(redis.get("outage")).rejects.toThrow();
      expect(await other.get("outage")).toBe(kind);
    }
    await line.set("cache", "pass");
    await line.set("cache", "cut");
    await expect.poll(() => redis.get("outage").catch(String)).toBe(kind);
  });
});
