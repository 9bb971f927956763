import { describe, expect, test } from "vitest";
import { ProviderError } from "../providers/provider.ts";
import { rest, TestDisk } from "../tests/chat-kit.ts";
import { type Play, STOP } from "../tests/played-provider.ts";
import { ask, supervise } from "../tests/supervised.ts";
import type { RunAsk } from "./run-ask.ts";

const whole: Play = { pieces: ["Be", "cause"], end: STOP };
const cut = new ProviderError("provider_stream_cut", "Cut.");
const overloaded = new ProviderError("provider_overloaded", "Later.");

describe("an ask", () => {
  test("is answered with the conversation before it", async () => {
    const { supervisor, log, provider, run } = supervise([whole, whole]);
    expect(await supervisor.start(ask())).toMatchObject({ ok: true, value: { run: 1 } });
    await supervisor.settled();
    await supervisor.start(ask({ prompt: "And then?" }));
    await supervisor.settled();
    expect(log.text(run(2)).text).toBe("Because");
    expect(provider.asked[1]?.ask.turns.map(({ text }) => text)).toEqual(["Why?", "Because", "And then?"]);
    expect(run(2).ended).toMatchObject({ status: "completed", finish: "stop" });
  });

  test("without a prompt answers the last message again, beside the answer there is", async () => {
    const { supervisor, provider, run } = supervise([whole, whole]);
    await supervisor.start(ask());
    await supervisor.settled();
    await supervisor.start(ask({ prompt: null }));
    await supervisor.settled();
    expect(provider.asked[1]?.ask.turns.map(({ text }) => text)).toEqual(["Why?"]);
    expect(run(2).started.parent).toBe(run(1).started.parent);
  });

  test.each<[string, Partial<RunAsk>, string]>([
    ["that follows nothing there is", { parentId: "m99" }, "bad_request"],
    ["that follows a person's message", { parentId: "m1" }, "bad_request"],
    ["to answer an answer", { prompt: null, parentId: "a1" }, "bad_request"],
    ["that follows an answer being written", { parentId: "a1" }, "conflict"],
  ])("%s is refused", async (_, more, code) => {
    const { supervisor } = supervise([{ pieces: ["Be"] }]);
    await supervisor.start(ask());
    expect(await supervisor.start(ask(more))).toMatchObject({ ok: false, failure: { code } });
  });

  test("to answer again is refused where nothing was said", async () => {
    const refused = await supervise([]).supervisor.start(ask({ prompt: null }));
    expect(refused).toMatchObject({ ok: false, failure: { code: "bad_request" } });
  });

  test("beyond as many as may run at once is refused", async () => {
    const { supervisor } = supervise([]);
    for (let n = 1; n <= 8; n++) expect(await supervisor.start(ask({ parentId: null }))).toMatchObject({ ok: true });
    const refused = await supervisor.start(ask({ parentId: null }));
    expect(refused).toMatchObject({ ok: false, failure: { code: "too_many_runs", limit: 8, value: 8 } });
  });

  test("repeated with its key is one run, told of when that is on disk; another with that key is refused", async () => {
    const { supervisor, disk, log } = supervise([whole]);
    const keyed = ask({ idempotency: { key: "k", fingerprint: "f" } });
    disk.hold();
    const replies: unknown[] = [];
    for (const each of [1, 2]) void supervisor.start(keyed).then((reply) => replies.push([each, reply]));
    await rest();
    expect(replies).toEqual([]);
    await disk.release();
    expect(replies).toMatchObject([1, 2].map((each) => [each, { ok: true, value: { run: 1 } }]));
    const other = await supervisor.start(ask({ idempotency: { key: "k", fingerprint: "g" } }));
    expect(other).toMatchObject({ ok: false, failure: { code: "idempotency_conflict" } });
    expect(log.runs()).toHaveLength(1);
  });
});

describe("when a provider fails", () => {
  test("before the first word, it is asked again after a while", async () => {
    const { supervisor, clock, run, provider } = supervise([{ end: overloaded }, { end: overloaded }, whole]);
    await supervisor.start(ask());
    await clock.advance(5_000);
    expect(provider.asked).toHaveLength(3);
    expect(run(1).ended).toMatchObject({ status: "completed", receipt: { requests: 3, recoveries: [] } });
  });

  test("for good, the run says why and the chat goes on", async () => {
    const auth = new ProviderError("provider_auth", "No such key.");
    const { supervisor, run } = supervise([{ end: auth }, whole]);
    await supervisor.start(ask());
    await supervisor.settled();
    expect(run(1).ended).toMatchObject({ status: "failed", error: { code: "provider_auth", message: "No such key." } });
    await supervisor.start(ask({ prompt: "Again?" }));
    await supervisor.settled();
    expect(run(2).ended?.status).toBe("completed");
  });

  test("in the middle, a kept stream is taken up, again if it breaks again, and nothing is made twice", async () => {
    const { supervisor, clock, run, provider, log } = supervise([
      { pieces: [1, "Be"], end: cut },
      { end: overloaded },
      { pieces: ["ca"], end: cut },
    ]);
    await supervisor.start(ask({ recovery: "free" }));
    await clock.advance(10_000);
    // A piece without a bookmark can't be taken up: what is here is kept.
    expect(log.text(run(1)).text).toBe("Beca");
    expect(provider.asked.map(({ beginning }) => beginning.kind)).toEqual(["fresh", "reattach", "reattach"]);
    expect(run(1).ended).toMatchObject({
      status: "interrupted",
      error: { code: "recovery_exhausted" },
      receipt: { recoveries: [{ mode: "reattach", at: 2, madeTwice: 0 }] },
    });
  });

  test("in the middle, with nothing kept, the model is asked to go on from there", async () => {
    const plays: Play[] = [
      { pieces: ["Be"], end: cut },
      { pieces: ["cause"], end: STOP },
    ];
    const { supervisor, run, provider, log } = supervise(plays, { reattaches: false });
    await supervisor.start(ask());
    await supervisor.settled();
    expect(provider.asked[1]?.beginning).toEqual({ kind: "continue", prefix: "Be" });
    expect(log.text(run(1)).text).toBe("Because");
    expect(run(1).ended?.receipt.recoveries).toEqual([{ mode: "continue", at: 2, madeTwice: 0 }]);
  });

  test("and may be paid again, another run answers, and the two know of each other", async () => {
    const gone = new ProviderError("provider_stream_cut", "Gone.", { final: true });
    const plays: Play[] = [{ pieces: ["Be"], end: gone }, { end: gone }, whole];
    const { supervisor, run, log } = supervise(plays, { reattaches: false });
    await supervisor.start(ask({ recovery: "replace" }));
    await supervisor.settled();
    expect(run(1).ended).toMatchObject({ status: "interrupted", replacedBy: run(2).started.run });
    expect([log.text(run(1)).text, log.text(run(2)).text]).toEqual(["Be", "Because"]);
    expect([run(2).recovery, run(2).started.parent]).toEqual(["continue", run(1).started.parent]);
  });
});

describe("a stop", () => {
  test("keeps what was shown, and reaches a provider that would go on", async () => {
    const { supervisor, run, log, provider } = supervise([{ pieces: [7, "Be"] }]);
    await supervisor.start(ask());
    await rest();
    expect(await supervisor.cancel(1)).toBe("cancelled");
    expect([log.text(run(1)).text, run(1).ended?.status]).toEqual(["Be", "cancelled"]);
    expect(provider.cancelled).toEqual([{ responseId: "r1", sequenceNumber: 7 }]);
    expect(await supervisor.cancel(1)).toBe("cancelled");
  });

  test("while it waits to ask again ends it at once", async () => {
    const { supervisor, provider } = supervise([{ end: overloaded }]);
    await supervisor.start(ask());
    await rest();
    expect(await supervisor.cancel(1)).toBe("cancelled");
    expect(provider.asked).toHaveLength(1);
  });

  test("of a run that ended tells how", async () => {
    const { supervisor } = supervise([whole]);
    await supervisor.start(ask());
    await supervisor.settled();
    expect(await supervisor.cancel(1)).toBe("completed");
  });

  test("of a run that another producer has taken takes it back, to end it", async () => {
    const { supervisor, writer, run } = supervise([{ pieces: ["Be"] }]);
    await supervisor.start(ask());
    await rest();
    await writer.takeOver(1);
    expect(await supervisor.cancel(1)).toBe("cancelled");
    expect(run(1)).toMatchObject({ epoch: 3, ended: { status: "cancelled" } });
  });

  test("of a run found open after a crash is a stop, whatever might still be tried", async () => {
    const disk = new TestDisk();
    const before = supervise([{ pieces: ["Be"] }], { disk, reattaches: false });
    await before.supervisor.start(ask({ recovery: "replace" }));
    await before.clock.advance(1_000);
    const { supervisor, run, log, provider } = supervise([], { disk, clock: before.clock });
    expect(await supervisor.cancel(1)).toBe("cancelled");
    expect([run(1).ended?.replacedBy, log.text(run(1)).text, provider.asked]).toEqual([null, "Be", []]);
  });
});

describe("after a crash", () => {
  test("a run found open goes on from what was promised, once", async () => {
    const disk = new TestDisk();
    const before = supervise([{ pieces: [4, "Be"] }], { disk });
    await before.supervisor.start(ask());
    await before.clock.advance(1_000);
    const after = supervise([{ pieces: ["cause"], end: STOP }], { disk, clock: before.clock });
    after.supervisor.recover();
    after.supervisor.recover();
    expect(after.supervisor.busy).toBe(true);
    await after.supervisor.settled();
    expect(after.provider.asked).toHaveLength(1);
    expect(after.provider.asked[0]?.beginning).toMatchObject({ kind: "reattach", bookmark: { sequenceNumber: 4 } });
    expect(after.log.text(after.run(1)).text).toBe("Because");
    expect(after.run(1).ended?.receipt.recoveries).toEqual([{ mode: "reattach", at: 2, madeTwice: 0 }]);
  });

  test("a run that may not be paid for again says that it was interrupted", async () => {
    const disk = new TestDisk();
    const before = supervise([{ pieces: ["Be"] }], { disk, reattaches: false });
    await before.supervisor.start(ask({ recovery: "free" }));
    await before.clock.advance(1_000);
    const after = supervise([], { disk, reattaches: false, clock: before.clock });
    after.supervisor.recover();
    await after.supervisor.settled();
    expect(after.run(1).ended).toMatchObject({ status: "interrupted", error: { code: "recovery_exhausted" } });
  });
});

test("a producer that was fenced while it waited asks nothing more", async () => {
  const { supervisor, writer, clock, provider, run } = supervise([{ end: overloaded }, whole]);
  await supervisor.start(ask());
  await rest();
  await writer.takeOver(1);
  await clock.advance(10_000);
  expect([provider.asked.length, run(1).ended, supervisor.busy]).toEqual([1, null, false]);
});

test("when the disk refuses to take a recovery, the run goes on all the same, and its receipt tells what is on record", async () => {
  const plays: Play[] = [
    { pieces: ["Be"], end: cut },
    { pieces: ["ca"], end: STOP },
    { pieces: ["cause"], end: STOP },
  ];
  const { supervisor, disk, clock, log, run, text, logged } = supervise(plays, { reattaches: false });
  await supervisor.start(ask());
  disk.refuseNext = true;
  await clock.advance(10_000);
  expect(logged).toContain("producer failed");
  expect([text(1), run(1).ended?.status]).toEqual(["Because", "completed"]);
  expect(run(1).ended?.receipt.recoveries).toEqual(log.recoveries(run(1)));
});

test("when the disk refuses a run's end, the run keeps a producer until it has ended", async () => {
  const { supervisor, disk, clock, run, logged, log } = supervise(
    [{ pieces: ["Because"] }, { pieces: [], end: STOP }],
    { reattaches: false },
  );
  await supervisor.start(ask());
  await clock.advance(1_000);
  disk.refuseNext = true;
  void supervisor.cancel(1);
  await rest();
  expect([logged, run(1).ended, supervisor.busy]).toEqual([["provider let go", "producer failed"], null, true]);
  await clock.advance(10_000);
  expect([run(1).ended?.status, log.text(run(1)).text, supervisor.busy]).toEqual(["cancelled", "Because", false]);
});
