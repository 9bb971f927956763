// Schema migrations inside an object: numbered by their place in the list, each applied once, in order, atomically.
// A step that has ever run anywhere is never edited; a change is a new step.
import type { Sql } from "./sql.ts";

/** Whether this storage was ever migrated. Writes nothing, so asking costs an unused object no storage. */
export function isMigrated(sql: Sql): boolean {
  return sql.exec("SELECT name FROM sqlite_master WHERE type = 'table' AND name = 'schema_version'").length > 0;
}

export function migrate(sql: Sql, steps: readonly string[]): void {
  sql.transaction(() => {
    sql.exec("CREATE TABLE IF NOT EXISTS schema_version (step INTEGER PRIMARY KEY)");
    const [row] = sql.exec<{ done: number }>("SELECT coalesce(max(step), 0) AS done FROM schema_version");
    for (let step = row?.done ?? 0; step < steps.length; step++) {
      for (const statement of (steps[step] ?? "").split(";")) {
        if (statement.trim()) sql.exec(statement);
      }
    }
    // A row for where it has come to, not one for each step: a new object pays for every row.
    if ((row?.done ?? 0) < steps.length) sql.exec("INSERT INTO schema_version (step) VALUES (?)", steps.length);
  });
}
