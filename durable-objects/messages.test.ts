import { describe, expect, test } from "vitest";
import { batch, endedWell, openObject, startedRecord, TestDisk, userMessage } from "../tests/chat-kit.ts";
import { allMessages, answerId, findMessage, messageId, pathTo } from "./messages.ts";

/**
 *  m1 ─┬─ a1 "one" ── m5 ── a2 (no word)
 *      └─ a3 "other" (m1 answered again)
 *  m11 (an edit of m1) ── a4 "new"
 */
async function makeTree() {
  const object = openObject(new TestDisk());
  const { writer, log } = object;
  const answer = async (run: number, parent: string, text: string) => {
    const started = startedRecord(run, { parent });
    await writer.start(() => ({ run, recovery: "free", plan: null, records: [], started })).onDisk;
    if (text) writer.append(run, 1, 0, batch(0, text));
    await writer.end(run, 1, endedWell());
  };
  const say = async (text: string, parent: string | null) => {
    const id = messageId(log.last + 1);
    await writer.write(userMessage(id, text, parent));
    return id;
  };
  const first = await say("first", null);
  await answer(1, first, "one");
  const second = await say("second", answerId(1));
  await answer(2, second, "");
  await answer(3, first, "other");
  const edited = await say("edited", null);
  await answer(4, edited, "new");
  return { ...object, first, second, edited };
}

describe("the tree of messages", () => {
  test("a path leads from the root to a message, without its siblings", async () => {
    const { log, second, edited } = await makeTree();
    const texts = (id: string) => pathTo(log, id).map(({ role, text }) => `${role}: ${text}`);
    expect(texts(second)).toEqual(["user: first", "assistant: one", "user: second"]);
    expect(texts(answerId(3))).toEqual(["user: first", "assistant: other"]);
    expect(texts(edited)).toEqual(["user: edited"]);
  });

  test("an answer that never got a word is left out of what a model is shown", async () => {
    const { log } = await makeTree();
    expect(pathTo(log, answerId(2)).map(({ text }) => text)).toEqual(["first", "one", "second"]);
  });

  test("a message is found by its id, and by no other", async () => {
    const { log, first } = await makeTree();
    expect(findMessage(log, first)).toMatchObject({ role: "user", text: "first", parent: null, run: null });
    expect(findMessage(log, answerId(1))).toMatchObject({ role: "assistant", text: "one", parent: first });
    for (const id of ["m2", "m999", "a9", "a0", "m01", "x1", "", "m1 ", "m1e0"]) {
      expect(findMessage(log, id), id).toBeUndefined();
    }
  });

  test("all of them come in the order of the log, answers with how they ended", async () => {
    const { log } = await makeTree();
    const all = allMessages(log, log.last);
    expect(all.map(({ id }) => id)).toEqual(["m1", "a1", "m5", "a2", "a3", "m11", "a4"]);
    expect(all.find(({ id }) => id === "a3")).toMatchObject({ parent: "m1", status: "completed", text: "other" });
    expect(allMessages(log, 1).map(({ id }) => id)).toEqual(["m1"]);
  });
});
