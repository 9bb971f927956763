import { createHash } from "node:crypto";
import { expect, test } from "vitest";
import { digestOf, isSecret } from "./digest.ts";

test.each(["", "a", "é🧠 \u0000"])("the digest of %j is that of its UTF-8", async (text) => {
  expect(await digestOf(text)).toBe(createHash("sha256").update(text, "utf8").digest("hex"));
});

test("a secret is known by all of it", async () => {
  const given = ["secret", "secre", "secret ", "Secret", ""];
  expect(await Promise.all(given.map((each) => isSecret(each, "secret")))).toEqual([true, false, false, false, false]);
});
