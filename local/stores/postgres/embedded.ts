// The embedded store: PGlite, a whole Postgres compiled to WebAssembly, kept in a folder. It has one session, so work
// takes turns; it has no lock of its own, so the folder gets one.
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { PGlite, protocol } from "@electric-sql/pglite";
import { type Lock, takeLock } from "../../lock.ts";
import type { Field, Session, SqlResult, SqlStore, Statement } from "./store.ts";

const { serialize, messages } = protocol;

export class EmbeddedPostgres implements SqlStore {
  readonly #lock: Lock;
  readonly #db: PGlite;
  #turn: Promise<unknown> = Promise.resolve();

  /** Work that comes before it is up waits. Throws a `StartError` when another process has the folder. */
  constructor(folder: string) {
    mkdirSync(folder, { recursive: true });
    this.#lock = takeLock(folder, "its embedded Postgres");
    this.#db = new PGlite({ dataDir: join(folder, "pgdata") });
    // Whoever needs it is told.
    this.#db.waitReady.catch(() => {});
  }

  /** Resolves when it is up; rejects with the reason when it can't be. */
  get ready(): Promise<void> {
    return this.#db.waitReady;
  }

  withSession<T>(work: (run: Session) => Promise<T>): Promise<T> {
    const mine = this.#turn.then(async () => {
      await this.#db.waitReady;
      return work((statement) => this.#run(statement));
    });
    this.#turn = mine.catch(() => {});
    return mine;
  }

  async close(): Promise<void> {
    await this.#turn;
    if (this.#db.ready) await this.#db.close();
    this.#lock.release();
  }

  /** By the wire protocol, as `pg` does it: PGlite's own `query` would turn texts into values on both ways. */
  async #run({ query, params }: Statement): Promise<SqlResult> {
    const asked = [
      serialize.parse({ text: query }),
      serialize.bind({ values: params }),
      serialize.describe({ type: "P" }),
      serialize.execute({}),
      serialize.sync(),
    ];
    const { messages: replies } = await this.#db.execProtocol(Buffer.concat(asked));
    const result: SqlResult = { command: "", rowCount: null, fields: [], rows: [] };
    for (const reply of replies) {
      if (reply instanceof messages.RowDescriptionMessage) result.fields = reply.fields.map(asText);
      else if (reply instanceof messages.DataRowMessage) result.rows.push(reply.fields);
      else if (reply instanceof messages.CommandCompleteMessage) Object.assign(result, tag(reply.text));
    }
    return result;
  }
}

/** No other format was asked for. */
const asText = (field: Omit<Field, "format">): Field => ({ ...field, format: "text" });

/** `INSERT 0 5`, `SELECT 2`, `CREATE TABLE`. */
function tag(text: string): Pick<SqlResult, "command" | "rowCount"> {
  const count = / (\d+)$/.exec(text)?.[1];
  return { command: text.split(" ")[0] ?? "", rowCount: count === undefined ? null : Number(count) };
}
