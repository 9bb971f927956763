import { describe, expect, test } from "vitest";
import { ProviderError, type Usage } from "../providers/provider.ts";
import { TestDisk } from "../tests/chat-kit.ts";
import type { Play } from "../tests/played-provider.ts";
import { ask, supervise } from "../tests/supervised.ts";

const cut = new ProviderError("provider_stream_cut", "Cut.");
const whole: Play = { pieces: ["Be", "cause"], end: { finish: "stop", usage: null } };
const gone = new ProviderError("provider_stream_cut", "Gone.", { final: true });
const usage = (inputTokens: number, outputTokens: number): Usage => ({
  inputTokens,
  cachedInputTokens: 0,
  outputTokens,
});
const stop = (used: Usage | null) => ({ finish: "stop", usage: used }) as const;

async function receiptOf(plays: Play[], reattaches = true) {
  const { supervisor, clock, run } = supervise(plays, { reattaches });
  await supervisor.start(ask());
  await clock.advance(60_000);
  return run(1).ended?.receipt;
}

describe("a receipt", () => {
  test("tells what the provider says was used, and what that costs", async () => {
    const receipt = await receiptOf([{ pieces: ["Because"], end: stop(usage(9, 2)) }]);
    expect(receipt).toMatchObject({ inputTokens: 9, outputTokens: 2, estimated: false, cost: 29, requests: 1 });
  });

  test("estimates where the provider says nothing, and says so", async () => {
    const receipt = await receiptOf([{ pieces: ["Because of the air"], end: stop(null) }]);
    expect(receipt).toMatchObject({ estimated: true });
    expect(receipt?.outputTokens).toBeGreaterThan(2);
    expect(receipt?.inputTokens).toBeGreaterThan(0);
  });

  test("takes a stream taken up again as one answer, with the usage told at its end", async () => {
    const plays: Play[] = [
      { pieces: [1, "Be"], end: cut },
      { pieces: [2, "cause"], end: stop(usage(9, 2)) },
    ];
    expect(await receiptOf(plays)).toMatchObject({
      inputTokens: 9,
      outputTokens: 2,
      estimated: false,
      requests: 2,
      recoveries: [{ mode: "reattach", at: 2, madeTwice: 0 }],
    });
  });

  test("adds up what a broken answer and the one that went on with it cost", async () => {
    const plays: Play[] = [
      { pieces: ["Because of the"], end: gone },
      { pieces: [" air"], end: stop(usage(20, 1)) },
    ];
    const receipt = await receiptOf(plays, false);
    expect(receipt).toMatchObject({ estimated: true, requests: 2 });
    expect(receipt?.inputTokens).toBeGreaterThan(20);
    expect(receipt?.outputTokens).toBeGreaterThan(2);
  });

  test("counts nothing for a request that brought nothing", async () => {
    const later = new ProviderError("provider_overloaded", "Later.");
    const receipt = await receiptOf([{ end: later }, { pieces: ["Because"], end: stop(usage(9, 2)) }]);
    expect(receipt).toMatchObject({ inputTokens: 9, outputTokens: 2, estimated: false, requests: 2, recoveries: [] });
  });

  test("after a crash owns up to what may have been made twice, and counts the request that was lost", async () => {
    const disk = new TestDisk();
    const before = supervise([{ pieces: ["Be"] }], { disk, reattaches: false });
    await before.supervisor.start(ask());
    await before.clock.advance(1_000);
    const plays: Play[] = [{ pieces: ["cause"], end: stop(usage(20, 1)) }];
    const { supervisor, run, clock } = supervise(plays, { disk, clock: before.clock, reattaches: false });
    supervisor.recover();
    await clock.advance(1_000);
    const { recoveries, requests, totalMs } = run(1).ended?.receipt ?? expect.unreachable();
    expect(recoveries).toMatchObject([{ mode: "continue", at: 2 }]);
    expect(recoveries[0]?.madeTwice).toBeGreaterThan(0);
    expect([requests, totalMs >= 1_000]).toEqual([2, true]);
  });
});

describe("an answer at a provider that would go on with it alone", () => {
  test("is stopped when another one is begun in its place, and when the run is given up", async () => {
    const begun: Play = { pieces: [1, "Be"], end: cut };
    const going = supervise([begun, { end: gone }, { pieces: ["cause"], end: stop(null) }]);
    await going.supervisor.start(ask());
    await going.clock.advance(60_000);
    expect(going.provider.cancelled).toEqual([{ responseId: "r1", sequenceNumber: 1 }]);

    const given = supervise([begun, { end: gone }]);
    await given.supervisor.start(ask({ recovery: "free" }));
    await given.clock.advance(60_000);
    expect(given.run(1).ended?.status).toBe("interrupted");
    expect(given.provider.cancelled).toEqual([{ responseId: "r1", sequenceNumber: 1 }]);
  });

  test("is taken up even if it has not said a word", async () => {
    const { supervisor, provider, clock, text } = supervise([
      { pieces: [0], end: cut },
      { pieces: [1, "Because"], end: stop(null) },
    ]);
    await supervisor.start(ask());
    await clock.advance(60_000);
    expect(provider.asked.map(({ beginning }) => beginning.kind)).toEqual(["fresh", "reattach"]);
    expect(text(1)).toBe("Because");
  });
});

describe("while no word comes", () => {
  const later = new ProviderError("provider_overloaded", "Later.");
  const stalled = new ProviderError("provider_stalled", "Nothing.");
  const used = new ProviderError("provider_rate_limited", "The quota is used up.", { final: true });
  const asked = async (plays: Play[], recovery: "continue" | "replace" = "replace") => {
    const { supervisor, provider, clock, run } = supervise(plays);
    await supervisor.start(ask({ recovery }));
    await clock.advance(600_000);
    return { kinds: provider.asked.map(({ beginning }) => beginning.kind), run: run(1), runs: run };
  };

  test("an answer that was begun and failed is asked for four times in all, and then it is the provider's failure", async () => {
    const { kinds, run, runs } = await asked(Array.from({ length: 20 }, () => ({ pieces: [1], end: later })));
    expect(kinds).toEqual(["fresh", "fresh", "fresh", "fresh"]);
    expect(run.ended).toMatchObject({ status: "failed", error: { code: "provider_overloaded" }, replacedBy: null });
    expect(() => runs(2)).toThrow();
    // Each was begun, so the prompt was paid four times, as far as anybody knows.
    expect(run.ended?.receipt).toMatchObject({ requests: 4, estimated: true, outputTokens: 0 });
    expect(run.ended?.receipt.inputTokens).toBeGreaterThanOrEqual(4);
  });

  test("an answer whose connection breaks is joined again, which costs nothing, before it is asked for anew", async () => {
    const { kinds, run } = await asked(
      Array.from({ length: 20 }, (_, index) => ({ pieces: index % 3 === 0 ? [1] : [], end: stalled })),
    );
    expect(kinds).toEqual(["fresh", "reattach", "reattach", "fresh", "reattach", "reattach"]);
    expect(run.ended).toMatchObject({ status: "failed", error: { code: "provider_stalled" } });
  });

  test("what waiting can't mend is not asked again", async () => {
    const { kinds, run } = await asked([{ pieces: [1], end: used }, whole]);
    expect(kinds).toEqual(["fresh"]);
    expect(run.ended).toMatchObject({ status: "failed", error: { code: "provider_rate_limited" } });
  });

  test("a stop finds the prompt on the bill, once the provider has begun", async () => {
    const { supervisor, run } = supervise([{ pieces: [1] }]);
    await supervisor.start(ask());
    await supervisor.cancel(1);
    const { inputTokens, outputTokens, estimated } = run(1).ended?.receipt ?? expect.unreachable();
    expect([inputTokens !== null && inputTokens > 0, outputTokens, estimated]).toEqual([true, 0, true]);
  });
});

test("an answer is joined by its own words, not by those of the one it goes on from", async () => {
  const { supervisor, provider, clock, text } = supervise([
    { pieces: ["Be"], end: cut },
    { pieces: [1, "ca"], end: cut },
    { pieces: [2, "use"], end: stop(null) },
  ]);
  await supervisor.start(ask());
  await clock.advance(60_000);
  expect(provider.asked.map(({ beginning }) => beginning)).toMatchObject([
    { kind: "fresh" },
    { kind: "continue", prefix: "Be" },
    { kind: "reattach", text: "ca" },
  ]);
  expect(text(1)).toBe("Because");
});
