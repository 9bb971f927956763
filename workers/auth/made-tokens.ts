// The tokens that an admin made by the API. The deployment's object knows them; what it said is remembered here for
// seconds, so that a busy token does not make one object the neck of all.
import type { DeploymentObject } from "../../durable-objects/deployment.ts";
import type { TokenSummary } from "../../protocol/access.ts";
import { digestOf } from "../../protocol/digest.ts";
import { anonymous, type Identity } from "./identity.ts";

/** What tells a made token from any other, also in somebody's logs. */
const PREFIX = "ks_";
/** How long another isolate may still let in the reader of a revoked token. Asks are refused at once, by its person's object. */
const KEEP_MS = 5_000;
/** Of good tokens, and of others: so that many guesses push out no good one. */
const KEEP_AT_MOST = 1_000;

export interface MadeTokens {
  /** `stranger` is called, and may refuse, before the deployment's object is asked about a token that was not good here lately. */
  find(presented: string, stranger: () => Promise<void>): Promise<Identity | undefined>;
  /** What was remembered may be untrue now. */
  forget(): void;
}

export function newToken(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(32));
  return (
    PREFIX +
    btoa(String.fromCharCode(...bytes))
      .replace(/\+/g, "-")
      .replace(/\//g, "_")
      .replace(/=+$/, "")
  );
}

export function createMadeTokens(deployment: () => DurableObjectStub<DeploymentObject>, now: () => number): MadeTokens {
  const good = new Map<string, { token: TokenSummary; until: number }>();
  const bad = new Map<string, { until: number }>();

  async function look(digest: string, stranger: () => Promise<void>): Promise<TokenSummary | null> {
    const known = good.get(digest);
    if (known && known.until > now()) return known.token;
    if ((bad.get(digest)?.until ?? 0) > now()) return null;
    if (!known) await stranger();
    const token = await deployment().findToken(digest);
    const until = now() + KEEP_MS;
    good.delete(digest);
    if (token) keep(good, digest, { token, until });
    else keep(bad, digest, { until });
    return token;
  }

  return {
    async find(presented, stranger) {
      if (!presented.startsWith(PREFIX)) return undefined;
      const token = await look(await digestOf(presented), stranger);
      if (!token || token.revokedAt !== null) return undefined;
      if (token.expiresAt !== null && token.expiresAt <= now()) return undefined;
      const { id, person, tenant, scopes, limits, expiresAt: until } = token;
      return { ...anonymous(person), tenant, scopes, limits, until, token: id };
    },
    forget() {
      good.clear();
      bad.clear();
    },
  };
}

/** Keeps an entry in the place of the oldest one, where there are enough. */
function keep<T>(kept: Map<string, T>, digest: string, entry: T): void {
  const [oldest] = kept.keys();
  if (kept.size >= KEEP_AT_MOST && oldest !== undefined) kept.delete(oldest);
  kept.set(digest, entry);
}
