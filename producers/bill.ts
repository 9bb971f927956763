// What a run used, added up over all the requests it took. Where the provider never said, the figures are estimated
// from the text and the bill says so.
import { estimateTokenCount } from "tokenx";
import type { Ask, Usage } from "../providers/provider.ts";

export interface Bill extends Usage {
  estimated: boolean;
}

export const NOTHING: Bill = { inputTokens: 0, cachedInputTokens: 0, outputTokens: 0, estimated: false };

export function estimateUsage(ask: Ask, output: string): Bill {
  const input = [ask.system ?? "", ...ask.turns.map((turn) => turn.text)].join("\n");
  return {
    inputTokens: estimateTokenCount(input),
    cachedInputTokens: 0,
    outputTokens: estimateTokenCount(output),
    estimated: true,
  };
}

export function addUsage(bill: Bill, usage: Usage | Bill): Bill {
  return {
    inputTokens: bill.inputTokens + usage.inputTokens,
    cachedInputTokens: bill.cachedInputTokens + usage.cachedInputTokens,
    outputTokens: bill.outputTokens + usage.outputTokens,
    estimated: bill.estimated || ("estimated" in usage && usage.estimated),
  };
}
