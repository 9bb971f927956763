import { describe, expect, test } from "vitest";
import { BEGINNING, formatOffset, NOW, parseOffset } from "./offsets.ts";

describe("offsets", () => {
  test("come back as the position they were made from, at any size a log can have", () => {
    for (const position of [0, 1, 9, 10, 255, 4096, 2 ** 31, 2 ** 40, 16 ** 12 - 1]) {
      expect(parseOffset(formatOffset(position))).toBe(position);
    }
  });

  test("have one width, so they sort as text the way positions do", () => {
    const positions = [1, 9, 10, 15, 16, 99, 255, 256, 65_535, 65_536, 2 ** 35];
    const offsets = positions.map(formatOffset);
    expect(new Set(offsets.map((offset) => offset.length))).toEqual(new Set([12]));
    expect([...offsets].sort()).toEqual(offsets);
  });

  test("the beginning is before everything, now is itself", () => {
    expect(parseOffset(BEGINNING)).toBe(0);
    expect(parseOffset(NOW)).toBe("now");
  });

  test.each([
    "",
    "0",
    "1",
    "-2",
    "00000000000",
    "0000000000001",
    "00000000000G",
    "00000000000A",
    " 000000000001",
    "NOW",
  ])("%o is none of ours", (token) => {
    expect(parseOffset(token)).toBeUndefined();
  });
});
