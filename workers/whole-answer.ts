// A run read from its beginning, for replies that have it in one piece.
import type { ChatObject } from "../durable-objects/chat.ts";
import { MAX_CHUNKS_BYTES, MAX_WAIT_SECONDS } from "../protocol/limits.ts";
import { parseOffset, type ResumePoint } from "../protocol/offsets.ts";
import type { RunEndedRecord, RunStartedRecord } from "../protocol/records.ts";
import { applyDelta } from "../protocol/reduce.ts";
import type { Identity } from "./auth/identity.ts";
import { expect } from "./problem.ts";

interface AnswerSoFar {
  started: RunStartedRecord | null;
  /** What is promised of it. */
  text: string;
  ended: RunEndedRecord | null;
}

interface WholeAnswer extends AnswerSoFar {
  started: RunStartedRecord;
  ended: RunEndedRecord;
}

/** Waits for the run's end, however long that takes; the reader's leaving ends it, and so does its being sent away. */
export async function wholeAnswer(
  chat: DurableObjectStub<ChatObject>,
  identity: Identity,
  run: number,
): Promise<WholeAnswer> {
  return (await answerSoFar(chat, identity, run, Number.POSITIVE_INFINITY)) as WholeAnswer;
}

/** Waits for the run's end up to `waitMs`. Only what is over by then has an end, and always a beginning. */
export async function answerSoFar(
  chat: DurableObjectStub<ChatObject>,
  { person, until, token }: Identity,
  run: number,
  waitMs: number,
): Promise<AnswerSoFar> {
  const waitsUntil = Date.now() + waitMs;
  const answer: AnswerSoFar = { started: null, text: "", ended: null };
  let from: ResumePoint | undefined;
  for (;;) {
    const left = Math.max(0, waitsUntil - Date.now());
    const wait = Math.min(left, MAX_WAIT_SECONDS * 1000);
    const page = await chat.chunks(person, { run, from, until, token }, MAX_CHUNKS_BYTES, wait);
    const { records, offset } = expect(page);
    for (const record of records) {
      if (record.type === "run.started") answer.started = record;
      else if (record.type === "delta") answer.text = applyDelta(answer.text, record) ?? answer.text;
      else if (record.type === "run.ended") answer.ended = record;
    }
    if (answer.ended || (left === 0 && records.length === 0)) return answer;
    from = parseOffset(offset);
  }
}
