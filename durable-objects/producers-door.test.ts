import { describe, expect, test } from "vitest";
import type { AppendRequest, EndRequest, OutsideBatch } from "../protocol/producers.ts";
import { endedWell, ManualClock, opening, openObject, startedRecord, TestDisk } from "../tests/chat-kit.ts";
import { ProducersDoor } from "./producers-door.ts";

/** A chat with a run of the temporal tier, and the door to it. Made again on the same disk it is the chat after a crash. */
async function chat(disk = new TestDisk(), clock = new ManualClock()) {
  const object = openObject(disk, clock);
  const { log, writer } = object;
  if (!log.run(1)) {
    const begun = opening(log, "continue", "Why is the sky blue?");
    const started = startedRecord(1, { parent: begun.started.parent, tier: "temporal" });
    await writer.start(() => ({ ...begun, started })).onDisk;
  }
  const door = new ProducersDoor({
    log,
    writer,
    clock,
    end: async (run, epoch, ended) => void (await writer.end(run, epoch, ended)),
  });
  return { ...object, door };
}

type Chat = Awaited<ReturnType<typeof chat>>;

const text = (at: number, words: string, sequenceNumber?: number): OutsideBatch => ({
  kind: "text",
  deltas: [{ at, text: words }],
  bookmark: sequenceNumber === undefined ? null : { responseId: "r", sequenceNumber },
});

function send(
  { door }: Chat,
  epoch: number,
  seq: number | null,
  what?: OutsideBatch,
  more: Partial<AppendRequest> = {},
) {
  const batch = seq === null || !what ? null : { seq, what };
  return door.append(1, { epoch, phase: null, batch, flush: false, resign: false, ...more });
}

const ending = (epoch: number): EndRequest => ({ epoch, ended: endedWell(), replace: false });

describe("a term", () => {
  test("tells all that is needed to go on", async () => {
    const at = await chat();
    expect(await at.door.takeTerm(1, "nonce-of-one")).toMatchObject({
      ok: true,
      value: {
        kind: "term",
        epoch: 2,
        predecessors: 0,
        resigned: false,
        text: "",
        bookmark: null,
        before: null,
        recoveries: [],
        turns: [{ role: "user", text: "Why is the sky blue?" }],
      },
    });
    await send(at, 2, 0, text(0, "Because", 7));
    expect(await at.door.takeTerm(1, "nonce-of-two")).toMatchObject({
      value: {
        epoch: 3,
        predecessors: 1,
        text: "Because",
        bookmark: { sequenceNumber: 7 },
        before: { epoch: 2, seq: 0 },
      },
    });
    expect(await send(at, 2, 1, text(7, " of"))).toEqual({ ok: true, value: { kind: "fenced", ended: null } });
  });

  test("is given once for a nonce, however often it is asked for", async () => {
    const at = await chat();
    const first = await at.door.takeTerm(1, "the-same-nonce");
    expect(await at.door.takeTerm(1, "the-same-nonce")).toEqual(first);
    expect(at.writer.openRun(1)?.epoch).toBe(2);
  });

  test("is one's that two ask for at once, and the other is told so", async () => {
    const at = await chat();
    const asked = ["nonce-of-one", "nonce-of-two", "nonce-of-two"].map((nonce) => at.door.takeTerm(1, nonce));
    const [one, two, again] = await Promise.all(asked);
    expect(one).toMatchObject({ ok: false, failure: { code: "conflict" } });
    expect(two).toMatchObject({ ok: true, value: { kind: "term", epoch: 3, predecessors: 1 } });
    expect(again).toEqual(two);
    expect(await send(at, 3, 0, text(0, "Because"))).toMatchObject({ value: { kind: "appended" } });
  });

  test("that was laid down leaves nothing behind", async () => {
    const at = await chat();
    await at.door.takeTerm(1, "nonce-of-one");
    await send(at, 2, 0, text(0, "Because"), { resign: true });
    expect(at.log.progress(at.log.run(1) ?? expect.unreachable()).length).toBe(7);
    expect(await at.door.takeTerm(1, "nonce-of-two")).toMatchObject({ value: { epoch: 3, resigned: true } });
    expect(await at.door.takeTerm(1, "nonce-of-three")).toMatchObject({ value: { epoch: 4, resigned: false } });
  });

  test("that was laid down says nothing of what was lost before it, unless it has gone on from there", async () => {
    const at = await chat();
    await at.door.takeTerm(1, "nonce-of-the-lost");
    await at.door.takeTerm(1, "nonce-of-two");
    await send(at, 3, null, undefined, { resign: true });
    expect(await at.door.takeTerm(1, "nonce-of-three")).toMatchObject({ value: { epoch: 4, resigned: false } });
    const recovered: OutsideBatch = { kind: "recovered", recovery: { mode: "continue", madeTwice: 300 } };
    await send(at, 4, 0, recovered, { resign: true });
    expect(await at.door.takeTerm(1, "nonce-of-four")).toMatchObject({ value: { epoch: 5, resigned: true } });
    await send(at, 5, null, undefined, { resign: true });
    expect(await at.door.takeTerm(1, "nonce-of-five")).toMatchObject({ value: { epoch: 6, resigned: true } });
  });

  test("is not to be had of a run that has ended, nor of one of another tier", async () => {
    const at = await chat();
    await at.door.takeTerm(1, "nonce-of-one");
    await at.door.end(1, ending(2));
    expect(await at.door.takeTerm(1, "nonce-of-two")).toEqual({
      ok: true,
      value: { kind: "ended", status: "completed", replacedBy: null },
    });
    await at.writer.start(() => opening(at.log)).onDisk;
    expect(await at.door.takeTerm(2, "nonce-of-one")).toMatchObject({ ok: false, failure: { code: "conflict" } });
    expect(at.door.look(3)).toMatchObject({ ok: false, failure: { code: "unknown_run" } });
  });
});

describe("a batch", () => {
  test("is acknowledged at once, and again when it is on disk", async () => {
    const at = await chat();
    await at.door.takeTerm(1, "nonce-of-one");
    expect(await send(at, 2, 0, text(0, "Be"))).toMatchObject({
      value: { kind: "appended", expected: 1, promised: 0 },
    });
    await at.clock.advance(300);
    expect(await send(at, 2, 1, text(2, "cause"))).toMatchObject({ value: { expected: 2, promised: 1 } });
    expect(await send(at, 2, 0, text(0, "XX"))).toMatchObject({ value: { kind: "duplicate", expected: 2 } });
    expect(await send(at, 2, 5, text(7, "?"))).toMatchObject({ value: { kind: "gap", expected: 2 } });
    expect(await send(at, 2, null, undefined, { flush: true })).toMatchObject({ value: { promised: 2 } });
    expect(await send(at, 2, 2, text(99, "?"))).toMatchObject({ value: { kind: "hole", length: 7 } });
    expect(await send(at, 2, 2, text(0, "?"))).toMatchObject({ value: { kind: "refused", through: 7 } });
  });

  test("that was not on disk is expected again after a crash", async () => {
    const before = await chat();
    await before.door.takeTerm(1, "nonce-of-one");
    await send(before, 2, 0, text(0, "Be"), { flush: true });
    await send(before, 2, 1, text(2, "cause"));
    const at = await chat(before.disk, before.clock);
    expect(await send(at, 2, null)).toMatchObject({ value: { kind: "appended", expected: 1, promised: 1 } });
    expect(await send(at, 2, 2, text(7, " of"))).toMatchObject({ value: { kind: "gap", expected: 1 } });
    expect(await send(at, 2, 1, text(2, "cause"))).toMatchObject({ value: { kind: "appended", expected: 2 } });
  });

  test("brings a recovery once, even if the object crashes just then", async () => {
    const before = await chat();
    await before.door.takeTerm(1, "nonce-of-one");
    const recovered: OutsideBatch = { kind: "recovered", recovery: { mode: "reattach", madeTwice: 0 } };
    await send(before, 2, 0, recovered);
    await before.clock.advance(0);
    const at = await chat(before.disk, before.clock);
    expect(await send(at, 2, 0, recovered)).toMatchObject({ value: { kind: "duplicate", expected: 1 } });
    expect(at.log.recoveries(at.log.run(1) ?? expect.unreachable())).toHaveLength(1);
  });
});

describe("an end", () => {
  test("is the same however often it comes, and nobody else's", async () => {
    const at = await chat();
    await at.door.takeTerm(1, "nonce-of-one");
    await at.door.takeTerm(1, "nonce-of-two");
    await send(at, 3, 0, text(0, "Because"));
    expect(await at.door.end(1, ending(2))).toEqual({ ok: true, value: { kind: "fenced", ended: null } });
    const told: string[] = [];
    at.door.watch(1, ({ kind }) => told.push(kind));
    const well = { ok: true, value: { kind: "ended", status: "completed", replacedBy: null } };
    expect(await Promise.all([at.door.end(1, ending(3)), at.door.end(1, ending(3))])).toEqual([well, well]);
    expect(await at.door.end(1, ending(3))).toEqual(well);
    expect(await at.door.end(1, ending(2))).toEqual({ ok: true, value: { kind: "fenced", ended: "completed" } });
    expect(await send(at, 3, 1, text(7, "!"))).toEqual({ ok: true, value: { kind: "fenced", ended: "completed" } });
    expect(told[0]).toBe("ended");
  });
});

describe("silence", () => {
  test("is told to readers, and that it is over", async () => {
    const at = await chat();
    expect(at.door.listen(1)).toBe("nobody");
    await at.door.takeTerm(1, "nonce-of-one");
    const generating = { phase: "generating", attempt: 1, detail: null } as const;
    await send(at, 2, 0, text(0, "Be"), { phase: generating });
    await at.clock.advance(2_000);
    expect(at.door.listen(1)).toBe("heard");
    await at.clock.advance(2_000);
    expect(at.door.listen(1)).toBe("silent");
    expect(at.writer.openRun(1)).toMatchObject({ phase: "recovering", detail: "worker lost, resuming" });
    await send(at, 2, null);
    expect(at.door.listen(1)).toBe("heard");
    expect(at.writer.openRun(1)).toMatchObject(generating);
  });

  test("of one who has laid down its office is not told: it said what is waited for", async () => {
    const at = await chat();
    await at.door.takeTerm(1, "nonce-of-one");
    await send(at, 2, null, undefined, {
      phase: { phase: "waiting", attempt: 2, detail: "Trying again in 9 s." },
      resign: true,
    });
    await at.clock.advance(9_000);
    expect(at.door.listen(1)).toBe("heard");
    expect(at.writer.openRun(1)?.detail).toBe("Trying again in 9 s.");
  });
});
