import { expect, test } from "vitest";
import type { TokenSummary } from "../protocol/access.ts";
import { SqliteDisk } from "../tests/sqlite-disk.ts";
import { migrate } from "./migrations.ts";
import { TOKEN_STEPS, Tokens } from "./tokens.ts";

const made = (id: string, more: Partial<TokenSummary> = {}): TokenSummary => ({
  id,
  name: `the ${id}`,
  tenant: "shop",
  scopes: ["read", "ask"],
  limits: { asksPerMinute: 3, dollarsPerDay: null },
  createdAt: 10,
  expiresAt: null,
  revokedAt: null,
  ...more,
});

function open(disk = new SqliteDisk()): Tokens {
  migrate(disk, TOKEN_STEPS);
  return new Tokens(disk);
}

test("a token is found by its digest, as it was made, and by nothing else", () => {
  const tokens = open();
  tokens.add(made("a"), "digest-a");
  expect(tokens.find("digest-a")).toEqual(made("a"));
  expect(tokens.find("a")).toBeUndefined();
  expect(tokens.find("")).toBeUndefined();
});

test("the newest is listed first", () => {
  const tokens = open();
  tokens.add(made("a"), "1");
  tokens.add(made("b", { createdAt: 20, expiresAt: 99 }), "2");
  expect(tokens.list().map(({ id, expiresAt }) => [id, expiresAt])).toEqual([
    ["b", 99],
    ["a", null],
  ]);
  expect(tokens.count).toBe(2);
});

test("a revoked token stays, with the time at which it was first revoked", () => {
  const tokens = open();
  tokens.add(made("a"), "1");
  expect([tokens.revoke("a", 50), tokens.revoke("a", 60), tokens.revoke("b", 50)]).toEqual([true, true, false]);
  expect(tokens.find("1")?.revokedAt).toBe(50);
});
