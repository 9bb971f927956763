// Neon's own driver against the endpoint, by itself and under drizzle, over PGlite and over a real Postgres.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { neon, neonConfig } from "@neondatabase/serverless";
import { drizzle } from "drizzle-orm/neon-http";
import { customType, integer, jsonb, pgTable, text, timestamp } from "drizzle-orm/pg-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { PostgresServer, withoutRealStores } from "../../../tests/stores/servers.ts";
import { type Endpoint, startEndpoint } from "../endpoint.ts";

const KINDS = [
  { kind: "PGlite", absent: undefined },
  { kind: "a real Postgres", absent: withoutRealStores },
] as const;
const ACCOUNT = "postgresql://keepstream:secret@localhost/keepstream";

const bytes = customType<{ data: Uint8Array; driverData: Uint8Array }>({ dataType: () => "bytea" });
const things = pgTable("things", {
  id: integer().primaryKey(),
  name: text().notNull(),
  data: jsonb(),
  tags: text().array(),
  raw: bytes(),
  at: timestamp({ withTimezone: true }),
});

describe.each(KINDS)("over $kind", ({ kind, absent }) => {
  if (absent) return it.skip(absent);
  const folder = mkdtempSync(join(tmpdir(), "keepstream-neon-"));
  let server: PostgresServer | undefined;
  let endpoint: Endpoint;
  const sql = neon(ACCOUNT);
  const db = drizzle(sql);

  beforeAll(async () => {
    server = kind === "a real Postgres" ? await PostgresServer.start() : undefined;
    const store = server ? { url: server.url } : { folder };
    endpoint = await startEndpoint({ protocol: "neon", store, secret: "secret" });
    neonConfig.fetchEndpoint = `http://127.0.0.1:${endpoint.port}/sql`;
    await sql.query(
      "CREATE TABLE things (id int PRIMARY KEY, name text NOT NULL, data jsonb, tags text[], raw bytea, at timestamptz)",
    );
  }, 120_000);
  afterAll(async () => {
    await endpoint.close();
    await server?.dispose();
    rmSync(folder, { recursive: true });
  });

  it("carries values both ways", async () => {
    const thing = {
      id: 1,
      name: "日本 '🙂\\",
      data: { list: [1, null, "x"] },
      tags: ["a,b", '"'],
      raw: new Uint8Array([0, 255]),
      at: new Date(1_700_000_000_123),
    };
    await db.insert(things).values(thing);
    const [found] = await db.select().from(things);
    expect({ ...found, raw: Uint8Array.from(found?.raw ?? []) }).toEqual(thing);
    await db.insert(things).values({ id: 2, name: "bare" });
    expect((await db.select().from(things)).at(-1)).toEqual({
      ...{ id: 2, name: "bare", data: null, tags: null, raw: null, at: null },
    });
    expect(await sql.query("SELECT $1::bool AS yes, 1.5::numeric AS n, 7::int8 AS big", [true])).toEqual([
      { yes: true, n: "1.5", big: "7" },
    ]);
  });

  it("says what was done, and of what types", async () => {
    const inserted = await sql.query("INSERT INTO things VALUES (3, 'x'), (4, 'y')", [], { fullResults: true });
    expect(inserted).toMatchObject({ command: "INSERT", rowCount: 2, rows: [], fields: [] });
    const selected = await sql.query("SELECT id FROM things WHERE id > $1", [2], {
      fullResults: true,
      arrayMode: true,
    });
    expect(selected).toMatchObject({ command: "SELECT", rowCount: 2, rows: [[3], [4]] });
    expect(selected.fields[0]).toMatchObject({ name: "id", dataTypeID: 23, columnID: 1, format: "text" });
    expect(await sql.query("DROP TABLE IF EXISTS none", [], { fullResults: true })).toMatchObject({
      command: "DROP",
      rowCount: null,
    });
  });

  it("does a batch whole or not at all", async () => {
    await db.batch([db.insert(things).values({ id: 5, name: "b" }), db.delete(things).where(undefined)]);
    const broken = [sql.query("INSERT INTO things VALUES (6, 'c')"), sql.query("INSERT INTO things VALUES (6, 'd')")];
    await expect(sql.transaction(broken)).rejects.toMatchObject({ code: "23505", constraint: "things_pkey" });
    expect(await db.select().from(things)).toEqual([]);
  });

  it("gives a transaction the mode asked for", async () => {
    const asked = [sql.query("SHOW transaction_isolation"), sql.query("SHOW transaction_read_only")];
    const options = { isolationLevel: "Serializable", readOnly: true, deferrable: true } as const;
    expect(await sql.transaction(asked, options)).toEqual([
      [{ transaction_isolation: "serializable" }],
      [{ transaction_read_only: "on" }],
    ]);
    const write = [sql.query("INSERT INTO things VALUES (7, 'e')")];
    await expect(sql.transaction(write, { readOnly: true })).rejects.toMatchObject({ code: "25006" });
  });

  it("answers an error with all that Postgres says of it, and goes on", async () => {
    await expect(sql.query("SELEC 1")).rejects.toMatchObject({ code: "42601", severity: "ERROR", position: "1" });
    await expect(sql.query("INSERT INTO things VALUES (8, NULL)")).rejects.toMatchObject({
      ...{ code: "23502", table: "things", column: "name", schema: "public" },
      message: 'null value in column "name" of relation "things" violates not-null constraint',
    });
    await expect(sql.query("SELECT 1; SELECT 2")).rejects.toMatchObject({ code: "42601" });
    expect(await sql.query("SELECT 1 AS one")).toEqual([{ one: 1 }]);
  });

  it("keeps others waiting for a transaction, not failing", async () => {
    const slow = sql.transaction([sql.query("SELECT pg_sleep(0.2)"), sql.query("SELECT 1 AS one")]);
    expect(await Promise.all([slow, sql.query("SELECT 2 AS two")])).toMatchObject([[{}, [{ one: 1 }]], [{ two: 2 }]]);
  });

  it("lets nobody in without the password", async () => {
    await expect(neon(ACCOUNT.replace("secret", "guess")).query("SELECT 1")).rejects.toMatchObject({ code: "28P01" });
  });

  if (kind === "a real Postgres") {
    it("says that Postgres is away, and goes on when it is back", async () => {
      await server?.kill();
      await expect.poll(() => sql.query("SELECT 1").catch(String), { timeout: 10_000 }).toMatch(/HTTP status 503/);
      await server?.start();
      await expect.poll(() => sql.query("SELECT 1 AS one").catch(String), { timeout: 10_000 }).toEqual([{ one: 1 }]);
    });
  }
});
