import { expect, test } from "vitest";
import type { KeptAnswer } from "../cache/kept-answer.ts";
import type { Found } from "../cache/response-cache.ts";
import type { LogRecord } from "../protocol/records.ts";
import { CHAT, endedWell, ManualClock, openObject, TestDisk } from "../tests/chat-kit.ts";
import { type Play, PlayedProvider, STOP } from "../tests/played-provider.ts";
import { ask } from "../tests/supervised.ts";
import type { AnswerDoor } from "./asking.ts";
import { redisTier } from "./redis-tier.ts";
import { Supervisor } from "./supervisor.ts";

const kept = (now: number): KeptAnswer => ({
  ...{ text: "Because it is.", finish: "stop", pace: [7, 100, 7, 5_000], inputTokens: 1, outputTokens: 4, cost: 0.1 },
  ...{ firstTokenMs: 100, totalMs: 5_100, madeAt: now, keptUntil: now + 60_000 },
});

/** A chat of the redis tier; made again on the same disk, it is the chat after a crash. */
function openChat(cache: () => Found, door: AnswerDoor, disk = new TestDisk(), plays: Play[] = []) {
  const clock = new ManualClock();
  const { log, writer } = openObject(disk, clock);
  const tier = redisTier({
    clock,
    random: () => 0.5,
    cost: () => 1,
    provider: () => new PlayedProvider(plays, false),
    log: () => {},
    cache: { find: async () => cache() },
    ttl: 60,
    keyOf: async () => "key",
    answer: () => door,
    uuid: () => "unique",
  });
  const supervisor = new Supervisor({ chunkLog: log, writer, clock, producer: () => tier, log: () => {} });
  return { log, writer, supervisor, disk, clock };
}

/** An answer that is made for whoever asks for it. */
const made: AnswerDoor = {
  async follow(_, take) {
    const records: LogRecord[] = [
      { type: "delta", run: "answer.1", at: 0, text: "Because it is." },
      { type: "run.ended", run: "answer.1", ...endedWell(), replacedBy: null, time: 1 },
    ];
    for (const record of records) take(record, true);
    return { kind: "ended", pays: true };
  },
  leave: async () => null,
};
const nobody: AnswerDoor = {
  follow: () => Promise.reject(new Error("Nobody is to be asked.")),
  leave: () => Promise.reject(new Error("Nobody is to be left.")),
};

const paced = ask({ tier: "redis", cache: { mode: "default", ttl: null, pace: "original" } });

test("a kept answer is given at its pace, and a crash in the middle of it costs nothing", async () => {
  const find = (): Found => ({ kind: "hit", answer: kept(1_000_000) });
  const before = openChat(find, nobody);
  await before.supervisor.start(paced);
  await before.clock.advance(1_000);
  expect(before.log.text(before.log.run(1) ?? expect.fail()).text).toBe("Because");
  const after = openChat(find, nobody, before.disk);
  after.supervisor.recover();
  await after.clock.advance(10_000);
  const receipt = { cache: "hit", cost: 0, requests: 0, saved: { inputTokens: 1, outputTokens: 4, cost: 0.1 } };
  expect(after.log.run(1)?.ended).toMatchObject({ status: "completed", receipt });
  expect(after.log.text(after.log.run(1) ?? expect.fail()).text).toBe("Because it is.");
});

test("one that is kept no more after the crash is made, and that run was no hit", async () => {
  const before = openChat(() => ({ kind: "hit", answer: kept(1_000_000) }), nobody);
  await before.supervisor.start(paced);
  await before.clock.advance(50);
  const after = openChat(() => ({ kind: "miss" }), made, before.disk);
  after.supervisor.recover();
  await after.supervisor.settled();
  const { started, ended } = after.log.run(1) ?? expect.fail();
  expect([started.run, started.cache]).toEqual([`${CHAT}.1`, "hit"]);
  expect(ended).toMatchObject({ status: "completed", receipt: { cache: "miss", requests: 1, inputTokens: 1 } });
});

test("an answer that no more may follow is made by the chat, and its receipt says that it was", async () => {
  const full: AnswerDoor = { follow: async () => ({ kind: "none" }), leave: async () => null };
  const { log, supervisor } = openChat(() => ({ kind: "miss" }), full, new TestDisk(), [
    { pieces: ["Mine."], end: STOP },
  ]);
  await supervisor.start(ask({ tier: "redis" }));
  await supervisor.settled();
  const receipt = { cache: "miss", requests: 1, cost: 1, recoveries: [] };
  expect(log.run(1)?.ended).toMatchObject({ status: "completed", receipt });
  expect(log.text(log.run(1) ?? expect.fail()).text).toBe("Mine.");
});
