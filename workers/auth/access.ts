// Cloudflare Access: whoever passed the organisation's sign-in comes with a signed assertion.
import { errors, jwtVerify } from "jose";
import { fail, ok, type Result } from "../../protocol/problems.ts";
import { createAccessKeys, KeysAway, TRY_AGAIN_MS } from "./access-keys.ts";
import { anonymous, type Identity } from "./identity.ts";

export interface AccessSettings {
  /** The organisation, as the issuer of its assertions: `https://<team>.cloudflareaccess.com`. */
  issuer: string;
  /** The applications whose assertions are good here. */
  audiences: string[];
}

const AWAY = fail("access_unreachable", "Who you are can't be checked: Cloudflare Access' keys can't be fetched.", {
  retryAfter: TRY_AGAIN_MS / 1_000,
});

/** Finds who an assertion is about; undefined when it is not a good one for this deployment, now. */
export type Access = (assertion: string) => Promise<Result<Identity | undefined>>;

export function createAccess({ issuer, audiences }: AccessSettings, now: () => number): Access {
  const keys = createAccessKeys(`${issuer}/cdn-cgi/access/certs`, now);
  return async (assertion) => {
    try {
      const { payload } = await jwtVerify(assertion, keys, {
        issuer,
        audience: audiences,
        algorithms: ["RS256"],
        requiredClaims: ["exp", "iat"],
      });
      // A service token has no subject; its client id is its name.
      const subject = payload.sub || payload.common_name;
      if (typeof subject !== "string") return ok(undefined);
      const until = (payload.exp ?? 0) * 1000;
      return ok({ ...anonymous(`access:${subject}`), tenant: `access:${issuer}`, until });
    } catch (error) {
      if (error instanceof KeysAway) return AWAY;
      if (error instanceof errors.JOSEError) return ok(undefined);
      throw error;
    }
  };
}
