// Node's own SQLite as the disk that an object's modules write to: the real engine, without the platform around it.
import { DatabaseSync, type StatementSync } from "node:sqlite";
import type { Disk, SqlValue } from "../durable-objects/sql.ts";

export interface Statement {
  query: string;
  bindings: readonly SqlValue[];
}

export class SqliteDisk implements Disk {
  readonly #database = new DatabaseSync(":memory:");
  readonly #prepared = new Map<string, { statement: StatementSync; writes: boolean }>();
  #depth = 0;

  exec<Row extends Record<string, SqlValue>>(query: string, ...bindings: SqlValue[]): Row[] {
    const { statement, writes } = this.#prepared.get(query) ?? this.#prepare(query);
    if (writes) this.beforeWrite();
    const rows = statement.all(...bindings) as Row[];
    if (writes) this.written({ query, bindings });
    return rows;
  }

  #prepare(query: string): { statement: StatementSync; writes: boolean } {
    const prepared = { statement: this.#database.prepare(query), writes: !/^\s*SELECT\b/i.test(query) };
    this.#prepared.set(query, prepared);
    return prepared;
  }

  transaction<T>(body: () => T): T {
    const name = `t${this.#depth++}`;
    this.#database.exec(`SAVEPOINT ${name}`);
    try {
      const result = body();
      this.#database.exec(`RELEASE ${name}`);
      return result;
    } catch (error) {
      this.#database.exec(`ROLLBACK TO ${name}; RELEASE ${name}`);
      throw error;
    } finally {
      this.#depth -= 1;
    }
  }

  sync(): Promise<void> {
    return Promise.resolve();
  }

  close(): void {
    this.#database.close();
  }

  /** Statements outside the object's own: `BEGIN` and the like. */
  protected control(sql: string): void {
    this.#database.exec(sql);
  }

  /** Called before and after each statement that is not a SELECT. What it throws, the statement throws. */
  protected beforeWrite(): void {}
  protected written(_: Statement): void {}
}
