import { expect, it } from "vitest";
import { FaultLedger, LISTED_MODELS, parseScript, type Script } from "./script.ts";

function parse(model: string): Script {
  const script = parseScript(model);
  if ("unknown" in script) throw new Error(`unknown word ${script.unknown}`);
  return script;
}

it("reads pace, length and limits", () => {
  expect(parse("scripted-tokens-60-rate-50-ttft-10-headers-20-limit-9-window-7-retryafter-3")).toMatchObject({
    says: { kind: "tokens", count: 60 },
    rate: 50,
    ttft: 10,
    headers: 20,
    limit: 9,
    window: 7,
    retryAfter: 3,
  });
  expect(parse("scripted-markdown-500-rate-0.5")).toMatchObject({ says: { kind: "markdown", count: 500 }, rate: 0.5 });
  expect(parse("scripted")).toMatchObject({ says: { kind: "answer" }, faults: [], reattach: "yes", prefill: true });
  for (const model of LISTED_MODELS) expect(parse(model).faults).toEqual([]);
});

it("reads faults in order, with their tokens and how often they strike", () => {
  expect(parse("scripted-fault-429-once-cut-20-twice-hang-error-3-times-4").faults).toEqual([
    { kind: "429", after: 0, times: 1 },
    { kind: "cut", after: 20, times: 2 },
    { kind: "hang", after: 5, times: Number.POSITIVE_INFINITY },
    { kind: "error", after: 3, times: 4 },
  ]);
  expect(parse("scripted-nocontinue")).toMatchObject({ prefill: false, continuation: false });
  expect(parse("scripted-noreattach").reattach).toBe("gone");
  expect(parse("scripted-expired").reattach).toBe("expired");
});

it.each([
  ["gpt-4o", "gpt-4o"],
  ["scriptedx", "scriptedx"],
  ["scripted-nonsense", "nonsense"],
  ["scripted-tokens", "tokens"],
  ["scripted-once", "once"],
  ["scripted-constructor", "constructor"],
  ["", ""],
])("does not know %j", (model, word) => {
  expect(parseScript(model)).toEqual({ unknown: word });
});

it("uses faults up one after the other, per prompt", () => {
  const ledger = new FaultLedger();
  const script = parse("scripted-429-once-cut-2-once-hang-3");
  const take = (prompt: string) => ledger.take(script, prompt, () => true)?.kind;
  expect([take("a"), take("a"), take("a"), take("a")]).toEqual(["429", "cut", "hang", "hang"]);
  expect(take("b")).toBe("429");
  expect(ledger.take(script, "b", (kind) => kind === "500")).toBeNull();
  ledger.reset();
  expect(take("a")).toBe("429");
});
