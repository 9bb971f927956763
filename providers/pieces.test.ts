import { describe, expect, it } from "vitest";
import { Pieces } from "./pieces.ts";

describe("pieces", () => {
  it("joins what one read brought into one piece", () => {
    const pieces = new Pieces();
    pieces.add("Bon");
    pieces.add("jour");
    expect(pieces.take()).toEqual({ text: "Bonjour", bookmark: null });
    expect(pieces.take()).toBeNull();
  });

  it("gives the bookmark of the last event, also without text", () => {
    const pieces = new Pieces();
    pieces.identify("resp_1");
    pieces.pass(0);
    expect(pieces.take()).toEqual({ text: "", bookmark: { responseId: "resp_1", sequenceNumber: 0 } });
    pieces.add("a", 1);
    pieces.pass(2);
    expect(pieces.take()).toEqual({ text: "a", bookmark: { responseId: "resp_1", sequenceNumber: 2 } });
  });

  it("has no bookmark before it knows whose", () => {
    const pieces = new Pieces();
    pieces.pass(0);
    expect(pieces.take()).toBeNull();
  });

  it("keeps a delta that ends inside a character until the rest comes, and its bookmark with it", () => {
    const pieces = new Pieces();
    pieces.identify("resp_1");
    pieces.add("a", 1);
    pieces.add("b\ud83e", 2);
    pieces.pass(3);
    expect(pieces.take()).toEqual({ text: "a", bookmark: { responseId: "resp_1", sequenceNumber: 1 } });
    pieces.add("\udde0c", 4);
    expect(pieces.take()).toEqual({ text: "b🧠c", bookmark: { responseId: "resp_1", sequenceNumber: 4 } });
  });

  it("lets go of half a character at the end, as well-formed text", () => {
    const pieces = new Pieces();
    pieces.add("x\ud83e");
    expect(pieces.take()).toBeNull();
    pieces.close();
    expect(pieces.take()).toEqual({ text: "x\ufffd", bookmark: null });
  });

  it("replaces halves that never had another half", () => {
    const pieces = new Pieces();
    pieces.add("a\udde0b\ud83ec");
    expect(pieces.take()).toEqual({ text: "a\ufffdb\ufffdc", bookmark: null });
  });
});
