import { describe, expect, test } from "vitest";
import { Random } from "../tests/simulation/random.ts";
import { makePieces } from "../tests/simulation/text.ts";
import type { LogRecord, Receipt } from "./records.ts";
import { applyDelta, type ChatState, emptyChat, reduce } from "./reduce.ts";

const RUN = "c.1";
const receipt: Receipt = {
  tier: "mvp",
  provider: "openai",
  model: "m",
  cache: "off",
  inputTokens: 1,
  outputTokens: 2,
  estimated: false,
  cost: null,
  firstTokenMs: 3,
  totalMs: 4,
  requests: 1,
  recoveries: [],
};
const message: LogRecord = { type: "message", id: "m1", parent: null, role: "user", text: "Why?", time: 1 };
const started: LogRecord = {
  type: "run.started",
  run: RUN,
  parent: "m1",
  message: "a1",
  tier: "mvp",
  provider: "openai",
  model: "m",
  params: { temperature: null, maxOutputTokens: null, system: null },
  cache: "off",
  time: 2,
};
const delta = (at: number, text: string): LogRecord => ({ type: "delta", run: RUN, at, text });
const commit = (through: number): LogRecord => ({ type: "commit", run: RUN, through });
const ended: LogRecord = {
  type: "run.ended",
  run: RUN,
  status: "completed",
  finish: "stop",
  error: null,
  replacedBy: null,
  receipt,
  time: 9,
};

type Sent = [record: LogRecord, promised: boolean];

function apply(chat: ChatState, ...sent: Sent[]): ChatState {
  for (const [record, promised] of sent) {
    const next = reduce(chat, record, promised);
    if ("gap" in next) throw new Error(`gap: ${JSON.stringify(next.gap)}`);
    chat = next;
  }
  return chat;
}

const begun = apply(emptyChat, [message, true], [started, true]);
const runOf = (chat: ChatState) => chat.runs[RUN];

describe("one delta", () => {
  test.each([
    ["goes on where the text ends", "abc", 3, "de", 0, "abcde"],
    ["takes the place of all that came after", "abcXYZ", 3, "de", 0, "abcde"],
    ["with no text drops the tail", "abcXYZ", 3, "", 3, "abc"],
    ["changes nothing that is promised", "abcdef", 0, "abc", 6, "abcdef"],
    ["that begins in promised text adds what comes after it", "abcXYZ", 1, "bcde", 3, "abcde"],
  ])("%s", (_, text, at, added, committed, result) => {
    expect(applyDelta(text, { at, text: added }, committed)).toBe(result);
  });

  test("that is missing something before it is refused", () => {
    expect(applyDelta("abc", { at: 4, text: "e" })).toBeUndefined();
  });
});

describe("a run", () => {
  test("shows what came, and holds what is promised", () => {
    const chat = apply(begun, [delta(0, "Be"), false], [delta(2, "cause"), false], [commit(2), true]);
    expect(runOf(chat)).toMatchObject({ text: "Because", committed: 2, status: "running" });
  });

  test("after a crash drops the tail that was only shown", () => {
    const before = apply(begun, [delta(0, "Be"), false], [commit(2), true], [delta(2, "lieve"), false]);
    const after = apply(before, [delta(2, ""), false], [delta(2, "cause"), false], [commit(7), true]);
    expect(runOf(after)).toMatchObject({ text: "Because", committed: 7 });
  });

  test("ends with what is promised, and nothing after its end changes it", () => {
    const over = apply(begun, [delta(0, "Because"), false], [commit(7), true], [ended, true]);
    expect(runOf(over)).toMatchObject({ text: "Because", status: "completed", phase: null });
    const phase: LogRecord = { type: "run.phase", run: RUN, phase: "generating", attempt: 2, detail: null };
    const again = apply(over, [delta(0, "Be"), true], [delta(7, "!"), false], [phase, false], [started, true]);
    expect(again).toEqual(over);
  });

  test("tells where something is missing", () => {
    expect(reduce(begun, delta(3, "x"), false)).toEqual({ gap: { run: RUN, length: 0, at: 3 } });
    expect(reduce(begun, commit(3), true)).toEqual({ gap: { run: RUN, length: 0, at: 3 } });
    expect(reduce(emptyChat, delta(0, "x"), false)).toEqual({ gap: { run: RUN, length: 0, at: 0 } });
  });
});

test("a chat is called by its first message until it is given a title", () => {
  expect(begun.title).toBe("Why?");
  expect(apply(begun, [{ type: "title", title: "Causes" }, true]).title).toBe("Causes");
});

/** A log of one run: the records on disk, and, between them, what is shown before each is promised. */
function makeLog(random: Random): { onDisk: LogRecord[]; live: { shown: LogRecord[]; promise: LogRecord }[] } {
  const onDisk: LogRecord[] = [message, started];
  const live: { shown: LogRecord[]; promise: LogRecord }[] = onDisk.map((promise) => ({ shown: [], promise }));
  let at = 0;
  for (let rows = random.between(0, 8); rows > 0; rows--) {
    const pieces = makePieces(random, random.between(0, 4), 5);
    const row = delta(at, pieces.join(""));
    const shown = pieces.map((piece) => {
      const record = delta(at, piece);
      at += piece.length;
      return record;
    });
    onDisk.push(row);
    live.push({ shown, promise: commit(at) });
  }
  onDisk.push(ended);
  live.push({ shown: [], promise: ended });
  return { onDisk, live };
}

const firstSeed = Math.floor(Math.random() * 1_000_000_000);

test(`whatever is cut and replayed, from whichever offset, readers come to the same (seeds from ${firstSeed})`, () => {
  for (let seed = firstSeed; seed < firstSeed + 500; seed++) {
    const random = new Random(seed, "reduce");
    const { onDisk, live } = makeLog(random);
    const whole = apply(emptyChat, ...onDisk.map((record): Sent => [record, true]));
    let chat = emptyChat;
    let had = 0;
    const take = (record: LogRecord, promised: boolean) => {
      const before = runOf(chat);
      chat = apply(chat, [record, promised]);
      const now = runOf(chat);
      if (before) {
        const promise = before.text.slice(0, before.committed);
        expect(now?.text.startsWith(promise), `seed ${seed}: a promise was taken back`).toBe(true);
        expect(now?.committed, `seed ${seed}`).toBeGreaterThanOrEqual(before.committed);
      }
      // Twice is once.
      expect(apply(chat, [record, promised]), `seed ${seed}`).toEqual(chat);
    };
    while (had < onDisk.length) {
      // It comes back with its last offset, or, having forgotten, with an older one, and is replayed what is on disk.
      const durable = random.between(had, onDisk.length);
      for (let at = random.between(0, had); at < durable; at++) take(onDisk[at] as LogRecord, true);
      had = durable;
      // Then it is live, until it is cut: perhaps between what is shown and its promise.
      for (let left = random.between(0, 4); left > 0 && had < onDisk.length; left--) {
        const { shown, promise } = live[had] as (typeof live)[number];
        for (const record of shown) take(record, false);
        if (random.chance(0.3)) break;
        take(promise, true);
        had += 1;
      }
    }
    expect(chat, `seed ${seed}`).toEqual(whole);
  }
});
