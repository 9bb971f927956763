// SSE frames: how a record travels as a server-sent event. `id:` only where there is an offset, so the last event id
// of any client is always its last promise.
import type { LogRecord } from "./records.ts";

/** The reader's browser waits this long before it reconnects, milliseconds. */
export const RETRY_FRAME = "retry: 1000\n\n";
/** Keeps the connection open through silence; never reaches an event handler. */
export const HEARTBEAT_FRAME = ": hb\n\n";

export function formatSse(record: LogRecord, offset?: string): string {
  const { type, ...data } = record;
  const id = offset === undefined ? "" : `id: ${offset}\n`;
  return `${id}event: ${type}\ndata: ${JSON.stringify(data)}\n\n`;
}

/** The record of a parsed event (`event:`, `data:`), as `formatSse` wrote it. Throws on data that is not JSON. */
export function parseSse(event: string, data: string): LogRecord {
  return { type: event, ...JSON.parse(data) } as LogRecord;
}
