// Proves PROTOCOL.md, "Errors of a run", for what goes wrong before the first word: refusals, and waits in vain.
import { describe, expect, it } from "vitest";
import { scriptedText } from "../../local/model/text.ts";
import { meet, PROVIDERS } from "./faults.ts";

describe.concurrent.each(PROVIDERS)("%s", (provider) => {
  it.each([
    ["401", "provider_auth"],
    ["403", "provider_auth"],
    ["nonsense", "provider_unknown_model"],
    ["context", "provider_context_too_long"],
    ["window-1", "provider_context_too_long"],
  ])("%s fails at once with %s", async (words, code) => {
    const { run } = await meet(provider, words);
    expect(run).toMatchObject({ status: "failed", finish: null, text: "", replacedBy: null, recoveries: [] });
    expect(run.error).toEqual({ code, message: expect.stringMatching(/\w\.$|”$/), retryAfter: null });
    expect(run.receipt).toMatchObject({ requests: 1, inputTokens: 0, outputTokens: 0, cost: 0, firstTokenMs: null });
  });

  it.each([
    ["429-retryafter-0", "provider_rate_limited", 0],
    ["500", "provider_overloaded", null],
    ["503-retryafter-0", "provider_overloaded", 0],
    ["529-retryafter-0", "provider_overloaded", 0],
    ["overloaded-retryafter-0", "provider_overloaded", 0],
  ] as const)("%s is asked four times, then fails with %s", async (words, code, retryAfter) => {
    const { run, replica, made } = await meet(provider, words);
    expect(run).toMatchObject({ status: "failed", text: "", replacedBy: null, recoveries: [] });
    expect(run.error).toEqual({ code, message: expect.any(String), retryAfter });
    expect([run.receipt?.requests, made?.requests]).toEqual([4, 4]);
    const waits = replica.received.flatMap(({ record }) => (record.type === "run.phase" ? [record] : []));
    expect(waits.map(({ attempt }) => attempt)).toEqual([...waits.map(({ attempt }) => attempt)].sort());
    expect(waits.find(({ detail }) => detail?.includes("Trying again in"))).toMatchObject({
      phase: "waiting",
      attempt: 2,
    });
  });

  it.each(["429", "500", "503", "529", "overloaded"])("%s once is got over", async (fault) => {
    const { prompt, run, made } = await meet(provider, `tokens-20-rate-0-${fault}-once`);
    expect(run).toMatchObject({ status: "completed", text: scriptedText(prompt, 20), error: null, recoveries: [] });
    expect(made).toMatchObject({ requests: 2, generations: 1, madeTwice: 0 });
    expect(run.receipt).toMatchObject({ requests: 2, outputTokens: 20, estimated: false });
    // 500 says nothing of when to come back; the others said: in a second.
    if (fault !== "500") expect(run.receipt?.firstTokenMs).toBeGreaterThanOrEqual(1000);
  });

  it("a wait that is too long is told instead of waited", async () => {
    const { run, made } = await meet(provider, "429-retryafter-61");
    expect(run).toMatchObject({ status: "failed", error: { code: "provider_rate_limited", retryAfter: 61 } });
    expect(run.error?.message).toContain("61 s");
    expect([run.receipt?.requests, made?.requests]).toEqual([1, 1]);
  });

  it("a refusal in words, or without, is an answer that ends with refusal", async () => {
    const { run } = await meet(provider, "refusal");
    expect(run).toMatchObject({ status: "completed", finish: "refusal", error: null, replacedBy: null });
  });

  it("a slow first byte is waited for", async () => {
    const { prompt, run } = await meet(provider, "tokens-5-rate-0-headers-1200");
    expect(run).toMatchObject({ status: "completed", text: scriptedText(prompt, 5), recoveries: [] });
    expect(run.receipt).toMatchObject({ requests: 1 });
  });

  it.each(["headers-9000", "ttft-30000"])("%s is stalled", { timeout: 60_000 }, async (words) => {
    const { run } = await meet(provider, words, { recovery: "free" });
    // Before the answer has a bookmark it is asked for once more; after that it is the recovery ladder's.
    const bookmarked = provider === "openai" && words.startsWith("ttft");
    expect(run).toMatchObject({ status: bookmarked ? "interrupted" : "failed", text: "" });
    expect(run.error?.code).toBe(bookmarked ? "recovery_exhausted" : "provider_stalled");
    expect(run.error?.message).toContain("sent nothing for");
    expect(run.receipt?.requests).toBe(bookmarked ? 3 : 2);
  });
});
