// A run read to its end, for replies that have it in one piece.
import type { ChatObject } from "../durable-objects/chat.ts";
import { MAX_CHUNKS_BYTES, MAX_WAIT_SECONDS } from "../protocol/limits.ts";
import { parseOffset, type ResumePoint } from "../protocol/offsets.ts";
import type { RunEndedRecord, RunStartedRecord } from "../protocol/records.ts";
import { applyDelta } from "../protocol/reduce.ts";
import { expect } from "./problem.ts";

export interface WholeAnswer {
  started: RunStartedRecord;
  text: string;
  ended: RunEndedRecord;
}

/** Waits for the run's end, however long that takes; the reader's leaving ends it. */
export async function wholeAnswer(
  chat: DurableObjectStub<ChatObject>,
  person: string,
  run: number,
): Promise<WholeAnswer> {
  let from: ResumePoint | undefined;
  let started: RunStartedRecord | undefined;
  let text = "";
  for (;;) {
    const page = await chat.chunks(person, { run, from }, MAX_CHUNKS_BYTES, MAX_WAIT_SECONDS * 1000);
    const { records, offset } = expect(page);
    for (const record of records) {
      if (record.type === "run.started") started = record;
      else if (record.type === "delta") text = applyDelta(text, record) ?? text;
      else if (record.type === "run.ended" && started) return { started, text, ended: record };
    }
    from = parseOffset(offset);
  }
}
