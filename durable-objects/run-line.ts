// What is logged of a run when it begins and when it has ended: figures and reasons, nothing that was said.
import type { RunEndedRecord, RunStartedRecord } from "../protocol/records.ts";
import { traceFields } from "../protocol/trace.ts";

export function runLine(record: RunStartedRecord | RunEndedRecord, trace: string | null): Record<string, unknown> {
  const { run } = record;
  const place = traceFields(trace);
  if (record.type === "run.started") {
    const { tier, provider, model, cache } = record;
    return { run, tier, provider, model, cache, ...place };
  }
  const { status, finish, error, replacedBy, receipt } = record;
  const { tier, provider, model, cache, inputTokens, outputTokens, cost, firstTokenMs, totalMs, requests } = receipt;
  const recoveries = receipt.recoveries.map(({ mode }) => mode);
  const came = { tier, provider, model, cache, inputTokens, outputTokens, cost, firstTokenMs, totalMs, requests };
  return { run, status, finish, error: error?.code ?? null, replacedBy, ...came, recoveries, ...place };
}
