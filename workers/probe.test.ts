import { expect, test } from "vitest";
import { createProbe } from "./probe.ts";

test("a part is asked again only after some seconds, whether it answered or not", async () => {
  let now = 0;
  let asked = 0;
  const probe = createProbe(
    async () => {
      asked += 1;
      now += 7;
      if (asked > 1) throw new Error("away");
    },
    () => now,
  );
  expect(await probe()).toEqual({ latencyMs: 7, error: null });
  now += 4_000;
  expect(await probe()).toEqual({ latencyMs: 7, error: null });
  now += 2_000;
  expect(await probe()).toEqual({ latencyMs: null, error: "away" });
  expect(await probe()).toEqual({ latencyMs: null, error: "away" });
  expect(asked).toBe(2);
});
