import { describe, expect, test } from "vitest";
import type { RunErrorCode } from "../protocol/records.ts";
import type { Workflow } from "../protocol/workflows.ts";
import { endedWell, ManualClock, openObject, TestDisk } from "../tests/chat-kit.ts";
import { PlayedProvider } from "../tests/played-provider.ts";
import { ask } from "../tests/supervised.ts";
import type { Bridge, BridgeAnswer } from "./bridge-client.ts";
import { commission } from "./commission.ts";
import { ProducersDoor } from "./producers-door.ts";
import { Supervisor } from "./supervisor.ts";

const workflow = (more: Partial<Workflow> = {}): BridgeAnswer<Workflow> => ({
  ok: true,
  value: {
    id: "",
    chatId: "",
    state: "running",
    provider: "openai",
    model: "model",
    startedAt: 0,
    closedAt: null,
    uiUrl: null,
    step: null,
    attempt: 1,
    maximumAttempts: 3,
    lastFailure: null,
    nextAttemptAt: null,
    heartbeat: null,
    history: { events: 0, bytes: 0 },
    ...more,
  },
});
const refusal = (why: "unreachable" | "unknown" | "refused"): BridgeAnswer<never> => ({
  ok: false,
  why,
  detail: `It is ${why}.`,
});

/** A chat with a commission, and a bridge that answers what the test says. */
function setUp({ disk = new TestDisk(), clock = new ManualClock() } = {}) {
  const object = openObject(disk, clock);
  const { log, writer } = object;
  const asked: string[] = [];
  const says = { start: workflow(), describe: workflow(), cancel: workflow() };
  const answer = (what: keyof typeof says) => async () => {
    asked.push(what);
    return says[what];
  };
  const bridge = {
    start: answer("start"),
    describe: answer("describe"),
    cancel: answer("cancel"),
  } as unknown as Bridge;
  const provider = new PlayedProvider([]);
  const phases: string[] = [];
  const door = new ProducersDoor({ log, writer, clock, end: (...args) => supervisor.end(...args) });
  const temporal = commission({
    bridge,
    door,
    clock,
    random: () => 0.5,
    cost: () => 0,
    log: () => {},
    provider: () => provider,
    chatId: () => "c",
    owner: async () => "o",
    isOpen: (run) => writer.openRun(run)?.closed === false,
    phase: (run, phase, attempt, detail) => {
      phases.push(`${phase}: ${detail}`);
      writer.phase(run, phase, attempt, detail);
    },
    background: () => {},
  });
  const supervisor: Supervisor = new Supervisor({
    chunkLog: log,
    writer,
    clock,
    producer: () => temporal,
    log: () => {},
  });
  const start = (recovery: "continue" | "replace" = "continue") =>
    supervisor.start(ask({ tier: "temporal", recovery }));
  const run = (number = 1) => log.run(number) ?? expect.unreachable();
  /** A worker that takes the run up and says something. */
  const work = async (text = "Because", number = 1) => {
    const term = await door.takeTerm(number, `nonce-${clock.now()}-${number}`);
    if (!term.ok || term.value.kind !== "term") throw new Error("no term");
    const { epoch } = term.value;
    const bookmark = { responseId: "r", sequenceNumber: 1 };
    const batch = { seq: 0, what: { kind: "text" as const, deltas: [{ at: term.value.text.length, text }], bookmark } };
    const phase = { phase: "generating" as const, attempt: 1, detail: null };
    await door.append(number, { epoch, phase, batch, flush: true, resign: false });
    return epoch;
  };
  return { ...object, says, asked, phases, door, provider, supervisor, start, run, work };
}

const code: RunErrorCode = "producer_unavailable";

describe("a run's workflow", () => {
  test("is started, and its worker ends the run", async () => {
    const at = setUp();
    await at.start();
    await at.clock.advance(0);
    expect([at.asked, at.phases]).toEqual([["start"], ["validating: null"]]);
    const epoch = await at.work();
    await at.door.end(1, { epoch, ended: endedWell(), replace: false });
    await at.clock.advance(0);
    expect([at.run().ended?.status, at.supervisor.busy]).toEqual(["completed", false]);
    expect(at.run().ended?.receipt).toMatchObject({ outputTokens: 2 });
  });

  test("is tried for a while where the bridge does not answer, and readers are told", async () => {
    const at = setUp();
    at.says.start = refusal("unreachable");
    await at.start();
    await at.clock.advance(10_000);
    expect(at.writer.openRun(1)).toMatchObject({
      phase: "waiting",
      detail: /^It is unreachable. Trying again in \d+ s.$/,
    });
    at.says.start = workflow();
    await at.clock.advance(6_000);
    expect([at.asked.at(-1), at.writer.openRun(1)?.detail]).toEqual(["describe", "waiting for a worker"]);
  });

  test("that can't be started in a minute ends the run with the reason", async () => {
    const at = setUp();
    at.says.start = refusal("unreachable");
    await at.start();
    await at.clock.advance(70_000);
    expect(at.run().ended).toMatchObject({ status: "failed", error: { code, message: /It is unreachable/ } });
    expect([at.supervisor.busy, at.asked.length < 25]).toEqual([false, true]);
  });

  test("is left to a worker who is heard of, whatever becomes of the bridge", async () => {
    const before = setUp();
    await before.start();
    await before.clock.advance(0);
    const epoch = await before.work();
    const at = setUp({ disk: before.disk });
    at.says.start = refusal("unreachable");
    at.says.describe = refusal("unreachable");
    at.supervisor.recover();
    for (let s = 0; s < 5_000; s++) {
      await at.door.append(1, { epoch, phase: null, batch: null, flush: false, resign: false });
      await at.clock.advance(1_000);
    }
    expect([at.run().ended, at.provider.cancelled]).toEqual([null, []]);
  });

  test("that nobody is heard of is given up in the end: after a day, or after an hour without a bridge", async () => {
    for (const [hours, describe] of [
      [24, workflow()],
      [1, refusal("unreachable")],
    ] as const) {
      const at = setUp();
      await at.start();
      await at.clock.advance(0);
      await at.work();
      at.says.describe = describe;
      const before = at.asked.length;
      await at.clock.advance((hours - 0.1) * 3_600_000);
      expect(at.run().ended).toBeNull();
      expect(at.asked.length - before).toBeLessThan(hours * 130);
      await at.clock.advance(0.2 * 3_600_000);
      expect(at.run().ended).toMatchObject({ status: "interrupted", error: { message: /heard/ } });
    }
  });

  test("begun before a crash is waited for longer than one that never was", async () => {
    const before = setUp();
    before.says.start = refusal("unreachable");
    await before.start();
    const at = setUp({ disk: before.disk });
    at.says.start = refusal("unreachable");
    at.says.describe = refusal("unknown");
    at.supervisor.recover();
    await at.clock.advance(600_000);
    expect(at.run().ended).toBeNull();
    at.says.start = workflow();
    await at.clock.advance(60_000);
    expect(at.asked.at(-1)).toBe("start");
  });

  test("that is refused ends the run at once", async () => {
    const at = setUp();
    at.says.start = refusal("refused");
    await at.start();
    await at.clock.advance(0);
    expect([at.run().ended?.status, at.asked]).toEqual(["failed", ["start"]]);
  });

  test.each(["failed", "terminated", "timed-out", "completed"] as const)(
    "that is %s leaves no run open",
    async (state) => {
      const at = setUp();
      await at.start();
      await at.clock.advance(0);
      await at.work();
      at.says.describe = workflow({ state, lastFailure: { code: "internal", message: "It broke." } });
      await at.clock.advance(10_000);
      expect(at.run().ended).toMatchObject({ status: "interrupted", error: { message: /It broke/ } });
      expect(at.provider.cancelled).toEqual([{ responseId: "r", sequenceNumber: 1 }]);
    },
  );

  test.each(["told by its worker", "found by asking"])(
    "that is cancelled where it is kept, %s, stops the answer and ends the run cancelled",
    async (how) => {
      const at = setUp();
      await at.start("replace");
      await at.clock.advance(0);
      await at.work();
      if (how === "found by asking") at.says.describe = workflow({ state: "cancelled" });
      else at.door.notify(1, { failure: null, cancelled: true });
      await at.clock.advance(10_000);
      expect(at.run().ended).toMatchObject({ status: "cancelled", error: null, replacedBy: null });
      expect(at.log.text(at.run()).text).toBe("Because");
      expect(at.provider.cancelled).toEqual([{ responseId: "r", sequenceNumber: 1 }]);
    },
  );

  test("that ended without a word is followed by another run, where the ask allows that", async () => {
    const at = setUp();
    await at.start("replace");
    await at.clock.advance(0);
    await at.work();
    at.door.notify(1, { failure: { code, message: "Its workers were lost.", retryAfter: null }, cancelled: false });
    await at.clock.advance(0);
    expect(at.run().ended).toMatchObject({ status: "interrupted", replacedBy: at.run(2).started.run });
    expect(at.run(2).started.tier).toBe("temporal");
    expect(at.asked.filter((what) => what === "start")).toHaveLength(2);
  });

  test("that Temporal knows nothing of any more is started again", async () => {
    const at = setUp();
    await at.start();
    await at.clock.advance(0);
    at.says.describe = refusal("unknown");
    await at.clock.advance(3_000);
    expect(at.asked).toEqual(["start", "describe", "start"]);
  });

  test("is asked after less and less often while its worker is heard of", async () => {
    const at = setUp();
    await at.start();
    await at.clock.advance(0);
    const epoch = await at.work();
    for (let s = 0; s < 300; s++) {
      await at.door.append(1, { epoch, phase: null, batch: null, flush: false, resign: false });
      await at.clock.advance(1_000);
    }
    expect(at.asked.length).toBeLessThan(20);
    expect(at.writer.openRun(1)?.phase).toBe("generating");
  });
});

describe("a worker that is lost", () => {
  test("is told to readers, and that another one has the run", async () => {
    const at = setUp();
    await at.start();
    await at.clock.advance(0);
    await at.work();
    await at.clock.advance(5_000);
    expect(at.writer.openRun(1)).toMatchObject({ phase: "recovering", detail: "worker lost, resuming" });
    await at.work(" of");
    await at.clock.advance(1_000);
    expect(at.writer.openRun(1)).toMatchObject({ phase: "generating", detail: null });
  });
});

describe("after a crash of the chat", () => {
  test("the run is its worker's as before", async () => {
    const before = setUp();
    await before.start();
    await before.clock.advance(0);
    const epoch = await before.work();
    const at = setUp({ disk: before.disk });
    at.supervisor.recover();
    await at.clock.advance(1_000);
    const sign = { epoch, phase: null, batch: null, flush: false, resign: false };
    expect(await at.door.append(1, sign)).toMatchObject({ value: { kind: "appended", expected: 1 } });
    await at.door.end(1, { epoch, ended: endedWell(), replace: false });
    await at.clock.advance(0);
    expect([at.run().ended?.status, at.supervisor.busy]).toEqual(["completed", false]);
  });
});

describe("stopping", () => {
  test("needs no worker, and no bridge", async () => {
    const at = setUp();
    at.says.start = refusal("unreachable");
    at.says.cancel = refusal("unreachable");
    await at.start();
    await at.clock.advance(1_000);
    expect(await at.supervisor.cancel(1)).toBe("cancelled");
    expect(at.run().ended).toMatchObject({ status: "cancelled", receipt: { requests: 0 } });
    expect(at.asked).toContain("cancel");
  });

  test("takes the run from its worker, keeps what is there, stops the answer and the workflow", async () => {
    const at = setUp();
    await at.start();
    await at.clock.advance(0);
    const epoch = await at.work();
    expect(await at.supervisor.cancel(1)).toBe("cancelled");
    expect(at.log.text(at.run()).text).toBe("Because");
    expect(at.run().ended?.receipt).toMatchObject({ requests: 1, estimated: true });
    expect(at.provider.cancelled).toHaveLength(1);
    expect(at.asked).toContain("cancel");
    const sign = { epoch, phase: null, batch: null, flush: false, resign: false };
    expect(await at.door.append(1, sign)).toEqual({ ok: true, value: { kind: "fenced", ended: "cancelled" } });
  });
});
