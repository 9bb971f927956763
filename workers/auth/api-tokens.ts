// The tokens a deployment is set up with: `API_TOKENS`, a list of `token` or `name:token`. Each is a person and a tenant
// of its own. One with a name keeps both when its token is replaced; one without is known by its digest.
import { digestOf } from "../../protocol/digest.ts";
import { type Identity, ownTenant } from "./identity.ts";

export interface ApiToken {
  name: string | null;
  token: string;
}

/** Reads the setting; a colon parts the name from the token. */
export function parseApiTokens(list: string): ApiToken[] {
  return list.split(",").flatMap((entry): ApiToken[] => {
    const [, name, token] = /^(?:([\w.-]+):)?(.+)$/s.exec(entry.trim()) ?? [];
    return token ? [{ name: name ?? null, token }] : [];
  });
}

/** Finds whose token was presented. Compares digests: how long that takes tells nothing of a token. */
export function createApiTokens(tokens: readonly ApiToken[]): (presented: string) => Promise<Identity | undefined> {
  let byDigest: Map<string, Identity> | undefined;
  return async (presented) => {
    byDigest ??= new Map(await Promise.all(tokens.map(entryOf)));
    return byDigest.get(await digestOf(presented));
  };
}

async function entryOf({ name, token }: ApiToken): Promise<[string, Identity]> {
  const digest = await digestOf(token);
  return [digest, ownTenant(name === null ? `token:${digest.slice(0, 32)}` : `named:${name}`)];
}
