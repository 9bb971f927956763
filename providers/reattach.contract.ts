// What a provider promises besides when it says that its streams can be taken up again.
import { describe, expect, it } from "vitest";
import { scriptedText } from "../local/model/text.ts";
import type { Beginning } from "./provider.ts";
import { askOf, countsOf, newPrompt, Run, responseTo, type Subject, tokensOf } from "./subjects.contract.ts";

export function reattachContract(subject: Subject): void {
  const { title, make } = subject;

  describe(`${title}, taken up again`, () => {
    it.each([
      ["cut-20-once", 2],
      ["torn-20-once", 2],
      ["end-20-twice", 3],
      ["malformed-20-once", 2],
      ["cut-0-once", 2],
      ["cut-20-once-misaligned", 2],
    ])("loses nothing and makes nothing twice: %s", async (fault, connections) => {
      const text = newPrompt(`${title}: ${fault}`);
      const ask = askOf(`scripted-tokens-60-rate-0-${fault}`, text);
      let beginning: Beginning = { kind: "fresh" };
      let whole = "";
      for (let i = 1; i < connections; i++) {
        const broken: Run = new Run(make(), ask, beginning);
        await expect(broken.ending).rejects.toMatchObject({ name: "ProviderError" });
        whole += broken.text;
        beginning = { kind: "reattach", bookmark: broken.bookmark, text: whole };
      }
      const last = new Run(make(), ask, beginning);
      expect(await last.ending).toEqual({
        finish: "stop",
        usage: { inputTokens: expect.any(Number), cachedInputTokens: 0, outputTokens: 60 },
      });
      expect(whole + last.text).toBe(scriptedText(text, 60));
      expect(await countsOf(subject, text)).toMatchObject({ requests: 1, generated: 60, madeTwice: 0 });
      expect(await responseTo(subject, text)).toMatchObject({ connections });
    });

    it("may begin at any piece, whatever was read after it", async () => {
      const text = newPrompt(`${title}: any piece`);
      const ask = askOf("scripted-tokens-30-rate-300", text);
      const first = new Run(make(), ask);
      await first.ending;
      let before = "";
      for (const piece of first.pieces) {
        before += piece.text;
        if (!piece.bookmark) continue;
        const again = new Run(make(), ask, { kind: "reattach", bookmark: piece.bookmark, text: before });
        await again.ending;
        expect(before + again.text).toBe(tokensOf(text, 30));
      }
    });

    it("tells a refusal whose every word was read before", async () => {
      const ask = askOf("scripted-refusal", newPrompt(`${title}: refusal`));
      const first = new Run(make(), ask);
      await first.ending;
      const bookmark = first.pieces.findLast(({ text }) => text !== "")?.bookmark;
      if (!bookmark) throw new Error("There was no bookmark.");
      const again = new Run(make(), ask, { kind: "reattach", bookmark, text: first.text });
      expect((await again.ending).finish).toBe("refusal");
      expect(again.text).toBe("");
    });

    it("waits for the whole answer when its stream can no longer be joined", async () => {
      const text = newPrompt(`${title}: expired`);
      const ask = askOf("scripted-tokens-60-rate-100-cut-20-expired", text);
      const first = new Run(make(), ask);
      await expect(first.ending).rejects.toMatchObject({ code: "provider_stream_cut" });
      const beginning = { kind: "reattach", bookmark: first.bookmark, text: first.text } as const;
      const again = new Run(make(), ask, beginning);
      expect(await again.ending).toMatchObject({ finish: "stop", usage: { outputTokens: 60 } });
      expect(first.text + again.text).toBe(scriptedText(text, 60));
      expect(await countsOf(subject, text)).toMatchObject({ requests: 1, generated: 60, madeTwice: 0 });
      // Somebody else's text has no end there.
      const other = new Run(make(), ask, { ...beginning, text: "Once" });
      await expect(other.ending).rejects.toMatchObject({ code: "provider_stream_cut", final: true });
    });

    it("says that the answer is gone", async () => {
      const ask = askOf("scripted-tokens-60-rate-0-cut-20-noreattach", newPrompt(`${title}: noreattach`));
      const first = new Run(make(), ask);
      await expect(first.ending).rejects.toMatchObject({ code: "provider_stream_cut" });
      const again = new Run(make(), ask, { kind: "reattach", bookmark: first.bookmark, text: first.text });
      const message = expect.stringContaining("no longer has");
      await expect(again.ending).rejects.toMatchObject({ code: "provider_stream_cut", message });
    });

    it("only lets go when aborted", async () => {
      const text = newPrompt(`${title}: let go`);
      const controller = new AbortController();
      const ask = askOf("scripted-tokens-60-rate-100", text);
      const first = new Run(make(), ask, { kind: "fresh" }, controller.signal);
      await expect.poll(() => first.text, { interval: 5 }).not.toBe("");
      controller.abort(new Error("another takes over"));
      await expect(first.ending).rejects.toThrow("another takes over");
      const again = new Run(make(), ask, { kind: "reattach", bookmark: first.bookmark, text: first.text });
      await again.ending;
      expect(first.text + again.text).toBe(scriptedText(text, 60));
      expect(await countsOf(subject, text)).toMatchObject({ requests: 1, generated: 60 });
    });

    it("can be cancelled when it has ended, and when it is gone", async () => {
      const provider = make();
      await provider.cancel({ responseId: "resp_gone", sequenceNumber: 0 });
      const answer = new Run(provider, askOf("scripted-tokens-5-rate-0", newPrompt(`${title}: ended`)));
      await answer.ending;
      await provider.cancel(answer.bookmark);
    });
  });
}
