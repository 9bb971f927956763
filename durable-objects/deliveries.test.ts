// The outbox against a real archive, embedded and real, over a line that breaks; and against a list that fails.
import { expect, it, test } from "vitest";
import type { Connect } from "../archive/database.ts";
import { withEachArchive } from "../tests/archive-kit.ts";
import { rowsOfArchive, rowsOfLog } from "../tests/archived.ts";
import { batch, endedWell, ManualClock, opening, openObject, rest, TestDisk } from "../tests/chat-kit.ts";
import { Counting } from "./counting.ts";
import { Deliveries, type DeliveriesOptions } from "./deliveries.ts";
import type { ChatUpdate } from "./outbox.ts";

let chats = 0;

/** An object whose chat has an id of its own, with what it delivers by; made again on the same disk, it has crashed. */
function openChat(archive: DeliveriesOptions["archive"], disk = new TestDisk(), clock = new ManualClock()) {
  const id = (0xabc00000 + ++chats).toString(16).padStart(64, "0");
  const object = openObject(disk, clock, id);
  const updates: ChatUpdate[] = [];
  const warnings: string[] = [];
  const outages: string[] = [];
  const options = {
    log: object.log,
    writer: object.writer,
    clock,
    random: () => 0.5,
    archive,
    outage: {
      failed: (error: unknown) => void outages.push(String(error)),
      over: () => void outages.push("over"),
    },
    counting: new Counting({ log: object.log, counters: null }),
    tellList: async (_: string, update: ChatUpdate) => void updates.push(update),
    state: () => "idle" as const,
    warn: (message: string) => void warnings.push(message),
  };
  return { ...object, updates, warnings, outages, options, deliveries: new Deliveries(options) };
}

type Chat = ReturnType<typeof openChat>;

async function answer({ log, writer }: Chat, prompt: string, text: string): Promise<void> {
  const start = opening(log, "continue", prompt);
  await writer.start(() => start).onDisk;
  writer.append(start.run, 1, 0, batch(0, text));
  await writer.end(start.run, 1, endedWell());
}

const recordsOf = ({ log }: Chat) => log.read(0, log.last, Number.POSITIVE_INFINITY).records;

async function expectArchived(chat: Chat, connect: Connect): Promise<void> {
  const { chatId: id = "", owner = "", tenant = "" } = chat.log.chat ?? {};
  expect(await rowsOfArchive(connect(10_000), id)).toEqual(rowsOfLog({ id, owner, tenant }, recordsOf(chat)));
}

withEachArchive((at) => {
  it("everything is told, once", async () => {
    const chat = openChat(at.archive);
    await answer(chat, "Why?", "Because.");
    await answer(chat, "Why then?", "Therefore \u0000 so.");
    await chat.writer.write({ type: "title", title: "Reasons" });
    expect(await chat.deliveries.deliver()).toBeNull();
    await expectArchived(chat, at.look);
    const { last } = chat.log;
    expect(chat.log.chat).toMatchObject({ delivered: last, archived: last, attempts: 0 });
    const written = chat.disk.writes;
    expect(await chat.deliveries.deliver()).toBeNull();
    expect([chat.disk.writes - written, chat.updates.length]).toEqual([0, 1]);
  });

  it("costs the chat one row", async () => {
    const chat = openChat(at.archive);
    await answer(chat, "Why?", "Because.");
    const written = chat.disk.writes;
    await chat.deliveries.deliver();
    expect(chat.disk.writes - written).toBe(1);
  });

  it("a log with more than a batch holds is told in several", async () => {
    const chat = openChat(at.archive);
    for (let i = 0; i < 120; i++) await answer(chat, `Why ${i}?`, "Because.");
    await answer(chat, "At length?", "word ".repeat(250_000));
    await answer(chat, "And more?", "Yes.");
    expect(await chat.deliveries.deliver()).toBeNull();
    await expectArchived(chat, at.look);
  });

  it.each(["refuse", "hang"] as const)(
    "an archive that is away (%s) holds nothing up, and is told all later",
    async (mode) => {
      const chat = openChat(at.archive);
      await answer(chat, "Why?", "Because.");
      await at.line.set("archive", mode);
      const delivering = chat.deliveries.deliver();
      await rest();
      await chat.clock.advance(300);
      await expect.poll(() => chat.updates.length).toBe(1);
      expect(chat.updates[0]).toMatchObject({ running: false, archived: 0 });
      await at.line.set("archive", "refuse");
      const waits = [await delivering];
      // Ten minutes of it, as the alarm would: longer and longer.
      for (let elapsed = 0; elapsed < 600_000; elapsed += waits.at(-1) ?? 0)
        waits.push(await chat.deliveries.deliver());
      expect(waits.slice(0, 6)).toEqual([1_000, 5_000, 30_000, 120_000, 600_000].slice(0, waits.length));
      expect(chat.outages).toHaveLength(waits.length);
      expect(chat.outages).not.toContain("over");
      await answer(chat, "And now?", "Still.");
      await at.line.set("archive", "pass");
      await expect.poll(() => chat.deliveries.deliver(), { timeout: 20_000 }).toBeNull();
      await expectArchived(chat, at.look);
      expect(chat.outages.at(-1)).toBe("over");
      expect(chat.warnings).toEqual([]);
      expect(chat.updates.at(-1)).toMatchObject({ archived: chat.log.last });
      expect(chat.log.chat).toMatchObject({ attempts: 0, archived: chat.log.last });
    },
  );

  it("what was cut in the middle, or whose reply was lost, is there once in the end", async () => {
    const chat = openChat(at.archive);
    for (let i = 0; i < 12; i++) {
      await answer(chat, `Why ${i}?`, "Because. ".repeat(1 + i * 2_000));
      const delivering = chat.deliveries.deliver();
      await new Promise((resolve) => setTimeout(resolve, i * 2));
      await at.line.set("archive", "cut");
      await delivering;
    }
    await expect.poll(() => chat.deliveries.deliver(), { timeout: 20_000 }).toBeNull();
    await expectArchived(chat, at.look);
  });

  it("an object that lost its memory at any moment tells what is left", async () => {
    let chat = openChat(at.archive);
    const { disk, clock } = chat;
    for (let i = 0; i < 12; i++) {
      await answer(chat, `Why ${i}?`, "Because.");
      // The call is on its way, or done and not remembered, when the object is gone.
      if (i % 3 !== 0) await new Deliveries({ ...chat.options, state: () => "busy" }).deliver();
      if (i % 3 === 2) void chat.deliveries.deliver();
      chats -= 1;
      chat = openChat(at.archive, disk, clock);
    }
    expect(await chat.deliveries.deliver()).toBeNull();
    await expectArchived(chat, at.look);
  });

  it("what comes late after a deletion changes nothing", async () => {
    const chat = openChat(at.archive);
    await answer(chat, "Why?", "Because.");
    const id = chat.log.chat?.chatId ?? "";
    await Promise.all([chat.deliveries.deliver(), at.archive.erase([id], 1)]);
    await new Deliveries({ ...chat.options, state: () => "busy" }).deliver();
    expect(await rowsOfArchive(at.look(10_000), id)).toEqual({ title: null, messages: [], runs: [] });
  });
});

test("a list that fails is told again, and again what it was not told", async () => {
  const chat = openChat(null);
  await answer(chat, "Why?", "Because.");
  const failing = new Deliveries({ ...chat.options, tellList: () => Promise.reject(new Error("away")) });
  expect(await failing.deliver()).toBe(1_000);
  expect(await failing.deliver()).toBe(5_000);
  expect(chat.log.chat).toMatchObject({ delivered: 0, attempts: 2 });
  expect(await chat.deliveries.deliver()).toBeNull();
  expect(chat.updates).toMatchObject([{ texts: [{ text: "Why?" }, { text: "Because." }] }]);
  expect(chat.log.chat).toMatchObject({ delivered: chat.log.last, archived: 0, attempts: 0 });
});

test("what was said while it delivered is delivered next", async () => {
  const saved = Promise.withResolvers<void>();
  const chat = openChat({ save: () => saved.promise });
  await answer(chat, "Why?", "Because.");
  const delivering = chat.deliveries.deliver();
  await answer(chat, "And then?", "Nothing.");
  saved.resolve();
  expect(await delivering).toBe(0);
  expect(await chat.deliveries.deliver()).toBeNull();
  expect(chat.updates.at(-1)?.texts.map(({ text }) => text)).toEqual(["And then?", "Nothing."]);
});

test("an archive that is slow is told of to the list once more, without the texts", async () => {
  const saved = Promise.withResolvers<void>();
  const chat = openChat({ save: () => saved.promise });
  await answer(chat, "Why?", "Because.");
  const delivering = chat.deliveries.deliver();
  await chat.clock.advance(300);
  saved.resolve();
  expect(await delivering).toBeNull();
  const { last } = chat.log;
  expect(chat.updates).toMatchObject([
    { archived: 0, texts: [{}, {}] },
    { archived: last, through: last, texts: [] },
  ]);
});
