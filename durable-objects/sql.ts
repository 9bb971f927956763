// The storage an object's modules see: synchronous SQL, a transaction, and a moment at which it is all on disk.
// In production it is a Durable Object's storage; in tests and in the simulation it is Node's own SQLite.

export type SqlValue = string | number | null;

export interface Sql {
  /** Runs one statement and returns its rows. */
  exec<Row extends Record<string, SqlValue>>(query: string, ...bindings: SqlValue[]): Row[];
  /** Runs `body` so that all of its writes take effect, or none. */
  transaction<T>(body: () => T): T;
}

export interface Disk extends Sql {
  /** Resolves when everything written before the call would survive a crash. */
  sync(): Promise<void>;
}
