import { describe, expect, it } from "vitest";
import { runErrorCodeSchema } from "../protocol/records.ts";
import { retryDelay } from "./retry.ts";

const error = (code: string, retryAfter: number | null = null, final = false) => ({
  code: runErrorCodeSchema.parse(code),
  retryAfter,
  final,
});

describe("retryDelay", () => {
  it("doubles from half a second, at least half of it certain", () => {
    const overloaded = error("provider_overloaded");
    expect([1, 2, 3].map((attempt) => retryDelay(overloaded, attempt, () => 0))).toEqual([250, 500, 1000]);
    expect([1, 2, 3].map((attempt) => retryDelay(overloaded, attempt, () => 0.999999))).toEqual([500, 1000, 2000]);
  });

  it("makes four requests at most", () => {
    expect(retryDelay(error("provider_unreachable"), 4, () => 0)).toBeNull();
    expect(retryDelay(error("provider_rate_limited", 1), 4, () => 0)).toBeNull();
  });

  it("waits as long as it was asked to, never less, up to a minute", () => {
    expect(retryDelay(error("provider_rate_limited", 20), 1, () => 0)).toBe(20_000);
    expect(retryDelay(error("provider_rate_limited", 20), 1, () => 1)).toBe(20_500);
    expect(retryDelay(error("provider_rate_limited", 60), 1, () => 0)).toBe(60_000);
    expect(retryDelay(error("provider_rate_limited", 61), 1, () => 0)).toBeNull();
  });

  it("does not wait for what will not change", () => {
    expect(retryDelay(error("provider_rate_limited", null, true), 1, () => 0)).toBeNull();
    const passing = ["rate_limited", "overloaded", "unreachable", "stream_cut", "stalled"].map((c) => `provider_${c}`);
    const retried = runErrorCodeSchema.options.filter((code) => retryDelay(error(code), 1, () => 0) !== null);
    expect(retried.toSorted()).toEqual(passing.toSorted());
  });

  it("asks a silent provider once more only", () => {
    expect(retryDelay(error("provider_stalled"), 1, () => 0)).toBe(250);
    expect(retryDelay(error("provider_stalled"), 2, () => 0)).toBeNull();
  });
});
