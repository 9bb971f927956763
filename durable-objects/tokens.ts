// The tokens that an admin made. Of each only its digest is kept, so that what is here lets nobody in.
import type { KeptToken } from "../archive/archive.ts";
import type { OwnLimits, Scope, TokenSummary } from "../protocol/access.ts";
import type { Sql } from "./sql.ts";

export const TOKEN_STEPS = [
  `CREATE TABLE tokens (
     id TEXT PRIMARY KEY, digest TEXT NOT NULL UNIQUE, name TEXT NOT NULL, tenant TEXT NOT NULL, scopes TEXT NOT NULL,
     limits TEXT NOT NULL, created INTEGER NOT NULL, expires INTEGER, revoked INTEGER
   ) WITHOUT ROWID`,
  // Whether the archive knows the token as it is now.
  "ALTER TABLE tokens ADD COLUMN told INTEGER NOT NULL DEFAULT 0",
  "ALTER TABLE tokens ADD COLUMN person TEXT",
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
  /** Null for the first of its person, which is named after it. */
  person: string | null;
}

const COLUMNS = "id, name, tenant, scopes, limits, created, expires, revoked, person";

/** The person that a token stands for which was made for nobody else. */
export const personOfToken = (id: string): string => `made:${id}`;

export class Tokens {
  readonly #sql: Sql;

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  /** One that is known already stays as it is. */
  add({ token, digest }: KeptToken, told: boolean): void {
    const { id, name, tenant, scopes, limits, createdAt, expiresAt, revokedAt, person } = token;
    this.#sql.exec(
      `INSERT OR IGNORE INTO tokens (${COLUMNS}, digest, told) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      id,
      name,
      tenant,
      scopes.join(","),
      JSON.stringify(limits),
      createdAt,
      expiresAt,
      revokedAt,
      // What the archive kept of an earlier version's token says nothing of that.
      person ?? null,
      digest,
      told ? 1 : 0,
    );
  }

  /** Some of those that the archive does not know as they are now. */
  untold(limit: number): KeptToken[] {
    const rows = this.#sql.exec<TokenColumns & { digest: string }>(
      `SELECT ${COLUMNS}, digest FROM tokens WHERE told = 0 ORDER BY id LIMIT ?`,
      limit,
    );
    return rows.map((row) => ({ token: toSummary(row), digest: row.digest }));
  }

  /** The archive knows them as they were given; who was revoked meanwhile has to be told of again. */
  told(kept: readonly KeptToken[]): void {
    for (const { token } of kept) {
      this.#sql.exec("UPDATE tokens SET told = 1 WHERE id = ? AND revoked IS ?", token.id, token.revokedAt);
    }
  }

  /** The token with this digest, whatever became of it. */
  find(digest: string): TokenSummary | undefined {
    const [row] = this.#sql.exec<TokenColumns>(`SELECT ${COLUMNS} FROM tokens WHERE digest = ?`, digest);
    return row && toSummary(row);
  }

  /** A person's, the newest first. */
  of(person: string): TokenSummary[] {
    return this.list().filter((token) => token.person === person);
  }

  /** All of them, the newest first. */
  list(): TokenSummary[] {
    return this.#sql.exec<TokenColumns>(`SELECT ${COLUMNS} FROM tokens ORDER BY created DESC, id DESC`).map(toSummary);
  }

  get count(): number {
    return this.#sql.exec<{ count: number }>("SELECT count(*) AS count FROM tokens")[0]?.count ?? 0;
  }

  /** Whose it was; undefined when there is no such token. One that is revoked stays so, since when it was. */
  revoke(id: string, now: number): string | undefined {
    const [known] = this.#sql.exec<{ person: string | null }>("SELECT person FROM tokens WHERE id = ?", id);
    if (known) this.#sql.exec("UPDATE tokens SET revoked = ?, told = 0 WHERE id = ? AND revoked IS NULL", now, id);
    return known && (known.person ?? personOfToken(id));
  }
}

function toSummary({
  id,
  name,
  tenant,
  scopes,
  limits,
  created,
  expires,
  revoked,
  person,
}: TokenColumns): TokenSummary {
  return {
    id,
    name,
    person: person ?? personOfToken(id),
    tenant,
    scopes: scopes.split(",") as Scope[],
    limits: JSON.parse(limits) as OwnLimits,
    createdAt: created,
    expiresAt: expires,
    revokedAt: revoked,
  };
}
