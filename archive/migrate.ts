// Brings a database's tables up to date: `npm run db:migrate`, and what `npm start` does by itself. Each migration is one
// transaction, and any number of these may run at once.
import { join } from "node:path";
import { sql } from "drizzle-orm";
import { readMigrationFiles } from "drizzle-orm/migrator";
import { type Connect, connector } from "./database.ts";

const FOLDER = join(import.meta.dirname, "migrations");
const BUDGET_MS = 60_000;
/** What two of these at once wait for. */
const LOCK = 0x6b73;

/** Returns how many migrations were missing. */
export async function migrateArchive(connect: Connect): Promise<number> {
  const known = sql`drizzle.__drizzle_migrations`;
  const prepare = connect(BUDGET_MS);
  await prepare.batch([
    prepare.execute(sql`select pg_advisory_xact_lock(${LOCK})`),
    prepare.execute(sql`create schema if not exists drizzle`),
    // As drizzle-kit makes it, so that its tools know what was done.
    prepare.execute(
      sql`create table if not exists ${known} (id serial primary key, hash text not null, created_at bigint)`,
    ),
    prepare.execute(sql`create unique index if not exists __drizzle_migrations_once on ${known} (hash)`),
  ]);
  let applied = 0;
  for (const { hash, sql: statements, folderMillis } of readMigrationFiles({ migrationsFolder: FOLDER })) {
    const db = connect(BUDGET_MS);
    const isDone = async () => (await db.execute(sql`select 1 from ${known} where hash = ${hash}`)).rows.length > 0;
    if (await isDone()) continue;
    try {
      await db.batch([
        db.execute(sql`select pg_advisory_xact_lock(${LOCK})`),
        db.execute(sql`insert into ${known} (hash, created_at) values (${hash}, ${folderMillis})`),
        ...statements.map((statement) => db.execute(sql.raw(statement))),
      ]);
      applied += 1;
    } catch (error) {
      // Somebody else was first.
      if (!(await isDone())) throw error;
    }
  }
  return applied;
}

if (import.meta.main) {
  const { DATABASE_URL: url, NEON_FETCH_ENDPOINT: endpoint } = process.env;
  if (!url) {
    console.error("DATABASE_URL says which database; NEON_FETCH_ENDPOINT where it answers, if it is not Neon's.");
    process.exit(1);
  }
  const applied = await migrateArchive(connector(url, endpoint));
  console.log(applied === 0 ? "The tables are up to date." : `Migrations applied: ${applied}.`);
}
