import { describe, expect, test } from "vitest";
import type { Receipt } from "../protocol/records.ts";
import { batch, CHAT, endedWell, opening, openObject, startedRecord, TestDisk } from "../tests/chat-kit.ts";
import { pendingFacts, pendingUpdate, unsettled } from "./outbox.ts";
import { chatView } from "./views.ts";

describe("what the person's list is told", () => {
  test("a chat that began: its title, its first text, and that it runs", async () => {
    const { writer, log } = openObject(new TestDisk());
    await writer.start(() => opening(log)).onDisk;
    expect(pendingUpdate(log, { through: log.last, archived: 0 })).toMatchObject({
      chatId: CHAT,
      title: "Why?",
      running: true,
      texts: [{ messageId: "m1", text: "Why?" }],
    });
  });

  test("an answer, once it has ended, as a whole", async () => {
    const { writer, log, clock } = openObject(new TestDisk());
    await writer.start(() => opening(log)).onDisk;
    writer.append(1, 1, 0, batch(0, "Be"));
    await clock.advance(1_000);
    log.setDelivered({ delivered: 2 });
    expect(pendingUpdate(log, { through: log.last, archived: 0 })?.texts).toEqual([]);
    writer.append(1, 1, 1, batch(2, "cause"));
    await writer.end(1, 1, endedWell());
    expect(pendingUpdate(log, { through: log.last, archived: 0 })).toMatchObject({
      title: null,
      running: false,
      texts: [{ messageId: "a1", text: "Because" }],
    });
  });

  test("what a run took, when it has ended, and what of that it may not have heard", async () => {
    const { writer, log } = openObject(new TestDisk());
    await writer.start(() => ({ ...opening(log), hold: "held" })).onDisk;
    expect(unsettled(log)).toEqual([]);
    const ended = endedWell();
    const receipt = { ...ended.receipt, inputTokens: 900, outputTokens: 100, cost: 0.5 };
    await writer.end(1, 1, { ...ended, receipt });
    const settled = [{ run: `${CHAT}.1`, hold: "held", tokens: 1_000, dollars: 0.5 }];
    expect(pendingUpdate(log, { through: log.last, archived: 0 })?.settled).toEqual(settled);
    expect(unsettled(log)).toEqual(settled);
    log.setDelivered({ delivered: log.last });
    expect(unsettled(log)).toEqual([]);
  });

  test("how long the conversation is, by the last run whose answer a provider counted, then or before", async () => {
    const { writer, log } = openObject(new TestDisk());
    const end = async (run: number, more: Partial<Receipt>) => {
      await writer.start(() => opening(log)).onDisk;
      const ended = endedWell();
      await writer.end(run, 1, { ...ended, receipt: { ...ended.receipt, ...more } });
    };
    const context = () => pendingUpdate(log, { through: log.last, archived: 0 })?.context;
    await end(1, { cache: "hit", inputTokens: 0, outputTokens: 0, requests: 0 });
    expect(context()).toBeNull();
    await end(2, { inputTokens: 900, outputTokens: 100 });
    expect(context()).toBe(1_000);
    await end(3, { inputTokens: null, outputTokens: null });
    expect(context()).toBe(1_000);
    const saved = { ms: 1, inputTokens: 1_200, outputTokens: 100, cost: null };
    await end(4, { cache: "hit", inputTokens: 0, outputTokens: 0, requests: 0, saved });
    expect(context()).toBe(1_300);
  });

  test("nothing when it has been told everything, nothing of what is not on disk", async () => {
    const { writer, log } = openObject(new TestDisk());
    await writer.start(() => opening(log)).onDisk;
    expect(pendingUpdate(log, { through: 0, archived: 0 })).toBeNull();
    expect(pendingUpdate(log, { through: 1, archived: 0 })?.texts).toHaveLength(1);
    log.setDelivered({ delivered: log.last });
    expect(pendingUpdate(log, { through: log.last, archived: 0 })).toBeNull();
  });

  test("the same again after a crash, until it is remembered", async () => {
    const disk = new TestDisk();
    const { writer, log } = openObject(disk);
    await writer.start(() => opening(log)).onDisk;
    const first = pendingUpdate(log, { through: log.last, archived: 0 });
    expect(pendingUpdate(openObject(disk).log, { through: 2, archived: 0 })).toEqual(first);
    log.setDelivered({ delivered: 2 });
    expect(pendingUpdate(openObject(disk).log, { through: 2, archived: 0 })).toBeNull();
  });

  test("a given title is told as it is", async () => {
    const { writer, log } = openObject(new TestDisk());
    await writer.start(() => opening(log)).onDisk;
    log.setDelivered({ delivered: log.last });
    await writer.write({ type: "title", title: "Causes" });
    expect(pendingUpdate(log, { through: log.last, archived: 0 })?.title).toBe("Causes");
  });
});

test("the list and the archive are told of the same times, and the chat has them too", async () => {
  const { writer, log, clock } = openObject(new TestDisk());
  await writer.start(() => ({ ...opening(log), started: startedRecord(1, { time: clock.now() }) })).onDisk;
  await clock.advance(5_000);
  writer.append(1, 1, 0, batch(0, "Because"));
  await writer.end(1, 1, endedWell());
  const update = pendingUpdate(log, { through: log.last, archived: 0 });
  const facts = pendingFacts(log, log.last);
  const [began, ended] = [1_000_000, 1_005_000];
  expect(update?.texts.map(({ messageId, time }) => [messageId, time])).toEqual([
    ["m1", began],
    ["a1", began],
  ]);
  expect(facts?.messages.map(({ id, time }) => [id, time])).toEqual([
    ["m1", began],
    ["a1", began],
  ]);
  const view = log.chat && chatView(log, writer, log.chat);
  expect(view?.messages.map(({ id, time }) => [id, time])).toEqual([
    ["m1", began],
    ["a1", began],
  ]);
  expect([update?.updated, facts?.updated, view?.updatedAt]).toEqual([ended, ended, ended]);
  expect([update?.created, facts?.created, view?.createdAt]).toEqual([began, began, began]);
});
