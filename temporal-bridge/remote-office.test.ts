import { describe, expect, test } from "vitest";
import type { AppendRequest } from "../protocol/producers.ts";
import { endedWell, ManualClock, rest } from "../tests/chat-kit.ts";
import { OutsideChat } from "../tests/outside-chat.ts";
import { Random } from "../tests/simulation/random.ts";
import { type Edge, EdgeError } from "./edge.ts";
import { type Loss, RemoteOffice, type RemoteOfficeOptions } from "./remote-office.ts";

/** What the network does to a request: nothing, all of it, or some of it. */
interface Weather {
  lose?: () => boolean;
  loseReply?: () => boolean;
  repeat?: () => boolean;
  delayMs?: () => number;
}

/** A run in a chat whose memory can be lost, and an office in it at the other end of a network. */
async function setUp(weather: Weather = {}, more: Partial<RemoteOfficeOptions> = {}) {
  const clock = new ManualClock();
  const chat = new OutsideChat(clock);
  const network = { down: false };
  const run = await chat.ask();
  const term = await chat.door.takeTerm(run, "nonce-of-this");
  if (!term.ok || term.value.kind !== "term") throw new Error("no term");

  const sent: AppendRequest[] = [];
  const sleep = (ms: number) => new Promise<void>((resolve) => clock.after(ms, resolve));
  async function through<T>(call: () => Promise<{ ok: boolean; value?: T }>): Promise<T> {
    await sleep(weather.delayMs?.() ?? 1);
    if (network.down || weather.lose?.()) throw new EdgeError("lost");
    if (weather.repeat?.()) void sleep(weather.delayMs?.() ?? 1).then(call);
    const reply = await call();
    await sleep(weather.delayMs?.() ?? 1);
    if (network.down || weather.loseReply?.()) throw new EdgeError("reply lost");
    return reply.value as T;
  }
  const edge: Pick<Edge, "append" | "end"> = {
    append: (_, request) => {
      sent.push(request);
      return through(() => chat.door.append(1, request));
    },
    end: (_, request) => through(() => chat.door.end(1, request)),
  };
  const lost: Loss[] = [];
  const office = new RemoteOffice({
    run: term.value.started.run,
    epoch: term.value.epoch,
    started: term.value.started,
    bookmark: null,
    firstTokenMs: null,
    length: 0,
    edge,
    clock,
    random: () => 0.5,
    onPhase: () => {},
    onLost: (loss) => lost.push(loss),
    ...more,
  });
  const [text, shown] = [() => chat.text(run), () => chat.shown(run)];
  return { office, chat, network, clock, sent, lost, text, shown };
}

/** Appends words one after the other, `everyMs` apart. */
async function say({ office, clock }: Awaited<ReturnType<typeof setUp>>, words: string[], everyMs: number) {
  let at = 0;
  for (const word of words) {
    office.append({ deltas: [{ at, text: word }], bookmark: { responseId: "r", sequenceNumber: at } });
    at += word.length;
    await clock.advance(everyMs);
  }
}

const numbers = (count: number) => Array.from({ length: count }, (_, i) => ` ${i}é`);

describe("an office over a network that does what it should", () => {
  test("shows the first word at once, and sends what comes close together in one batch", async () => {
    const at = await setUp();
    at.office.append({ deltas: [{ at: 0, text: "Be" }], bookmark: null });
    await at.clock.advance(100);
    expect(at.shown()).toBe("Be");
    const before = at.sent.length;
    await say(at, [], 0);
    for (let i = 0; i < 50; i++) {
      at.office.append({ deltas: [{ at: 2 + i, text: "." }], bookmark: null });
      await at.clock.advance(10);
    }
    await at.clock.advance(200);
    expect(at.shown()).toBe(`Be${".".repeat(50)}`);
    expect(at.sent.length - before).toBeLessThan(10);
  });

  test("keeps what is not promised, and brings the run to its end", async () => {
    const at = await setUp();
    await say(at, numbers(40), 20);
    const ending = at.office.end({ ...endedWell(), status: "failed" }, false);
    await at.clock.advance(3_000);
    await ending;
    expect(at.office.ended?.status).toBe("failed");
    expect(at.text()).toBe(numbers(40).join(""));
    expect(at.chat.run(1).ended?.status).toBe("failed");
    expect(at.office.held).toBeUndefined();
  });

  test("leaves the end of a complete answer to somebody else, once all of it is on disk", async () => {
    const at = await setUp();
    await say(at, numbers(10), 20);
    const ending = at.office.end(endedWell(), false);
    await at.clock.advance(100);
    await ending;
    expect(at.office.ending).toMatchObject({ epoch: 2, ended: { status: "completed" } });
    expect([at.text(), at.chat.run(1).ended]).toEqual([numbers(10).join(""), null]);
    expect(at.chat.writer.openRun(1)?.phase).toBe("finalizing");
  });

  test("gives signs of life when there is nothing to say, and none when it is over", async () => {
    const at = await setUp();
    await at.clock.advance(5_000);
    expect(at.chat.door.listen(1)).toBe("heard");
    const before = at.sent.length;
    expect(before).toBeGreaterThan(4);
    at.office.abandon();
    await at.clock.advance(5_000);
    expect(at.sent.length).toBe(before);
  });

  test("tells at once where an answer is found, and knows when the log has heard of it", async () => {
    const at = await setUp();
    const bookmark = { responseId: "r", sequenceNumber: 0 };
    at.office.phase("waiting", 1, null);
    await at.clock.advance(50);
    at.office.append({ deltas: [], bookmark });
    await at.clock.advance(2);
    const known = at.office.orphan();
    await at.clock.advance(1);
    expect([await known, at.chat.writer.openRun(1)?.bookmark]).toEqual([null, bookmark]);
    at.network.down = true;
    const next = { responseId: "another", sequenceNumber: 0 };
    at.office.append({ deltas: [], bookmark: next });
    await at.clock.advance(500);
    await at.chat.writer.takeOver(1);
    at.network.down = false;
    await at.clock.advance(5_000);
    expect(at.lost).toEqual([{ kind: "fenced", ended: null }]);
    const orphan = at.office.orphan();
    await at.clock.advance(1_000);
    expect(await orphan).toEqual(next);
  });

  test("that is laid down with nothing come of its request does not say that nothing is lost", async () => {
    const resigned = async (more: (at: Awaited<ReturnType<typeof setUp>>) => void) => {
      const at = await setUp();
      at.office.phase("waiting", 1, null);
      more(at);
      const waited = at.office.firstPiece(500);
      await at.clock.advance(500);
      await waited;
      const resigning = at.office.resign();
      await at.clock.advance(2_000);
      await resigning;
      const term = await at.chat.door.takeTerm(1, "nonce-of-the-next");
      return term.ok && term.value.kind === "term" && term.value.resigned;
    };
    expect(await resigned(() => {})).toBe(false);
    expect(await resigned(({ office }) => office.phase("waiting", 2, "Trying again in 2 s."))).toBe(true);
    const piece = { deltas: [], bookmark: { responseId: "r", sequenceNumber: 0 } };
    expect(await resigned(({ office }) => void office.append(piece))).toBe(true);
  });

  test("stops at once when it is fenced, with what ended the run", async () => {
    const at = await setUp();
    await say(at, numbers(3), 20);
    const taken = await at.chat.writer.takeOver(1);
    await at.chat.writer.end(1, taken?.epoch ?? 0, { ...endedWell(), status: "cancelled" });
    await at.clock.advance(1_000);
    expect(at.lost).toEqual([{ kind: "fenced", ended: "cancelled" }]);
    expect(at.office.append({ deltas: [{ at: 9, text: "x" }], bookmark: null })).toEqual({ kind: "fenced" });
  });

  test("records a recovery once, before the text that proves it", async () => {
    const at = await setUp({ repeat: () => true });
    at.office.recovered({ mode: "reattach", madeTwice: 0 });
    await say(at, numbers(5), 20);
    await at.clock.advance(1_000);
    expect(at.chat.recoveries(1)).toMatchObject([{ mode: "reattach", at: 0 }]);
    expect(at.shown()).toBe(numbers(5).join(""));
  });
});

describe("an office whose edge is away", () => {
  test("for a minute delivers all of it afterwards, once", async () => {
    const at = await setUp();
    await say(at, numbers(20), 20);
    at.network.down = true;
    let place = numbers(20).join("").length;
    for (const word of numbers(600)) {
      at.office.append({ deltas: [{ at: place, text: word }], bookmark: null });
      place += word.length;
      await at.clock.advance(100);
    }
    expect(at.lost).toEqual([]);
    at.network.down = false;
    await at.clock.advance(6_000);
    expect(at.shown()).toBe(numbers(20).join("") + numbers(600).join(""));
    // It did not hammer at a closed door.
    expect(at.sent.length).toBeLessThan(200);
  });

  test("for too long stops its producer, and delivers what it has", async () => {
    const at = await setUp({}, { limits: { kept: 100 } });
    at.network.down = true;
    await say(at, numbers(60), 20);
    expect(at.lost).toEqual([{ kind: "overflow" }]);
    const had = at.office.characters;
    expect(had).toBeGreaterThan(90);
    const resigning = at.office.resign();
    at.network.down = false;
    await at.clock.advance(10_000);
    await resigning;
    expect(at.text()).toBe(numbers(60).join("").slice(0, had));
  });

  test("and comes back without its memory is sent again what it has lost", async () => {
    const at = await setUp();
    await say(at, numbers(60), 20);
    at.chat.crash();
    expect(at.shown().length).toBeLessThan(numbers(60).join("").length);
    // Even if the model has nothing more to say.
    await at.clock.advance(2_000);
    expect(at.shown()).toBe(numbers(60).join(""));
  });

  test("and comes back without its memory is told what the run is doing", async () => {
    const at = await setUp();
    at.office.phase("generating", 2, null);
    await say(at, numbers(10), 20);
    await at.clock.advance(2_000);
    at.chat.crash();
    expect(at.chat.writer.openRun(1)?.phase).toBe("waiting");
    await at.clock.advance(1_000);
    expect(at.chat.writer.openRun(1)).toMatchObject({ phase: "generating", attempt: 2 });
    // Readers are told once.
    await at.clock.advance(5_000);
    expect(at.chat.phases.filter(({ phase }) => phase === "generating")).toHaveLength(2);
  });
});

describe("whatever the network and the edge do", () => {
  const runs = Array.from({ length: 60 }, (_, seed) => seed);

  test.each(runs)("every word gets there once and in order (seed %i)", async (seed) => {
    const random = new Random(seed);
    const at = await setUp({
      lose: () => random.chance(0.15),
      loseReply: () => random.chance(0.15),
      repeat: () => random.chance(0.15),
      delayMs: () => random.between(0, 200),
    });
    const words = numbers(random.between(1, 80));
    let place = 0;
    for (const word of words) {
      at.office.append({ deltas: [{ at: place, text: word }], bookmark: null });
      place += word.length;
      if (random.chance(0.05)) at.chat.crash();
      if (random.chance(0.05)) at.office.phase("generating", 1, null);
      await at.clock.advance(random.between(0, 300));
    }
    const ending = at.office.end(endedWell(), false);
    await at.clock.advance(120_000);
    await ending;
    await rest();
    expect(at.lost).toEqual([]);
    expect(at.office.ending).not.toBeNull();
    expect(at.text()).toBe(words.join(""));
  });
});
