// What this Worker and its objects say to whoever runs them: a line of JSON for each event, with the ids of its request,
// chat and run and its place in the trace; never a prompt, an answer, a key or a token.
import { configureSync, type LogLevel, type LogRecord } from "@logtape/logtape";
import { z } from "zod";
import { text } from "./setting.ts";

const LEVELS = ["debug", "info", "warning", "error", "off"] as const;

export const logFields = {
  LOG_LEVEL: text
    .pipe(z.enum(LEVELS, { error: `must be one of ${LEVELS.join(", ")}` }).optional())
    .transform((level) => level ?? "info"),
  /** What people ask is in the log too: only for whoever wants it there. */
  LOG_PROMPTS: text.transform((value) => value === "yes"),
};

/** Called once an isolate, before anything is logged. */
export function startLog(env: object, write: (line: string) => void = console.log): void {
  // A level that is none is told with the other settings, by each request.
  const level = logFields.LOG_LEVEL.safeParse((env as { LOG_LEVEL?: string }).LOG_LEVEL).data ?? "info";
  const lowestLevel: LogLevel | null = level === "off" ? null : level;
  configureSync({
    reset: true,
    sinks: { lines: (record) => write(lineOf(record)) },
    loggers: [
      { category: "keepstream", sinks: ["lines"], lowestLevel },
      { category: ["logtape", "meta"], sinks: ["lines"], lowestLevel: "error" },
    ],
  });
}

function lineOf({ timestamp, level, category, rawMessage, properties }: LogRecord): string {
  const [, program = category[0]] = category;
  return JSON.stringify({
    time: new Date(timestamp).toISOString(),
    level,
    program,
    message: rawMessage,
    ...properties,
  });
}
