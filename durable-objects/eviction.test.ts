// A chat's whole log to the archive and back, embedded and real: byte for byte, at the same offsets.
import { expect, it } from "vitest";
import { withEachArchive } from "../tests/archive-kit.ts";
import { batch, endedWell, ManualClock, opening, openObject, TestDisk } from "../tests/chat-kit.ts";
import { ChunkLog } from "./chunk-log.ts";
import { Counting } from "./counting.ts";
import { Deliveries } from "./deliveries.ts";
import { fetchBack, store } from "./eviction.ts";

let chats = 0;
withEachArchive((at) => {
  /** A chat of some answers that the archive knows. */
  async function archived(texts: string[]) {
    const id = (0xdef00000 + ++chats).toString(16).padStart(64, "0");
    const disk = new TestDisk();
    const { log, writer, clock } = openObject(disk, new ManualClock(), id);
    for (const text of texts) {
      const start = opening(log, "continue", "Why \u0000\ud83e\udde0?");
      await writer.start(() => start, { key: `key ${start.run}`, fingerprint: "f" }).onDisk;
      writer.append(start.run, 1, 0, batch(0, text, 7));
      await clock.advance(2_000);
      writer.append(start.run, 1, 1, batch(text.length, " And so on.", 8));
      await writer.end(start.run, 1, endedWell());
    }
    const state = () => "idle" as const;
    const tellList = async () => {};
    const deliveries = new Deliveries({
      log,
      writer,
      clock,
      archive: at.archive,
      counting: new Counting({ log, counters: null }),
      state,
      tellList,
      random: () => 0,
      warn: () => {},
      outage: { failed: () => {}, over: () => {} },
    });
    expect(await deliveries.deliver()).toBeNull();
    return { id, disk, log };
  }

  const all = (log: ChunkLog) => ({
    rows: [...log.image(Number.POSITIVE_INFINITY)],
    records: log.read(0, log.last, Number.POSITIVE_INFINITY),
    last: log.last,
    once: log.idempotent("key 1"),
  });

  it("comes back as it was, rows and offsets, whatever lost its memory in between", async () => {
    const { id, disk, log } = await archived(["Because \u0000 it is.", "日本語 🧠", "x".repeat(2_500_000)]);
    const before = all(log);
    const stub = await store(log, at.archive);
    expect(stub?.parts.length).toBeGreaterThan(1);
    log.evict(JSON.stringify(stub));
    const resting = new ChunkLog(disk);
    expect([resting.last, resting.chat?.owner, resting.chat?.evicted]).toEqual([0, "me", JSON.stringify(stub)]);
    const image = await fetchBack(id, JSON.parse(resting.chat?.evicted ?? ""), at.archive);
    resting.restore(image, 5);
    const back = new ChunkLog(disk);
    expect(all(back)).toEqual(before);
    expect(back.chat).toMatchObject({ evicted: null, restored: 5 });
  });

  it("is written anew the next time, without the parts that are too many", async () => {
    const { id, log } = await archived(["x".repeat(1_500_000)]);
    const first = await store(log, at.archive);
    for (let part = 0; part < 3; part++) await at.archive.putPart(id, (first?.parts.length ?? 0) + part, "old");
    const again = await store(log, at.archive);
    expect(again).toEqual(first);
    expect(await at.archive.getPart(id, again?.parts.length ?? 0)).toBeUndefined();
  });

  it("does not come back changed, or while the archive is away", async () => {
    const { id, log } = await archived(["Because."]);
    const stub = await store(log, at.archive);
    if (!stub) throw new Error("It is small.");
    await at.line.set("archive", "refuse");
    await expect(fetchBack(id, stub, at.archive)).rejects.toThrow();
    await expect(store(log, at.archive)).rejects.toThrow();
    await at.line.set("archive", "pass");
    expect(await fetchBack(id, stub, at.archive)).toEqual([...log.image(Number.POSITIVE_INFINITY)].flat());
    await at.archive.putPart(id, 0, "changed");
    await expect(fetchBack(id, stub, at.archive)).rejects.toThrow("not in the archive as it was left there");
  });

  it("does not leave a part behind for a chat that was deleted", async () => {
    const { id, log } = await archived(["Because."]);
    await at.archive.erase([id], 1);
    await expect(store(log, at.archive)).rejects.toThrow("did not come back");
    expect(await at.archive.getPart(id, 0)).toBeUndefined();
  });
});
