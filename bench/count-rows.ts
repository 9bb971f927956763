// Counts the rows that an object writes, as the platform itself counts them for its bill; alarms are a row each.
export function countRows(storage: DurableObjectStorage): () => number {
  /** Every statement's cursor is kept: it knows its rows only once it was read. */
  const cursors: SqlStorageCursor<Record<string, SqlStorageValue>>[] = [];
  let alarms = 0;
  const { sql } = storage;
  const exec = sql.exec.bind(sql);
  Object.defineProperty(sql, "exec", {
    configurable: true,
    value: (query: string, ...bindings: unknown[]) => {
      const cursor = exec(query, ...bindings);
      cursors.push(cursor);
      return cursor;
    },
  });
  Object.defineProperty(storage, "sql", { configurable: true, value: sql });
  const setAlarm = storage.setAlarm.bind(storage);
  Object.defineProperty(storage, "setAlarm", {
    configurable: true,
    value: (time: number) => {
      alarms += 1;
      return setAlarm(time);
    },
  });
  return () => cursors.reduce((sum, { rowsWritten }) => sum + rowsWritten, alarms);
}
