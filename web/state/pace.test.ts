import { expect, it } from "vitest";
import { firstWordAfter, notePace, startPace, tokensPerSecond } from "./pace.ts";

it("tells the first word and the rate of the last seconds", () => {
  let pace = startPace(1_000);
  expect(tokensPerSecond(pace)).toBeNull();
  pace = notePace(pace, 0, 1_100);
  expect(pace.firstAt).toBeNull();
  for (let at = 1_200; at <= 6_200; at += 20) pace = notePace(pace, (at - 1_200) / 5 + 4, at);
  expect(firstWordAfter(pace)).toBe(200);
  expect(firstWordAfter(notePace(startPace(null), 9, 5))).toBeNull();
  expect(tokensPerSecond(pace)).toBeCloseTo(50);
  expect(pace.samples.length).toBeLessThan(40);
});
