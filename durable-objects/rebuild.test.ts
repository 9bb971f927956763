// A log that was lost with its object, written again from what the archive was told, embedded and real: the same rows at
// the same offsets, for histories drawn by chance; never a shorter log; and an end for what was open.
import { expect, it, test } from "vitest";
import { recordSchema } from "../protocol/records.ts";
import { titleFrom } from "../protocol/title.ts";
import { factsOf, withEachArchive } from "../tests/archive-kit.ts";
import { idBefore } from "../tests/archived.ts";
import { batch, endedWell, ManualClock, opening, openObject, startedRecord, TestDisk } from "../tests/chat-kit.ts";
import { Random } from "../tests/simulation/random.ts";
import { ChunkLog, type RunRow } from "./chunk-log.ts";
import { Counting } from "./counting.ts";
import { Deliveries, type DeliveriesOptions } from "./deliveries.ts";
import { pendingFacts } from "./outbox.ts";
import { rebuild, welcome } from "./rebuild.ts";

let chats = 0;
const newId = () => (0xfed00000 + ++chats).toString(16).padStart(64, "0");

interface Row extends Record<string, string | number | null> {
  position: number;
  run: number | null;
  type: string;
  body: string;
}

/** What of a log must come back: every row but what its producers left in it, and its runs but what only their tiers knew. */
function all(disk: TestDisk, log: ChunkLog) {
  const known = ({ plan: _, hold: __, trace: ___, ...run }: RunRow) => run;
  return {
    rows: disk.exec<Row>("SELECT position, run, type, body FROM log ORDER BY position"),
    runs: log.runs().map(known),
    title: log.chat?.title,
    last: log.last,
  };
}

/** A log of the same chat with nothing in it, and the archive to fill it. */
function lostAndFound(id: string, through: number) {
  const disk = new TestDisk();
  const log = new ChunkLog(disk);
  log.create(id, "me", "open", 1_000_000, { archived: through, evicted: JSON.stringify({ through }) });
  return { disk, log };
}

function deliveries(
  chat: ReturnType<typeof openObject>,
  more: Pick<DeliveriesOptions, "archive" | "state">,
): Deliveries {
  const outage = { failed: () => {}, over: () => {} };
  const quiet = { tellList: async () => {}, random: () => 0, outage, warn: () => {} };
  const { log, writer, clock } = chat;
  return new Deliveries({ log, writer, clock, counting: new Counting({ log, counters: null }), ...quiet, ...more });
}

const WORDS = ["Why", " \u0000", "日本", "🧠", '"\\', "\u2028", " the sea", "\n\n", " l’été"];

/** A chat of runs that begin beside one another, are taken over, recover and end in every way; told of at odd moments. */
async function history(seed: number, id: string, archive: DeliveriesOptions["archive"]) {
  const random = new Random(seed, "history");
  const disk = new TestDisk();
  let chat = openObject(disk, new ManualClock(), id);
  const text = () => Array.from({ length: random.between(1, 6) }, () => random.pick(WORDS)).join("");
  const open = () => [...chat.writer.openRuns()];
  const end = async (run: number, epoch: number) => {
    const status = random.pick(["completed", "cancelled", "failed", "interrupted"] as const);
    const replacement = random.chance(0.2) ? opening(chat.log, "continue", text()) : undefined;
    await chat.writer.end(run, epoch, endedWell({ status }), replacement);
  };
  for (let step = 0; step < 60; step++) {
    const run = open().length > 0 ? random.pick(open()) : undefined;
    const what = random.between(0, 9);
    if (what === 0 || !run) {
      const policy = random.pick(["free", "continue", "replace"] as const);
      const whole = random.chance(0.3) ? { text: text(), ended: endedWell() } : null;
      const start = { ...opening(chat.log, policy, text()), plan: "plan", hold: "hold", trace: "trace", whole };
      if (open().length < 5) await chat.writer.start(() => start, { key: `${step}`, fingerprint: "f" }).onDisk;
    } else if (what === 1) await chat.writer.takeOver(run.run);
    else if (what === 2) chat.writer.recovered(run.run, run.epoch, { mode: "continue", madeTwice: 3 });
    else if (what === 3) await chat.writer.write({ type: "title", title: text() });
    else if (what === 4) await end(run.run, run.epoch);
    else if (what === 5) {
      const state = random.pick(["idle", "busy"] as const);
      await deliveries(chat, { archive, state: () => state }).deliver();
    } else if (what === 6) {
      // Its memory is lost, with all that was not on disk, and its timers.
      chat = openObject(disk, new ManualClock(), id);
    } else {
      chat.writer.append(run.run, run.epoch, run.nextSeq, batch(run.committed + run.tail.length, text(), step));
      if (random.chance(0.5)) await chat.clock.advance(2_000);
    }
  }
  for (const { run, epoch } of open()) await chat.writer.end(run, epoch, endedWell());
  expect(await deliveries(chat, { archive, state: () => "idle" }).deliver()).toBeNull();
  return { disk, log: chat.log };
}

withEachArchive((at) => {
  it.each([1, 2, 3, 4, 5, 6, 7, 8])("a history drawn by chance comes back row by row (%i)", async (seed) => {
    const id = newId();
    const original = await history(seed, id, at.archive);
    const { last } = original.log;
    expect(await at.archive.chatsAfter(idBefore(id), 1)).toMatchObject([{ id, through: last, reach: last }]);
    const found = lostAndFound(id, last);
    await rebuild(found.log, last, at.archive, () => true);
    welcome(found.log, 5);
    expect(all(found.disk, found.log)).toEqual(all(original.disk, original.log));
    expect(found.log.chat).toMatchObject({ evicted: null, restored: 5, archived: last, delivered: 0 });
    // Opened again, as the next visit does, it is the same.
    expect(all(found.disk, new ChunkLog(found.disk))).toEqual(all(original.disk, original.log));
  });

  it("what is larger than one reply comes in several, and goes on where it broke off", async () => {
    const id = newId();
    const chat = openObject(new TestDisk(), new ManualClock(), id);
    for (let turn = 0; turn < 6; turn++) {
      const start = opening(chat.log);
      await chat.writer.start(() => start).onDisk;
      chat.writer.append(start.run, 1, 0, batch(0, `${turn}`.repeat(1_500_000)));
      await chat.writer.end(start.run, 1, endedWell());
    }
    await deliveries(chat, { archive: at.archive, state: () => "idle" }).deliver();
    const { last } = chat.log;
    const found = lostAndFound(id, last);
    let calls = 0;
    const breaksOff = {
      logAfter: (chatId: string, position: number) => {
        if (++calls === 2) return Promise.reject(new Error("away"));
        return at.archive.logAfter(chatId, position);
      },
    };
    await expect(rebuild(found.log, last, breaksOff, () => true)).rejects.toThrow("away");
    const partly = new ChunkLog(found.disk);
    expect(partly.last).toBeGreaterThan(0);
    expect(partly.last).toBeLessThan(last);
    await rebuild(partly, last, at.archive, () => true);
    welcome(partly, 5);
    expect(all(found.disk, partly)).toEqual(all(chat.disk, chat.log));
  });

  it("parts that overlap give one log, in whichever order they were told; a gap is told, and nothing comes of it", async () => {
    const id = newId();
    const chat = openObject(new TestDisk(), new ManualClock(), id);
    for (let turn = 0; turn < 5; turn++) await chat.writer.write({ type: "title", title: `\u0000${turn}` });
    const facts = factsOf("parts", "x", { id, messages: [], runs: [] });
    const tell = (after: number, through: number) =>
      at.archive.save({ ...facts, after, through, log: chat.log.part(after, through) });
    await tell(4, 5);
    const reach = async () => (await at.archive.chatsAfter(idBefore(id), 1))[0];
    expect(await reach()).toMatchObject({ through: 5, reach: 0 });
    await tell(0, 2);
    expect(await reach()).toMatchObject({ through: 5, reach: 2 });
    const short = lostAndFound(id, 5);
    await expect(rebuild(short.log, 5, at.archive, () => true)).rejects.toThrow("the record at 3 is missing");
    await tell(1, 4);
    // A smaller one that comes late takes nothing back.
    await tell(1, 2);
    await tell(0, 1);
    expect(await reach()).toMatchObject({ through: 5, reach: 5 });
    const found = lostAndFound(id, 5);
    await rebuild(found.log, 5, at.archive, () => true);
    welcome(found.log, 5);
    expect(all(found.disk, found.log)).toEqual(all(chat.disk, chat.log));
  });

  it("a log that was told of up to somewhere only is not taken for the whole", async () => {
    const id = newId();
    const chat = openObject(new TestDisk(), new ManualClock(), id);
    await chat.writer.write({ type: "title", title: "a" });
    const facts = factsOf("short", "x", { id, messages: [], runs: [] });
    await at.archive.save({ ...facts, after: 0, through: 1, log: chat.log.part(0, 1) });
    const found = lostAndFound(id, 2);
    await expect(rebuild(found.log, 2, at.archive, () => true)).rejects.toThrow("up to 1 of 2");
  });

  it("what was open when all was lost ends, with what was promised of it; and the archive learns of it", async () => {
    const id = newId();
    const chat = openObject(new TestDisk(), new ManualClock(), id);
    const [one, two] = [opening(chat.log, "replace"), () => opening(chat.log)];
    await chat.writer.start(() => one).onDisk;
    chat.writer.append(1, 1, 0, batch(0, "Half of \u0000 it", 3));
    await chat.clock.advance(2_000);
    await chat.writer.start(two).onDisk;
    await chat.writer.end(2, 1, endedWell());
    // Told while the first goes on.
    await deliveries(chat, { archive: at.archive, state: () => "busy" }).deliver();
    const { last } = chat.log;

    const found = lostAndFound(id, last);
    await rebuild(found.log, last, at.archive, () => true);
    // What is there of it by now is nobody's to go on with.
    expect([...openObject(found.disk, chat.clock, id).writer.openRuns()]).toEqual([]);
    welcome(found.log, chat.clock.now());
    const back = openObject(found.disk, chat.clock, id);
    expect([...back.writer.openRuns()]).toEqual([]);
    const { ended } = back.log.run(1) ?? {};
    expect(recordSchema.parse(ended)).toMatchObject({
      status: "interrupted",
      error: { code: "producer_unavailable" },
      receipt: { inputTokens: null, cost: null, requests: 1 },
    });
    expect([back.log.last, back.log.chat?.archived]).toEqual([last + 1, last]);
    expect(await deliveries(back, { archive: at.archive, state: () => "idle" }).deliver()).toBeNull();
    expect(await at.archive.chatsAfter(idBefore(id), 1)).toMatchObject([{ through: last + 1, reach: last + 1 }]);
    const again = lostAndFound(id, last + 1);
    await rebuild(again.log, last + 1, at.archive, () => true);
    welcome(again.log, 5);
    expect(all(again.disk, again.log).rows).toEqual(all(found.disk, back.log).rows);
  });
});

test("a chat that is deleted while its log comes back is not written to", async () => {
  const { log, disk } = lostAndFound(newId(), 3);
  const written = disk.writes;
  await rebuild(log, 3, { logAfter: async () => ['[[1,null,"title",{"title":"x"}]]'] }, () => false);
  expect([log.last, disk.writes - written]).toEqual([0, 0]);
});

test("a part is what was on disk, and nothing of its producers", async () => {
  const { log, writer } = openObject(new TestDisk());
  const start = { ...opening(log, "free", "Why\u0000?"), plan: "a plan", hold: "a hold", trace: "a trace" };
  await writer.start(() => start).onDisk;
  writer.append(1, 1, 0, batch(0, "Be", 7));
  await writer.end(1, 1, endedWell());
  const facts = pendingFacts(log, log.last);
  expect(facts).toMatchObject({ after: 0, through: 4, title: titleFrom("Why\u0000?") });
  const part = JSON.parse(facts?.log ?? "") as unknown[][];
  const { type: _, run: __, ...started } = startedRecord(1);
  expect(part.slice(0, 3)).toEqual([
    [1, null, "message", { id: "m1", parent: null, role: "user", text: "Why\u0000?", time: 1_000_000 }],
    [2, 1, "run.started", started, "free"],
    [3, 1, "delta", { at: 0, text: "Be" }],
  ]);
  expect(part[3]?.slice(0, 3)).toEqual([4, 1, "run.ended"]);
  expect(part[3]?.[4]).toBe(1);
  for (const kept of ["a plan", "a hold", "a trace", "sequenceNumber", "\u0000"])
    expect(facts?.log).not.toContain(kept);
});
