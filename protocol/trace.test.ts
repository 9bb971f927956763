import { describe, expect, test } from "vitest";
import { nextSpan, parseTrace, traceFields } from "./trace.ts";

const given = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

describe("what came with a request", () => {
  test.each([
    [given, given],
    [` ${given} `, given],
    [
      "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00",
      "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00",
    ],
    ["cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-what-comes-later", given],
  ])("%s is taken", (header, taken) => expect(parseTrace(header)).toBe(taken));

  test.each([
    null,
    undefined,
    "",
    "nonsense",
    given.toUpperCase(),
    `${given}x`,
    given.replace("00-", "ff-"),
    given.replace("4bf92f3577b34da6a3ce929d0e0e4736", "0".repeat(32)),
    given.replace("00f067aa0ba902b7", "0".repeat(16)),
    given.slice(0, -1),
  ])("%s is none", (header) => expect(parseTrace(header)).toBeNull());
});

test("a span is of its parent's trace and flags, and is another one", () => {
  const span = nextSpan(given.replace(/01$/, "00"), Math.random);
  expect(parseTrace(span)).toBe(span);
  expect(span).toMatch(/^00-4bf92f3577b34da6a3ce929d0e0e4736-[0-9a-f]{16}-00$/);
  expect(span).not.toContain("00f067aa0ba902b7");
});

test("without a parent a trace begins, with an id whatever chance says", () => {
  for (const random of [Math.random, () => 0]) {
    const span = nextSpan(null, random);
    expect(parseTrace(span)).toBe(span);
  }
  expect(nextSpan(null, Math.random)).not.toBe(nextSpan(null, Math.random));
});

test("a line names trace, span and what is above it", () => {
  const [trace, parent] = ["4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"];
  expect(traceFields(given)).toEqual({ trace, span: parent });
  expect(traceFields(`00-${trace}-${"1".repeat(16)}-01`, given)).toEqual({ trace, span: "1".repeat(16), parent });
  expect(traceFields(null)).toEqual({});
});
