import { expect, test } from "vitest";
import { play } from "./scale.ts";

const crowd = { people: 20_000, asksADay: 10, common: 0.3, questions: 1_000, keptFor: 3_600, madeIn: 20 };

test("the same seed plays the same hour", () => {
  expect(play(crowd, 7)).toEqual(play(crowd, 7));
  expect(play(crowd, 7)).not.toEqual(play(crowd, 8));
});

test("more people who ask alike find more that is kept, and the rest is made for all of them", () => {
  const [few, many] = [play(crowd, 1), play({ ...crowd, people: 200_000 }, 1)];
  expect(many.hits).toBeGreaterThan(few.hits);
  expect(many.made).toBeLessThan(few.made);
  // What nobody else asks is made for whoever asks it.
  expect(many.made).toBeGreaterThan(1 - crowd.common);
  expect(many.followers).toBeGreaterThan(few.followers);
});

test("nothing is kept where it is kept for no time, and nobody is alike where nothing is common", () => {
  expect(play({ ...crowd, keptFor: 0 }, 1).hits).toBe(0);
  expect(play({ ...crowd, common: 1e-9 }, 1).made).toBeCloseTo(1, 5);
});

test("no token is looked up more often than it is used", () => {
  const { lookUps, asksASecond } = play(crowd, 1);
  expect(lookUps).toBeLessThanOrEqual(asksASecond * 5);
  expect(lookUps).toBeGreaterThan(0);
});
