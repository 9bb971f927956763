// What bridge and worker say to whoever runs them: a line of JSON for each event, never a word of a prompt or an answer.

export type Log = (message: string, details?: Record<string, unknown>) => void;

export function createLog(program: "bridge" | "worker", write: (line: string) => void = console.error): Log {
  return (message, details = {}) =>
    write(JSON.stringify({ time: new Date().toISOString(), program, message, ...details }));
}
