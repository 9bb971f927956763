// Proves PROTOCOL.md, "Recovery" and "Errors of a run", for answers that break after their first words: what came is
// kept, the cheapest rung that can go on does, and the receipt says which.
import { describe, expect, it } from "vitest";
import { scriptedText } from "../../local/model/text.ts";
import { meet, PROVIDERS } from "./faults.ts";

describe.concurrent.each(PROVIDERS)("%s", (provider) => {
  const rung = provider === "openai" ? "reattach" : "continue";

  it.each(["cut", "torn", "end", "malformed", "hang"])("%s once is got over, byte for byte", async (fault) => {
    const { prompt, run, made } = await meet(provider, `tokens-60-rate-0-${fault}-20-once`);
    expect(run).toMatchObject({ status: "completed", finish: "stop", error: null, replacedBy: null });
    expect(run.text).toBe(scriptedText(prompt, 60));
    const at = scriptedText(prompt, 20).length;
    expect(run.recoveries).toEqual([{ mode: rung, at, madeTwice: 0 }]);
    expect(run.receipt).toMatchObject({ requests: 2, recoveries: run.recoveries, estimated: rung === "continue" });
    if (rung === "reattach") expect(made).toMatchObject({ requests: 1, generated: 60, madeTwice: 0 });
    else expect(made).toMatchObject({ requests: 2, continuations: 1 });
    // What a model said on a connection that broke, and nobody got, is said again. Only it knows how much that was.
    if (fault === "cut" || fault === "end" || fault === "hang") expect(made?.madeTwice).toBe(0);
  });

  it.each(["error", "failed"])("an %s event is got over by a continuation", async (fault) => {
    const { prompt, run, made } = await meet(provider, `tokens-60-rate-0-${fault}-20-once`);
    expect(run).toMatchObject({ status: "completed", text: scriptedText(prompt, 60) });
    expect(run.recoveries).toMatchObject([{ mode: "continue", at: scriptedText(prompt, 20).length, madeTwice: 0 }]);
    expect(made).toMatchObject({ madeTwice: 0, continuations: 1 });
  });

  it.each([
    ["cut", /broke/],
    ["torn", /broke/],
    ["end", /broke|complete/],
    ["malformed", /cannot be understood/],
    ["hang", /sent nothing for/],
    ["error", /overloaded or failing/],
  ] as const)("%s for good, when nothing may be spent, is interrupted and kept", async (fault, why) => {
    const { prompt, run, made } = await meet(provider, `tokens-60-rate-0-noreattach-${fault}-20`, { recovery: "free" });
    expect(run).toMatchObject({ status: "interrupted", finish: null, replacedBy: null, recoveries: [] });
    // What is told is why the last thing that was tried did not work: at a provider that re-attaches, that was it.
    const last = provider === "openai" ? /no longer has this answer/ : why;
    expect(run.error).toMatchObject({ code: "recovery_exhausted", message: expect.stringMatching(last) });
    expect(run.text).toBe(scriptedText(prompt, 20));
    expect(made?.generations).toBe(1);
  });

  it("cut for good, is replaced once where that is allowed, and says by which run", async () => {
    const { prompt, run, chatId, made } = await meet(provider, "tokens-60-rate-0-noreattach-nocontinue-cut-20");
    expect(run).toMatchObject({
      status: "interrupted",
      replacedBy: `${chatId}.2`,
      error: { code: "recovery_exhausted" },
    });
    expect(run.text).toBe(scriptedText(prompt, 20));
    // Asked, and asked for a continuation, which was refused; nothing was made a second time in this run.
    expect(run.receipt?.recoveries).toEqual([]);
    expect(made?.generations).toBeLessThanOrEqual(2);
  });

  it("cut again and again goes on as long as the text grows", async () => {
    const { prompt, run, made } = await meet(provider, "tokens-60-rate-0-cut-13");
    expect(run).toMatchObject({ status: "completed", text: scriptedText(prompt, 60) });
    expect(run.recoveries.map(({ mode, at }) => [mode, at])).toEqual(
      [13, 26, 39, 52].map((count) => [rung, scriptedText(prompt, count).length]),
    );
    expect(made?.madeTwice).toBe(0);
  });

  it("cut more often than can be recovered is interrupted, with all there was", async () => {
    const { prompt, run } = await meet(provider, "tokens-60-rate-0-cut-2", { recovery: "continue" });
    expect(run).toMatchObject({ status: "interrupted", replacedBy: null, error: { code: "recovery_exhausted" } });
    expect(run.recoveries).toHaveLength(8);
    expect(run.text).toBe(scriptedText(prompt, 18));
  });

  it("a filter ends the answer with refusal, and its text is kept", async () => {
    const { prompt, run } = await meet(provider, "tokens-60-rate-0-filter-7");
    expect(run).toMatchObject({
      status: "completed",
      finish: "refusal",
      text: scriptedText(prompt, 7),
      recoveries: [],
    });
  });

  it("an answer at its token limit ends with length", async () => {
    const { prompt, run } = await meet(provider, "tokens-60-rate-0", { maxOutputTokens: 9 });
    expect(run).toMatchObject({ status: "completed", finish: "length", text: scriptedText(prompt, 9) });
    const own = await meet(provider, "tokens-60-rate-0-limit-11");
    expect(own.run).toMatchObject({ finish: "length", text: scriptedText(own.prompt, 11) });
    expect(own.run.receipt?.outputTokens).toBe(11);
  });
});
