import { describe, expect, it } from "vitest";
import type { MessageState } from "../../protocol/reduce.ts";
import { chooseMessage, visiblePath } from "./path.ts";

/** `id<parent` in the order of the log. */
function tree(...edges: string[]): Record<string, MessageState> {
  return Object.fromEntries(
    edges.map((edge, time) => {
      const [id = "", parent = null] = edge.split("<");
      const role = id.startsWith("a") ? "assistant" : "user";
      return [id, { id, parent: parent || null, role, text: id, run: null, time } satisfies MessageState];
    }),
  );
}

const ids = (messages: Record<string, MessageState>, chosen = {}) => visiblePath(messages, chosen).map(({ id }) => id);

describe("visiblePath", () => {
  it("is empty for an empty chat", () => {
    expect(visiblePath({}, {})).toEqual([]);
  });

  it("follows a straight conversation", () => {
    expect(ids(tree("q1", "a1<q1", "q2<a1", "a2<q2"))).toEqual(["q1", "a1", "q2", "a2"]);
  });

  it("leads to the latest message, not to the latest sibling", () => {
    // The first question was edited (q2), then the person went back to q1 and asked on.
    const messages = tree("q1", "a1<q1", "q2", "a2<q2", "q3<a1", "a3<q3");
    expect(ids(messages)).toEqual(["q1", "a1", "q3", "a3"]);
  });

  it("shows what was chosen, and below it the latest of that branch", () => {
    const messages = tree("q1", "a1<q1", "a2<q1", "q2<a1", "q3<a2");
    expect(ids(messages)).toEqual(["q1", "a2", "q3"]);
    expect(ids(messages, { q1: "a1" })).toEqual(["q1", "a1", "q2"]);
  });

  it("forgets a choice that is not there any more", () => {
    expect(ids(tree("q1", "a1<q1"), { q1: "gone" })).toEqual(["q1", "a1"]);
  });

  it("counts the versions, oldest first", () => {
    const path = visiblePath(tree("q1", "a1<q1", "a2<q1", "a3<q1"), { q1: "a2" });
    expect(path[1]).toEqual({ id: "a2", siblings: ["a1", "a2", "a3"], index: 1 });
  });

  it("is quick for a long conversation", () => {
    const edges = Array.from({ length: 5_000 }, (_, i) => (i === 0 ? "q0" : `q${i}<q${i - 1}`));
    expect(ids(tree(...edges))).toHaveLength(5_000);
  });
});

describe("chooseMessage", () => {
  it("brings a message on the path, wherever it is", () => {
    const messages = tree("q1", "a1<q1", "q2", "a2<q2", "q3<a1", "a3<q3");
    const chosen = chooseMessage(messages, {}, "a2");
    expect(ids(messages, chosen)).toEqual(["q2", "a2"]);
    expect(ids(messages, chooseMessage(messages, chosen, "q3"))).toEqual(["q1", "a1", "q3", "a3"]);
  });
});
