// The tokens that an admin made. Of each only its digest is kept, so that what is here lets nobody in.
import type { OwnLimits, Scope, TokenSummary } from "../protocol/access.ts";
import type { Sql } from "./sql.ts";

export const TOKEN_STEPS = [
  `CREATE TABLE tokens (
     id TEXT PRIMARY KEY, digest TEXT NOT NULL UNIQUE, name TEXT NOT NULL, tenant TEXT NOT NULL, scopes TEXT NOT NULL,
     limits TEXT NOT NULL, created INTEGER NOT NULL, expires INTEGER, revoked INTEGER
   ) WITHOUT ROWID`,
];

interface TokenColumns extends Record<string, string | number | null> {
  id: string;
  name: string;
  tenant: string;
  scopes: string;
  limits: string;
  created: number;
  expires: number | null;
  revoked: number | null;
}

const COLUMNS = "id, name, tenant, scopes, limits, created, expires, revoked";

export class Tokens {
  readonly #sql: Sql;

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  add(token: TokenSummary, digest: string): void {
    const { id, name, tenant, scopes, limits, createdAt, expiresAt } = token;
    this.#sql.exec(
      `INSERT INTO tokens (${COLUMNS}, digest) VALUES (?, ?, ?, ?, ?, ?, ?, NULL, ?)`,
      id,
      name,
      tenant,
      scopes.join(","),
      JSON.stringify(limits),
      createdAt,
      expiresAt,
      digest,
    );
  }

  /** The token with this digest, whatever became of it. */
  find(digest: string): TokenSummary | undefined {
    const [row] = this.#sql.exec<TokenColumns>(`SELECT ${COLUMNS} FROM tokens WHERE digest = ?`, digest);
    return row && toSummary(row);
  }

  /** All of them, the newest first. */
  list(): TokenSummary[] {
    return this.#sql.exec<TokenColumns>(`SELECT ${COLUMNS} FROM tokens ORDER BY created DESC, id DESC`).map(toSummary);
  }

  get count(): number {
    return this.#sql.exec<{ count: number }>("SELECT count(*) AS count FROM tokens")[0]?.count ?? 0;
  }

  /** False when there is no such token. One that is revoked stays so, since when it was. */
  revoke(id: string, now: number): boolean {
    const known = this.#sql.exec("SELECT id FROM tokens WHERE id = ?", id).length > 0;
    if (known) this.#sql.exec("UPDATE tokens SET revoked = ? WHERE id = ? AND revoked IS NULL", now, id);
    return known;
  }
}

function toSummary({ id, name, tenant, scopes, limits, created, expires, revoked }: TokenColumns): TokenSummary {
  return {
    id,
    name,
    tenant,
    scopes: scopes.split(",") as Scope[],
    limits: JSON.parse(limits) as OwnLimits,
    createdAt: created,
    expiresAt: expires,
    revokedAt: revoked,
  };
}
