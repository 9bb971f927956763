// The tokens that an admin made by the API. The deployment's object knows them; what it said is remembered here for
// seconds, so that a busy token does not make one object the neck of all.
import type { DeploymentObject } from "../../durable-objects/deployment.ts";
import type { TokenSummary } from "../../protocol/access.ts";
import { digestOf } from "./digest.ts";
import { anonymous, type Identity } from "./identity.ts";

/** What tells a made token from any other, also in somebody's logs. */
const PREFIX = "ks_";
/** How long another isolate may still let in the reader of a revoked token. Asks are refused at once, by its person's object. */
const KEEP_MS = 5_000;
const KEEP_AT_MOST = 1_000;

export interface MadeTokens {
  find(presented: string): Promise<Identity | undefined>;
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

/** The person that a made token stands for. */
export const personOfToken = (id: string): string => `made:${id}`;
/** Whether it is only known where its person's object is that this caller was not turned out a moment ago. */
export const isRevocable = ({ person }: Identity): boolean => person.startsWith(personOfToken(""));

export function createMadeTokens(deployment: () => DurableObjectStub<DeploymentObject>, now: () => number): MadeTokens {
  const kept = new Map<string, { token: TokenSummary | null; until: number }>();

  async function look(digest: string): Promise<TokenSummary | null> {
    const known = kept.get(digest);
    if (known && known.until > now()) return known.token;
    const token = await deployment().findToken(digest);
    if (kept.size >= KEEP_AT_MOST) kept.clear();
    kept.set(digest, { token, until: now() + KEEP_MS });
    return token;
  }

  return {
    async find(presented) {
      if (!presented.startsWith(PREFIX)) return undefined;
      const token = await look(await digestOf(presented));
      if (!token || token.revokedAt !== null) return undefined;
      if (token.expiresAt !== null && token.expiresAt <= now()) return undefined;
      const { id, tenant, scopes, limits, expiresAt: until } = token;
      return { ...anonymous(personOfToken(id)), tenant, scopes, limits, until };
    },
    forget: () => kept.clear(),
  };
}
