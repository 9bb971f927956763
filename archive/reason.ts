// Why the archive failed. For a log only the kind of the error is told: Drizzle's errors quote all parameters and Postgres's
// may quote values, and what people said has no place there.
import { DrizzleQueryError } from "drizzle-orm";

export function reasonOf(error: unknown): string {
  const { name, state } = kindOf(error);
  return state === undefined ? name : `${name} ${state}`;
}

/** Whether nobody could have told the archive anything, as opposed to something that it refused. */
export function isAway(error: unknown): boolean {
  const { state } = kindOf(error);
  // Connections, resources, an operator's shutdown, the system.
  return state === undefined || /^(08|53|57|58)/.test(state);
}

function kindOf(error: unknown): { name: string; state: string | undefined } {
  const cause = error instanceof DrizzleQueryError ? error.cause : error;
  const { name = "unknown", code } = (cause ?? {}) as { name?: string; code?: unknown };
  // Five characters of SQLSTATE.
  return { name, state: typeof code === "string" && /^[0-9A-Z]{5}$/.test(code) ? code : undefined };
}
