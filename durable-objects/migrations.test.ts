import { describe, expect, test } from "vitest";
import { SqliteDisk } from "../tests/sqlite-disk.ts";
import { isMigrated, migrate } from "./migrations.ts";

const columns = (disk: SqliteDisk) => disk.exec<{ name: string }>("SELECT name FROM pragma_table_info('notes')");

describe("migrations", () => {
  const first = "CREATE TABLE notes (id INTEGER PRIMARY KEY, text TEXT); CREATE INDEX by_text ON notes (text)";
  const second = "ALTER TABLE notes ADD COLUMN time INTEGER";

  test("asking whether a storage was ever used writes nothing", () => {
    const disk = new SqliteDisk();
    expect(isMigrated(disk)).toBe(false);
    expect(disk.exec("SELECT * FROM sqlite_master")).toEqual([]);
  });

  test("apply each step once, in order, also those that came later", () => {
    const disk = new SqliteDisk();
    migrate(disk, [first]);
    disk.exec("INSERT INTO notes (text) VALUES ('kept')");
    migrate(disk, [first]);
    migrate(disk, [first, second]);
    expect(columns(disk).map(({ name }) => name)).toEqual(["id", "text", "time"]);
    expect(disk.exec("SELECT text, time FROM notes")).toEqual([{ text: "kept", time: null }]);
    expect(isMigrated(disk)).toBe(true);
  });

  test("a step that fails leaves nothing of itself", () => {
    const disk = new SqliteDisk();
    migrate(disk, [first]);
    expect(() => migrate(disk, [first, `${second}; CREATE TABLE notes (x)`])).toThrow("already exists");
    expect(columns(disk).map(({ name }) => name)).toEqual(["id", "text"]);
    migrate(disk, [first, second]);
    expect(columns(disk)).toHaveLength(3);
  });
});
