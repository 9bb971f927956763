// A real Postgres behind the Neon endpoint.
import pg from "pg";
import type { Session, SqlResult, SqlStore, Statement } from "./store.ts";

const MOST_SESSIONS = 10;
const CONNECT_MS = 5_000;
/** Values stay the text that Postgres sent. */
const AS_TEXT = { getTypeParser: () => (value: unknown) => value };

export class RealPostgres implements SqlStore {
  readonly #pool: pg.Pool;

  constructor(url: string) {
    this.#pool = new pg.Pool({ connectionString: url, max: MOST_SESSIONS, connectionTimeoutMillis: CONNECT_MS });
    // An idle connection that is lost is replaced when it is needed.
    this.#pool.on("error", () => {});
  }

  async withSession<T>(work: (run: Session) => Promise<T>): Promise<T> {
    const client = await this.#pool.connect();
    let broken: Error | undefined;
    const lost = (error: Error) => {
      broken = error;
    };
    client.on("error", lost);
    try {
      return await work((statement) => run(client, statement));
    } finally {
      client.off("error", lost);
      client.release(broken);
    }
  }

  async close(): Promise<void> {
    await this.#pool.end();
  }
}

async function run(client: pg.PoolClient, { query, params }: Statement): Promise<SqlResult> {
  const result = await client.query<(string | null)[]>({
    text: query,
    values: params,
    rowMode: "array",
    queryMode: "extended",
    types: AS_TEXT,
  } as pg.QueryArrayConfig);
  const { command, rowCount, fields, rows } = result;
  return { command, rowCount, fields, rows };
}
