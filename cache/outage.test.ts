import { expect, test } from "vitest";
import { CACHE_OUTAGE } from "./outage.ts";

test("what was to be kept is not told", () => {
  const told = [
    new Error('OOM, command was: ["set","key","the answer"]'),
    Object.assign(new Error("Unable to parse: the answer"), { name: "UpstashJSONParseError" }),
  ].map(CACHE_OUTAGE.reasonOf);
  expect(told).toEqual(["Error: OOM", "UpstashJSONParseError"]);
});
