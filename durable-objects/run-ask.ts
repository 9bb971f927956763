// An ask that was checked and has all its defaults filled in: what a route hands to a chat's object.
import type { ProviderName, RunParams, Tier } from "../protocol/records.ts";
import type { CacheMode, CachePace, RecoveryPolicy } from "../protocol/requests.ts";
import type { Turn } from "../providers/provider.ts";

/** What an ask wants of the cache, in a tier that has one. */
export interface CacheWish {
  mode: CacheMode;
  /** How long the answer is kept, seconds; null for as long as the deployment says. */
  ttl: number | null;
  pace: CachePace;
}

export interface RunAsk {
  /** Null to answer again the message that `parentId` names. */
  prompt: string | null;
  /** The message the ask follows; absent for the chat's last answer. */
  parentId?: string | null;
  /** What was said elsewhere before; a chat that begins takes it over as its own first messages. */
  history?: readonly Turn[];
  tier: Tier;
  provider: ProviderName;
  model: string;
  params: RunParams;
  cache: CacheWish;
  /** Whose answers it may share. */
  tenant: string;
  recovery: RecoveryPolicy;
  idempotency: { key: string; fingerprint: string } | null;
  /** What the asker's limits are held by until the run ends; absent where there are none. */
  hold?: string;
  /** The span of the request that asks, as a `traceparent`. */
  trace?: string;
}
