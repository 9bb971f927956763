// The name of an answer: of everything that shapes it and of who may share it. Two asks have the same key exactly when a
// provider would be sent the same, for the same tenant.
import canonicalize from "canonicalize";
import { digestOf } from "../protocol/digest.ts";
import type { ProviderName, RunParams } from "../protocol/records.ts";

/** Part of every key: raised when what a key is made of, or what is kept under it, changes its meaning. */
const KEY_VERSION = 1;

export interface KeyedAsk {
  tenant: string;
  provider: ProviderName;
  model: string;
  /** Whole, so that a parameter that is added one day is part of the key at once. */
  params: RunParams;
  /** The visible conversation, down to what is asked. */
  turns: readonly { role: "user" | "assistant"; text: string }[];
}

/** SHA-256 over RFC 8785 JSON, as 64 hex digits. */
export async function answerKey({ tenant, provider, model, params, turns }: KeyedAsk): Promise<string> {
  const parts = {
    version: KEY_VERSION,
    tenant,
    provider,
    model,
    params,
    turns: turns.map(({ role, text }) => [role, text]),
  };
  return digestOf(canonicalize(parts) ?? "");
}
