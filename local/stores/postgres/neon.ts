// Neon's `/sql`, as its driver speaks it, in front of a store: one statement, or several in a transaction.
// `/health` is ours, and open to all.
import { type Context, Hono } from "hono";
import { z } from "zod";
import type { Session, SqlResult, SqlStore } from "./store.ts";

const statementSchema = z.object({ query: z.string(), params: z.array(z.string().nullable()).default([]) });
const bodySchema = z.union([z.object({ queries: z.array(statementSchema) }), statementSchema]);

const ISOLATION: Record<string, string> = {
  ReadUncommitted: "READ UNCOMMITTED",
  ReadCommitted: "READ COMMITTED",
  RepeatableRead: "REPEATABLE READ",
  Serializable: "SERIALIZABLE",
};

/** What Postgres says of an error, by the names the driver knows. */
const ERROR_FIELDS = [
  "severity",
  "code",
  "detail",
  "hint",
  "position",
  "internalPosition",
  "internalQuery",
  "where",
  "schema",
  "table",
  "column",
  "dataType",
  "constraint",
  "file",
  "line",
  "routine",
] as const;

/** Whoever knows the password is let in; the driver sends its connection string with each request. */
export function neonApp(store: SqlStore, password: string): Hono {
  const app = new Hono();

  app.get("/health", async (call) => {
    await store.withSession((run) => run({ query: "SELECT 1", params: [] }));
    return call.json({ status: "ok" });
  });

  app.post("/sql", async (call) => {
    if (passwordOf(call.req.header("neon-connection-string")) !== password) {
      return call.json({ severity: "FATAL", code: "28P01", message: "password authentication failed" }, 400);
    }
    const { data, error } = bodySchema.safeParse(await call.req.json().catch(() => undefined));
    if (error) return call.json({ message: `The body is not as it should be: ${z.prettifyError(error)}` }, 400);
    const asArray = call.req.header("neon-array-mode") === "true";
    if (!("queries" in data)) {
      return call.json(shaped(await store.withSession((run) => run(data)), asArray));
    }
    const results = await store.withSession((run) => inTransaction(run, begin(call), data.queries));
    return call.json({ results: results.map((result) => shaped(result, asArray)) });
  });

  app.onError((error, call) => {
    const { severity, ...fields } = error as Partial<Record<(typeof ERROR_FIELDS)[number], string>>;
    // Without a severity it is not Postgres that speaks: it can't be reached.
    if (severity === undefined) return call.json({ message: `Postgres does not answer: ${error.message}` }, 503);
    const said = ERROR_FIELDS.map((name) => [name, name === "severity" ? severity : fields[name]]);
    return call.json({ message: error.message, ...Object.fromEntries(said) }, 400);
  });
  return app;
}

async function inTransaction(run: Session, begin: string, statements: Parameters<Session>[0][]): Promise<SqlResult[]> {
  const say = (query: string) => run({ query, params: [] });
  await say(begin);
  try {
    const results: SqlResult[] = [];
    for (const statement of statements) results.push(await run(statement));
    await say("COMMIT");
    return results;
  } catch (error) {
    // A connection that is lost has rolled back by itself.
    await say("ROLLBACK").catch(() => {});
    throw error;
  }
}

function begin(call: Context): string {
  const isolation = ISOLATION[call.req.header("neon-batch-isolation-level") ?? ""];
  const flag = (name: string, on: string, off: string) => {
    const value = call.req.header(name);
    return value === undefined ? "" : value === "true" ? on : off;
  };
  const modes = [
    isolation && `ISOLATION LEVEL ${isolation}`,
    flag("neon-batch-read-only", "READ ONLY", "READ WRITE"),
    flag("neon-batch-deferrable", "DEFERRABLE", "NOT DEFERRABLE"),
  ];
  return ["BEGIN", modes.filter(Boolean).join(", ")].join(" ").trim();
}

/** Rows as lists, or as objects; values as text in either. */
function shaped(result: SqlResult, asArray: boolean) {
  const names = result.fields.map(({ name }) => name);
  const rows = asArray ? result.rows : result.rows.map((row) => Object.fromEntries(row.map((v, i) => [names[i], v])));
  return { ...result, rows, rowAsArray: asArray };
}

function passwordOf(connectionString = ""): string | undefined {
  return URL.canParse(connectionString) ? decodeURIComponent(new URL(connectionString).password) : undefined;
}
