import { expect, test } from "vitest";
import { MAX_FOLLOWERS } from "../protocol/limits.ts";
import { ManualClock, rest, TestDisk } from "../tests/chat-kit.ts";
import { type Play, PlayedProvider, STOP } from "../tests/played-provider.ts";
import type { Asking } from "./asking.ts";
import { ChunkLog } from "./chunk-log.ts";
import { LogWriter } from "./log-writer.ts";
import { ownProducer } from "./own-producer.ts";
import { SharedAnswer } from "./shared-answer.ts";
import { Subscribers } from "./subscribers.ts";
import { Supervisor } from "./supervisor.ts";

const asking = (run: string, more: Partial<Asking> = {}): Asking => ({
  run,
  provider: "openai",
  ask: {
    model: "model",
    system: null,
    temperature: null,
    maxOutputTokens: null,
    turns: [{ role: "user", text: "Why?" }],
  },
  policy: "continue",
  key: "key",
  ttl: 60,
  begin: true,
  ...more,
});

/** An answer's object without the platform; made again on the same disk, it is the object after a crash. */
function openAnswer(plays: Play[], disk = new TestDisk(), clock = new ManualClock()) {
  const provider = new PlayedProvider(plays, false);
  const log = new ChunkLog(disk);
  const subscribers = new Subscribers(log, clock, () => writer);
  const shared: SharedAnswer = new SharedAnswer({
    name: "answer",
    sql: disk,
    log,
    clock,
    writer: () => writer,
    supervisor: () => supervisor,
  });
  const writer: LogWriter = new LogWriter(log, () => disk.sync(), clock, shared.listen(subscribers));
  const own = ownProducer({ clock, random: () => 0.5, cost: () => 1, provider: () => provider, log: () => {} });
  const supervisor: Supervisor = new Supervisor({
    chunkLog: log,
    writer,
    clock,
    producer: () => own,
    conversation: (message) => shared.conversation(message),
    log: () => {},
  });
  return { shared, provider, log, clock, disk, supervisor };
}

test("is made once for all who ask, and the first who stays pays", async () => {
  const { shared, provider, supervisor } = openAnswer([{ pieces: ["Be"] }]);
  expect([shared.join(asking("a")), shared.join(asking("b")), shared.join(asking("b"))]).toEqual([1, 1, 1]);
  await rest();
  expect(provider.asked).toHaveLength(1);
  expect([shared.pays("a", 1), shared.pays("b", 1)]).toEqual([true, false]);
  expect(await shared.leave("a")).toBeNull();
  expect([shared.pays("b", 1), supervisor.busy]).toEqual([true, true]);
  expect(await shared.leave("b")).toMatchObject({ requests: 1, cost: 1 });
  expect(supervisor.busy).toBe(false);
});

test.each(["abc", "acb", "bac", "bca", "cab", "cba"])(
  "left in the order %s, is stopped by the last, who pays",
  async (order) => {
    const { shared, supervisor } = openAnswer([{ pieces: ["Be"] }]);
    for (const asker of "abc") shared.join(asking(asker));
    await rest();
    const [first = "", second = "", last = ""] = order;
    for (const asker of [first, second]) {
      expect(await shared.leave(asker)).toBeNull();
      expect([shared.pays(asker, 1), supervisor.busy]).toEqual([false, true]);
    }
    expect(shared.pays(last, 1)).toBe(true);
    expect(await shared.leave(last)).toMatchObject({ requests: 1 });
    // Whoever leaves once more changes nothing.
    expect([await shared.leave(first), supervisor.busy]).toEqual([null, false]);
  },
);

test("is not begun for one who wants only what there is, and leaves nothing on the disk for that", () => {
  const { shared, disk } = openAnswer([]);
  expect(shared.join(asking("a", { begin: false }))).toBeUndefined();
  expect(disk.writes).toBe(0);
});

test("that was whole is given to who comes late; one that failed or was stopped is made anew", async () => {
  const { shared, supervisor, clock } = openAnswer([{ pieces: ["Be"] }, { pieces: ["Because"], end: STOP }]);
  shared.join(asking("a"));
  await rest();
  await shared.leave("a");
  expect(shared.join(asking("b"))).toBe(2);
  await supervisor.settled();
  expect(shared.join(asking("c", { begin: false }))).toBe(2);
  expect(shared.pays("c", 2)).toBe(false);
  expect(shared.kept).toMatchObject({ key: "key", answer: { text: "Because", finish: "stop" } });
  await clock.advance(61_000);
  expect(shared.join(asking("d", { begin: false }))).toBeUndefined();
});

test("one who left is not brought back by an ask that its leave has overtaken", async () => {
  const { shared } = openAnswer([]);
  expect(await shared.leave("a")).toBeNull();
  expect(shared.join(asking("a"))).toBeUndefined();
});

test("knows after a crash who wants it, and stops what nobody does", async () => {
  const before = openAnswer([{ pieces: ["Be"] }]);
  before.shared.join(asking("a"));
  before.shared.join(asking("b"));
  await before.clock.advance(1_000);
  const after = openAnswer([{ pieces: ["cause"], end: STOP }], before.disk, before.clock);
  expect(await after.shared.leave("a")).toBeNull();
  after.shared.recover();
  await after.supervisor.settled();
  expect(after.log.run(1)?.ended?.status).toBe("completed");
  expect([after.shared.pays("b", 1), after.shared.join(asking("b"))]).toEqual([true, 1]);
  expect(after.shared.kept?.answer).toMatchObject({ text: "Because" });

  const alone = openAnswer([{ pieces: ["Be"] }]);
  alone.shared.join(asking("a"));
  await alone.clock.advance(1_000);
  alone.disk.exec("DELETE FROM askers");
  const unwanted = openAnswer([], alone.disk, alone.clock);
  unwanted.shared.recover();
  await unwanted.supervisor.settled();
  expect([unwanted.log.run(1)?.ended?.status, unwanted.provider.asked.length]).toEqual(["cancelled", 0]);
});

test("is followed by as many as were measured; whoever comes then, and nobody else, makes its own", async () => {
  const { shared, provider, disk, clock, supervisor } = openAnswer([{ pieces: ["Be"] }]);
  for (let i = 0; i < MAX_FOLLOWERS; i++) expect(shared.join(asking(`r${i}`))).toBe(1);
  await rest();
  const written = disk.writes;
  expect(shared.join(asking("more"))).toBeUndefined();
  expect(await shared.leave("more")).toBeNull();
  expect(disk.writes).toBe(written);
  // Those who follow may come back; a place that is given up is another's.
  expect(shared.join(asking("r7", { begin: false }))).toBe(1);
  expect(await shared.leave("r0")).toBeNull();
  expect(shared.join(asking("late"))).toBe(1);
  expect([shared.pays("r1", 1), shared.pays("late", 1), provider.asked.length]).toEqual([true, false, 1]);
  await clock.advance(1_000);
  const after = openAnswer([{ pieces: ["cause"], end: STOP }], disk, clock);
  expect(after.shared.join(asking("yet another"))).toBeUndefined();
  after.shared.recover();
  await after.supervisor.settled();
  // What is whole is read in a moment.
  expect(after.shared.join(asking("yet another"))).toBe(1);
  expect(supervisor.busy).toBe(true);
});

test("keeps a conversation of any length, whatever it is written in", async () => {
  const text = '🧠é\u0000"\\'.repeat(100_000);
  const turns = [
    { role: "user", text },
    { role: "assistant", text: "Oui." },
    { role: "user", text: "Why?" },
  ] as const;
  const { shared, provider, disk } = openAnswer([{ pieces: ["Be"], end: STOP }]);
  shared.join(asking("a", { ask: { ...asking("a").ask, turns } }));
  await rest();
  expect(provider.asked[0]?.ask.turns).toEqual(turns);
  for (const { bytes } of disk.exec<{ bytes: number }>("SELECT octet_length(body) AS bytes FROM log")) {
    expect(bytes).toBeLessThan(2_000_000);
  }
});

test("forgets what was asked when it is over, and who asked when nobody comes back; its text stays", async () => {
  const secret = { system: "Be secret.", turns: [{ role: "user", text: "A secret?" }] } as const;
  const { shared, provider, disk, supervisor, clock } = openAnswer([
    { pieces: ["No"] },
    { pieces: ["Yes"], end: STOP },
  ]);
  const asked = (run: string) => asking(run, { ask: { ...asking(run).ask, ...secret } });
  const tables = () => JSON.stringify([disk.exec("SELECT * FROM log"), disk.exec("SELECT * FROM runs")]);
  shared.join(asked("a"));
  await rest();
  expect(tables()).toContain("A secret?");
  await shared.leave("a");
  expect(tables()).not.toMatch(/secret/i);
  // It is said again by who has it made again.
  shared.join(asked("b"));
  await supervisor.settled();
  for (const { ask } of provider.asked) expect(ask).toMatchObject(secret);
  expect(tables()).not.toMatch(/secret/i);
  expect(shared.kept?.answer.text).toBe("Yes");

  shared.join(asked("c"));
  shared.forgetAskers();
  for (const { asker } of disk.exec("SELECT asker FROM askers")) expect(asker).toMatch(/^somebody \d+$/);
  // The first one paid.
  expect([shared.join(asked("d")), shared.pays("d", 2)]).toEqual([2, false]);
  const again = openAnswer([], disk, clock);
  expect([again.shared.join(asked("e")), again.shared.pays("e", 2)]).toEqual([2, false]);
});
