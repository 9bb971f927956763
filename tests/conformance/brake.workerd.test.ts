// Proves PROTOCOL.md, "What a person may use": the brake of the platform, by address for whoever is anonymous.
import { expect, it } from "vitest";
import { deployment } from "./deployment.ts";
import { problem } from "./kit.ts";

it("a flood from one address is braked, and others are not", async () => {
  const fetch = deployment({});
  const from = (address: string) => ({ headers: { "cf-connecting-ip": address } });
  const replies = await Promise.all(Array.from({ length: 700 }, () => fetch("/api/tiers", from("192.0.2.1"))));
  const braked = replies.filter(({ status }) => status === 429);
  expect([braked.length > 0, replies.length - braked.length >= 600]).toEqual([true, true]);
  expect(braked[0]?.headers.get("retry-after")).toBe("60");
  await problem(braked[0] as Response, "rate_limited", 429);
  expect((await fetch("/api/tiers", from("192.0.2.2"))).status).toBe(200);
  const known = { ...from("192.0.2.1").headers, authorization: "Bearer token-of-a-team" };
  expect((await fetch("/api/tiers", { headers: known })).status).toBe(200);
  // On this machine nobody is braked.
  expect((await deployment({}, "http://localhost:8787")("/api/tiers", from("192.0.2.1"))).status).toBe(200);
});
