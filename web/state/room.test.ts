import { describe, expect, it } from "vitest";
import { adapted, around, downwards, endOf, type Room, upwards } from "./room.ts";

const SHORT = () => 100;
const LONG = () => 50_000;
const END = Number.POSITIVE_INFINITY;
const ids = (count: number, name = "m") => Array.from({ length: count }, (_, n) => `${name}${n}`);

describe("the drawn part of a conversation", () => {
  it("begins as its end: a few messages, or one that is long", () => {
    expect(endOf(0, SHORT)).toEqual({ from: 0, until: END });
    expect(endOf(2, SHORT)).toEqual({ from: 0, until: END });
    expect(endOf(10, SHORT)).toEqual({ from: 6, until: END });
    expect(endOf(10, LONG)).toEqual({ from: 9, until: END });
  });

  it("grows by a few messages at an edge, to the beginning and to the end", () => {
    expect(upwards({ from: 6, until: END }, SHORT)).toEqual({ from: 4, until: END });
    expect(upwards({ from: 1, until: END }, SHORT)).toEqual({ from: 0, until: END });
    expect(upwards({ from: 6, until: END }, (index) => (index === 4 ? 50_000 : 100))).toEqual({ from: 5, until: END });
    expect(downwards({ from: 0, until: 4 }, 10, SHORT)).toEqual({ from: 0, until: 6 });
    expect(downwards({ from: 0, until: 8 }, 10, SHORT)).toEqual({ from: 0, until: END });
  });

  it("may be anywhere: a message far from the end is drawn without all that follows it", () => {
    expect(around(500, 1_000, SHORT)).toEqual({ from: 500, until: 502 });
    expect(around(998, 1_000, SHORT)).toEqual({ from: 996, until: END });
  });

  it("stays while messages are added, and begins anew on another branch", () => {
    const room: Room = { from: 6, until: END };
    expect(adapted(room, ids(10), ids(12), SHORT)).toBe(room);
    expect(adapted(room, [], ids(10), SHORT)).toEqual({ from: 6, until: END });
    expect(adapted(room, ids(10), ids(20, "other"), SHORT)).toEqual({ from: 16, until: END });
    expect(adapted(room, ids(10), ids(4), SHORT)).toEqual({ from: 0, until: END });
    expect(adapted(room, ids(10), ids(300), SHORT)).toEqual({ from: 296, until: END });
  });
});
