import { expect, test } from "vitest";
import type { TokenSummary } from "../protocol/access.ts";
import { SqliteDisk } from "../tests/sqlite-disk.ts";
import { migrate } from "./migrations.ts";
import { TOKEN_STEPS, Tokens } from "./tokens.ts";

const made = (id: string, more: Partial<TokenSummary> = {}): TokenSummary => ({
  id,
  name: `the ${id}`,
  person: `made:${id}`,
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
  tokens.add({ token: made("a"), digest: "digest-a" }, false);
  expect(tokens.find("digest-a")).toEqual(made("a"));
  expect(tokens.find("a")).toBeUndefined();
  expect(tokens.find("")).toBeUndefined();
});

test("the newest is listed first", () => {
  const tokens = open();
  tokens.add({ token: made("a"), digest: "1" }, false);
  tokens.add({ token: made("b", { createdAt: 20, expiresAt: 99 }), digest: "2" }, false);
  expect(tokens.list().map(({ id, expiresAt }) => [id, expiresAt])).toEqual([
    ["b", 99],
    ["a", null],
  ]);
  expect(tokens.count).toBe(2);
});

test("a revoked token stays, with the time at which it was first revoked", () => {
  const tokens = open();
  tokens.add({ token: made("a"), digest: "1" }, false);
  expect([tokens.revoke("a", 50), tokens.revoke("a", 60), tokens.revoke("b", 50)]).toEqual([
    "made:a",
    "made:a",
    undefined,
  ]);
  expect(tokens.find("1")?.revokedAt).toBe(50);
});

test("a token is to be told of until it was, and again when it was revoked, whenever that was", () => {
  const tokens = open();
  for (const id of ["a", "b", "c"]) tokens.add({ token: made(id), digest: id }, id === "c");
  const untold = () => tokens.untold(10).map(({ token, digest }) => [token.id, digest, token.revokedAt]);
  expect(tokens.untold(1)).toEqual([{ token: made("a"), digest: "a" }]);
  const onTheirWay = tokens.untold(10);
  tokens.revoke("b", 50);
  tokens.told(onTheirWay);
  expect(untold()).toEqual([["b", "b", 50]]);
  tokens.told(tokens.untold(10));
  tokens.revoke("b", 60);
  expect(untold()).toEqual([]);
});

test("a token that comes back from the archive is as it was there, unless it is known", () => {
  const tokens = open();
  tokens.add({ token: made("a"), digest: "1" }, true);
  tokens.revoke("a", 70);
  tokens.add({ token: made("a"), digest: "1" }, true);
  tokens.add({ token: made("b", { revokedAt: 50 }), digest: "2" }, true);
  expect([tokens.find("1")?.revokedAt, tokens.find("2")?.revokedAt, tokens.count]).toEqual([70, 50, 2]);
});
