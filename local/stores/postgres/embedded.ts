// The embedded store: PGlite, a whole Postgres compiled to WebAssembly, kept in a folder. It has one session, so work
// takes turns; it has no lock of its own, so the folder gets one.
import { existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { PGlite } from "@electric-sql/pglite";
import { type Lock, takeLock } from "../../lock.ts";
import type { Field, Session, SqlResult, SqlStore, Statement } from "./store.ts";

export class EmbeddedPostgres implements SqlStore {
  readonly #folder: string;
  readonly #lock: Lock;
  #db: Promise<Database> | undefined;
  #turn: Promise<unknown> = Promise.resolve();

  /** It comes up when it is first needed: that takes seconds, and half a gigabyte. */
  constructor(folder: string) {
    mkdirSync(folder, { recursive: true });
    this.#folder = folder;
    this.#lock = takeLock(folder, "its embedded Postgres");
  }

  withSession<T>(work: (run: Session) => Promise<T>): Promise<T> {
    const mine = this.#turn.then(async () => {
      this.#db ??= open(this.#folder);
      const db = await this.#db;
      return work((statement) => run(db, statement));
    });
    this.#turn = mine.catch(() => {});
    return mine;
  }

  async close(): Promise<void> {
    await this.#turn;
    await (await this.#db?.catch(() => undefined))?.pglite.close();
    this.#lock.release();
  }
}

interface Database {
  pglite: PGlite;
  protocol: typeof import("@electric-sql/pglite").protocol;
}

/** A folder that was not set up to the end, because the process was killed over it, is set up again. */
async function open(folder: string): Promise<Database> {
  const { PGlite, protocol } = await import("@electric-sql/pglite");
  const [dataDir, complete] = [join(folder, "pgdata"), join(folder, "complete")];
  if (!existsSync(complete)) rmSync(dataDir, { recursive: true, force: true });
  const pglite = await PGlite.create(dataDir);
  writeFileSync(complete, "");
  return { pglite, protocol };
}

/** By the wire protocol, as `pg` does it: PGlite's own `query` would turn texts into values on both ways. */
async function run({ pglite, protocol }: Database, { query, params }: Statement): Promise<SqlResult> {
  const { serialize, messages } = protocol;
  const asked = [
    serialize.parse({ text: query }),
    serialize.bind({ values: params }),
    serialize.describe({ type: "P" }),
    serialize.execute({}),
    serialize.sync(),
  ];
  const { messages: replies } = await pglite.execProtocol(Buffer.concat(asked));
  const result: SqlResult = { command: "", rowCount: null, fields: [], rows: [] };
  for (const reply of replies) {
    if (reply instanceof messages.RowDescriptionMessage) result.fields = reply.fields.map(asText);
    else if (reply instanceof messages.DataRowMessage) result.rows.push(reply.fields);
    else if (reply instanceof messages.CommandCompleteMessage) Object.assign(result, tag(reply.text));
  }
  return result;
}

/** No other format was asked for. */
const asText = (field: Omit<Field, "format">): Field => ({ ...field, format: "text" });

/** `INSERT 0 5`, `SELECT 2`, `CREATE TABLE`. */
function tag(text: string): Pick<SqlResult, "command" | "rowCount"> {
  const count = / (\d+)$/.exec(text)?.[1];
  return { command: text.split(" ")[0] ?? "", rowCount: count === undefined ? null : Number(count) };
}
