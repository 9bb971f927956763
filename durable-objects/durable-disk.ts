// A Durable Object's own storage as the disk its modules write to.
import type { Disk, SqlValue } from "./sql.ts";

export function durableDisk(storage: DurableObjectStorage): Disk {
  return {
    exec: <Row extends Record<string, SqlValue>>(query: string, ...bindings: SqlValue[]) =>
      storage.sql.exec<Row>(query, ...bindings).toArray(),
    transaction: (body) => storage.transactionSync(body),
    sync: () => storage.sync(),
  };
}
