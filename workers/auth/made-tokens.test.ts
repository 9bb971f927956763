import { expect, test, vi } from "vitest";
import type { TokenSummary } from "../../protocol/access.ts";
import { digestOf } from "../../protocol/digest.ts";
import { createMadeTokens, newToken } from "./made-tokens.ts";

async function tokens() {
  const token = newToken();
  const digest = await digestOf(token);
  const of: TokenSummary = {
    id: "one",
    name: "one",
    person: "made:one",
    tenant: "made:one",
    scopes: ["read"],
    limits: {},
    createdAt: 0,
    expiresAt: null,
    revokedAt: null,
  };
  const findToken = vi.fn(async (asked: string) => (asked === digest ? of : null));
  let now = 0;
  const made = createMadeTokens(
    () => ({ findToken }) as never,
    () => now,
  );
  const stranger = vi.fn(async () => {});
  return {
    token,
    made,
    findToken,
    stranger,
    pass: (ms: number) => {
      now += ms;
    },
  };
}

test("what was said of a token, good or bad, is remembered for seconds", async () => {
  const { token, made, findToken, stranger, pass } = await tokens();
  for (let i = 0; i < 3; i++) {
    expect(await made.find(token, stranger)).toMatchObject({ person: "made:one" });
    expect(await made.find("ks_guess", stranger)).toBeUndefined();
  }
  expect(findToken).toHaveBeenCalledTimes(2);
  pass(5_000);
  await made.find(token, stranger);
  await made.find("ks_guess", stranger);
  expect(findToken).toHaveBeenCalledTimes(4);
});

test("only one of which nothing good is known is a stranger's", async () => {
  const { token, made, findToken, stranger, pass } = await tokens();
  await made.find(token, stranger);
  pass(5_000);
  await made.find(token, stranger);
  expect(stranger).toHaveBeenCalledTimes(1);
  stranger.mockRejectedValue(new Error("braked"));
  await expect(made.find("ks_guess", stranger)).rejects.toThrow("braked");
  expect(findToken).toHaveBeenCalledTimes(2);
});

test("guesses push out no good token", async () => {
  const { token, made, findToken, stranger } = await tokens();
  await made.find(token, stranger);
  for (let i = 0; i < 2_500; i++) await made.find(`ks_${i}`, stranger);
  expect(findToken).toHaveBeenCalledTimes(2_501);
  await made.find(token, stranger);
  expect(findToken).toHaveBeenCalledTimes(2_501);
});
