// What every provider promises, checked against the scripted model over real connections, in any runtime.
import { describe, expect, it, vi } from "vitest";
import { scriptedText } from "../local/model/text.ts";
import { askOf, countsOf, never, newPrompt, Run, responseTo, type Subject, tokensOf } from "./subjects.contract.ts";

export function providerContract(subject: Subject): void {
  const { title, make } = subject;
  const prompt = (what: string) => newPrompt(`${title}: ${what}`);

  describe(title, () => {
    describe("an answer", () => {
      it.each(["scripted-tokens-300-rate-0", "scripted-tokens-300-rate-0-misaligned"])(
        "is exact: %s",
        async (model) => {
          const text = prompt("exact");
          const answer = new Run(make(), askOf(model, text));
          const { finish, usage } = await answer.ending;
          expect(answer.text).toBe(scriptedText(text, 300));
          expect(answer.pieces.every((piece) => piece.text.isWellFormed())).toBe(true);
          expect(finish).toBe("stop");
          expect(usage).toEqual({ inputTokens: expect.any(Number), cachedInputTokens: 0, outputTokens: 300 });
          expect(usage?.inputTokens).toBeGreaterThan(0);
          expect((await countsOf(subject, text))?.requests).toBe(1);
        },
      );

      it("comes as it is made, not at the end", async () => {
        const text = prompt("live");
        const answer = new Run(make(), askOf("scripted-tokens-8-rate-20", text));
        await vi.waitFor(() => expect(answer.text).not.toBe(""), { interval: 5 });
        expect((await responseTo(subject, text))?.state).toBe("running");
        await answer.ending;
        expect(answer.pieces.filter((piece) => piece.text !== "").length).toBeGreaterThan(1);
      });

      it("is to the whole conversation, with every setting", async () => {
        const text = prompt("settings");
        const turns = [
          { role: "user", text: "x".repeat(4000) },
          { role: "assistant", text: "" },
          { role: "user", text: "and" },
          { role: "assistant", text: "y".repeat(4000) },
          { role: "user", text },
        ] as const;
        const more = { turns, system: "z".repeat(4000), temperature: 1.5, maxOutputTokens: 20 };
        const answer = new Run(make(), askOf("scripted-tokens-60-rate-0", text, more));
        const { finish, usage } = await answer.ending;
        expect(finish).toBe("length");
        expect(answer.text).toBe(tokensOf(text, 20));
        expect(usage?.outputTokens).toBe(20);
        // The scripted model counts a token for four characters.
        expect(usage?.inputTokens).toBeGreaterThanOrEqual(3000);
      });

      it("says when the model would not", async () => {
        const refused = new Run(make(), askOf("scripted-refusal", prompt("refusal")));
        expect((await refused.ending).finish).toBe("refusal");
        const text = prompt("filter");
        const filtered = new Run(make(), askOf("scripted-tokens-60-rate-0-filter-7", text));
        expect((await filtered.ending).finish).toBe("refusal");
        expect(filtered.text).toBe(tokensOf(text, 7));
      });
    });

    describe("a request that is refused", () => {
      it.each([
        ["scripted-401", "provider_auth", 401],
        ["scripted-403", "provider_auth", 403],
        ["scripted-500", "provider_overloaded", 500],
        ["scripted-context", "provider_context_too_long", 400],
        ["scripted-window-1", "provider_context_too_long", 400],
        ["scripted-nonsense", "provider_unknown_model", 404],
        ["no-such-model", "provider_unknown_model", 404],
      ])("%s is %s", async (model, code, status) => {
        const answer = new Run(make(), askOf(model, prompt("refused")));
        await expect(answer.ending).rejects.toMatchObject({ name: "ProviderError", code, status, retryAfter: null });
        expect(answer.pieces).toEqual([]);
      });

      it.each([
        ["scripted-429-retryafter-7", "provider_rate_limited"],
        ["scripted-503-retryafter-7", "provider_overloaded"],
        ["scripted-529-retryafter-7", "provider_overloaded"],
        ["scripted-overloaded-retryafter-7", "provider_overloaded"],
      ])("%s is %s, and says when to come back", async (model, code) => {
        const text = prompt("busy");
        const answer = new Run(make(), askOf(model, text));
        await expect(answer.ending).rejects.toMatchObject({ code, retryAfter: 7, final: false });
        // Retrying is the caller's.
        expect((await countsOf(subject, text))?.requests).toBe(1);
      });

      it("names the setting of a bad key, and never the key", async () => {
        const answer = new Run(make({ key: "bad-key" }), askOf("scripted", prompt("key")));
        const error = await answer.ending.catch((error: unknown) => error as Error);
        expect(error).toMatchObject({ code: "provider_auth", status: 401, message: expect.stringMatching(/_API_KEY/) });
        expect(JSON.stringify([error, String(error)])).not.toContain("bad-key");
      });

      it("is unreachable where nothing listens", async () => {
        const answer = new Run(make({ nowhere: true }), askOf("scripted", prompt("nowhere")));
        await expect(answer.ending).rejects.toMatchObject({ code: "provider_unreachable", status: null });
      });
    });

    describe("an answer that breaks", () => {
      it.each([
        ["cut-9", "provider_stream_cut"],
        ["torn-9", "provider_stream_cut"],
        ["end-9", "provider_stream_cut"],
        ["malformed-9", "provider_malformed"],
        ["error-9", "provider_overloaded"],
        ["failed-9", "provider_overloaded"],
      ])("%s is %s, and what came is kept", async (fault, code) => {
        const text = prompt(fault);
        const answer = new Run(make(), askOf(`scripted-tokens-60-rate-0-${fault}`, text));
        await expect(answer.ending).rejects.toMatchObject({ name: "ProviderError", code });
        expect(answer.text).toBe(tokensOf(text, 9));
        expect((await countsOf(subject, text))?.requests).toBe(1);
      });

      it("is stalled when nothing comes any more", async () => {
        const text = prompt("hang");
        const provider = make({ patience: { firstByteMs: 20_000, stallMs: 500 } });
        const answer = new Run(provider, askOf("scripted-tokens-60-rate-0-hang-9", text));
        await expect(answer.ending).rejects.toMatchObject({ code: "provider_stalled" });
        expect(answer.text).toBe(tokensOf(text, 9));
      });

      it.each(["scripted-headers-3000", "scripted-ttft-20000"])(
        "is stalled when nothing ever comes: %s",
        async (model) => {
          const provider = make({ patience: { firstByteMs: 200, stallMs: 20_000 } });
          const answer = new Run(provider, askOf(model, prompt("silence")));
          await expect(answer.ending).rejects.toMatchObject({ code: "provider_stalled" });
          expect(answer.text).toBe("");
        },
      );
    });

    describe("an abort", () => {
      it("rejects with its reason, brings nothing more, and reaches the provider", async () => {
        const text = prompt("abort");
        const provider = make();
        const controller = new AbortController();
        const ask = askOf("scripted-tokens-6000-rate-200", text);
        const answer = new Run(provider, ask, { kind: "fresh" }, controller.signal);
        await vi.waitFor(() => expect(answer.text).not.toBe(""), { interval: 5 });
        const reason = new Error("enough");
        controller.abort(reason);
        await expect(answer.ending).rejects.toBe(reason);
        const { length } = answer.pieces;
        if (provider.reattaches) await provider.cancel(answer.bookmark);
        const state = provider.reattaches ? "cancelled" : "aborted";
        await vi.waitFor(async () => expect((await responseTo(subject, text))?.state).toBe(state), { timeout: 5000 });
        expect(answer.pieces).toHaveLength(length);
      });

      it("before the first byte leaves nothing running", async () => {
        const text = prompt("early abort");
        const provider = make();
        const controller = new AbortController();
        const ask = askOf("scripted-tokens-6000-rate-200-headers-800", text);
        const answer = new Run(provider, ask, { kind: "fresh" }, controller.signal);
        await vi.waitFor(async () => expect(await countsOf(subject, text)).toBeDefined());
        controller.abort(new Error("early"));
        await expect(answer.ending).rejects.toThrow("early");
        if (provider.reattaches) {
          const cancelled = async () => expect((await responseTo(subject, text))?.state).toBe("cancelled");
          await vi.waitFor(cancelled, { timeout: 5000 });
        } else {
          // The scripted model would begin 800 ms after the request, if it did not see that nobody is there.
          await new Promise((resolve) => setTimeout(resolve, 1200));
          expect((await responseTo(subject, text))?.state ?? "never begun").not.toBe("running");
        }
        expect(answer.pieces).toEqual([]);
      });

      it("before the request makes none", async () => {
        const text = prompt("no request");
        const signal = AbortSignal.abort(new Error("before"));
        const answer = new Run(make(), askOf("scripted", text), { kind: "fresh" }, signal);
        await expect(answer.ending).rejects.toThrow("before");
        expect(await countsOf(subject, text)).toBeUndefined();
      });
    });

    describe("going on from a prefix", () => {
      it.each([9, 10, 11])("continues where %i tokens end", async (count) => {
        const text = prompt("continue");
        const prefix = tokensOf(text, count);
        const answer = new Run(make(), askOf("scripted-tokens-60-rate-0", text), { kind: "continue", prefix });
        expect((await answer.ending).finish).toBe("stop");
        expect(prefix + answer.text).toBe(scriptedText(text, 60));
        expect(await countsOf(subject, text)).toMatchObject({ continuations: 1, madeTwice: 0 });
      });

      it("continues after white space too", async () => {
        const text = prompt("continue after white space");
        // Token 10 begins with a new line; here it was cut right after it.
        const prefix = `${tokensOf(text, 10)}\n`;
        const answer = new Run(make(), askOf("scripted-tokens-60-rate-0", text), { kind: "continue", prefix });
        await answer.ending;
        expect(prefix + answer.text).toBe(scriptedText(text, 60));
      });

      it("asks anew when the prefix is empty", async () => {
        const text = prompt("continue nothing");
        const answer = new Run(make(), askOf("scripted-tokens-9-rate-0", text), { kind: "continue", prefix: "" });
        await answer.ending;
        expect(answer.text).toBe(scriptedText(text, 9));
        expect(await countsOf(subject, text)).toMatchObject({ continuations: 0 });
      });

      it("fails clearly when the model does not continue", async () => {
        const ask = askOf("scripted-nocontinue", prompt("no continuation"));
        const answer = new Run(make(), ask, { kind: "continue", prefix: "Once upon" });
        await expect(answer.ending).rejects.toMatchObject({ code: "provider_bad_request", status: 400 });
      });
    });

    describe("models", () => {
      it("are the provider's own", async () => {
        const models = await make().models(never);
        expect(models.map(({ id }) => id)).toContain("scripted");
        expect(models.every(({ name }) => name !== "")).toBe(true);
      });

      it("are the configured ones, without asking", async () => {
        const models = await make({ nowhere: true, models: ["a", "b"] }).models(never);
        expect(models.map(({ id }) => id)).toEqual(["a", "b"]);
      });

      it("tell of a bad key", async () => {
        await expect(make({ key: "bad-key" }).models(never)).rejects.toMatchObject({ code: "provider_auth" });
      });
    });
  });
}
