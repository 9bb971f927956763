// Workflows' histories as text, to be kept beside the tests and replayed.
import type { WorkflowHandle } from "@temporalio/client";

type History = Awaited<ReturnType<WorkflowHandle["fetchHistory"]>>;

export function packHistory(history: History): string {
  return JSON.stringify(plain(history), null, 1);
}

export function unpackHistory(text: string): History {
  const bytes = (value: unknown) => (value as { base64?: string } | null)?.base64;
  return JSON.parse(text, (_, value) =>
    typeof bytes(value) === "string" ? Buffer.from(bytes(value) ?? "", "base64") : value,
  );
}

/** What tells of the machine it was made on, and nothing of the workflow. */
const LEFT_OUT = ["identity", "stackTrace", "binaryChecksum", "workerVersion"];

/** Without what JSON has no word for: 64-bit integers are numbers, which is wide enough here, and bytes are base64. */
function plain(value: unknown): unknown {
  // Queues of a worker's own are named after it.
  if (typeof value === "string") return value.replace(/\d+@[\w.]+/g, "worker");
  if (typeof value !== "object" || value === null) return value;
  if (value instanceof Uint8Array) return { base64: Buffer.from(value).toString("base64") };
  if (Array.isArray(value)) return value.map(plain);
  const { toNumber } = value as { toNumber?: () => number };
  if (typeof toNumber === "function") return toNumber.call(value);
  const fields = Object.entries(value).filter(
    ([name, field]) => field !== null && typeof field !== "function" && !LEFT_OUT.includes(name),
  );
  return Object.fromEntries(fields.map(([name, field]) => [name, plain(field)]));
}
