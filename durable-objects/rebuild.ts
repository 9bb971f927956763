// A log that is in the archive and nowhere else is written again from what the archive keeps of it: the same records at the
// same offsets. What lies beyond its last part nobody has any more.
import type { Archive } from "../archive/archive.ts";
import type { RunEndedRecord } from "../protocol/records.ts";
import type { ChunkLog, KeptRecord, RunRow } from "./chunk-log.ts";

/**
 * Writes the log again up to `through` at least, some parts at a time: one that broke off is gone on with. Stops when the
 * log is no longer there to be written. Rejects when something of it can't be had: a shorter log would be a lie.
 */
export async function rebuild(
  log: ChunkLog,
  through: number,
  archive: Pick<Archive, "logAfter">,
  isThere: () => boolean,
): Promise<void> {
  const { chatId = "" } = log.chat ?? {};
  while (log.last < through) {
    const from = log.last;
    const parts = await archive.logAfter(chatId, from);
    if (!isThere()) return;
    for (const part of parts) log.replay(JSON.parse(part) as KeptRecord[]);
    if (log.last === from) throw new Error(`the archive has the log up to ${from} of ${through}`);
  }
}

/** The chat rests no more. What was open when its object was lost ends here: nobody goes on with it, or asks for it anew. */
export function welcome(log: ChunkLog, now: number): void {
  log.transaction(() => {
    log.wake(now);
    for (const row of log.openRuns()) log.endRun(row.run, lost(log, row, now));
  });
}

function lost(log: ChunkLog, row: RunRow, time: number): RunEndedRecord {
  const { run, tier, provider, model, cache, time: began } = row.started;
  const recoveries = log.recoveries(row);
  const message = "The system in which this answer was being made was lost; what was kept of it is here. Ask again.";
  return {
    type: "run.ended",
    run,
    status: "interrupted",
    finish: null,
    error: { code: "producer_unavailable", message, retryAfter: null },
    replacedBy: null,
    receipt: {
      tier,
      provider,
      model,
      cache,
      inputTokens: null,
      outputTokens: null,
      estimated: false,
      cost: null,
      firstTokenMs: null,
      totalMs: Math.max(0, time - began),
      requests: recoveries.length + 1,
      recoveries,
    },
    time,
  };
}
