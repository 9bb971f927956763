// Why the archive failed, for a log. Drizzle's errors quote all parameters and Postgres's may quote values: what people
// said has no place in a log, so only the kind of the error is told.
import { DrizzleQueryError } from "drizzle-orm";

export function reasonOf(error: unknown): string {
  const cause = error instanceof DrizzleQueryError ? error.cause : error;
  const { name = "unknown", code } = (cause ?? {}) as { name?: string; code?: unknown };
  // Five characters of SQLSTATE.
  return typeof code === "string" && /^[0-9A-Z]{5}$/.test(code) ? `${name} ${code}` : name;
}
