// What bridge and worker say to whoever runs them: a line of JSON for each event, never a word of a prompt or an answer.
import type { Log as EventLog } from "../producers/producer.ts";

export type Log = (message: string, details?: Record<string, unknown>, level?: Parameters<EventLog>[2]) => void;

/** What `LOG_LEVEL` says, as for the edge: at these, what is none of a warning is left out. */
const WARNINGS_ONLY = ["warning", "error", "off"];

/** An event is a warning, unless it says that it is none. */
export function createLog(
  program: "bridge" | "worker",
  { LOG_LEVEL = "" }: NodeJS.ProcessEnv,
  write: (line: string) => void = console.error,
): Log {
  const quiet = WARNINGS_ONLY.includes(LOG_LEVEL.trim());
  return (message, details = {}, said) => {
    const level = said ?? "warning";
    if (quiet && level === "info") return;
    write(JSON.stringify({ time: new Date().toISOString(), level, program, message, ...details }));
  };
}
