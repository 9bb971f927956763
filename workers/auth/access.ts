// Cloudflare Access: whoever passed the organisation's sign-in comes with a signed assertion. Its keys are fetched when
// they are first needed, kept, and fetched again when one turns up that is not among them.
import { createRemoteJWKSet, errors, jwtVerify } from "jose";
import { anonymous, type Identity } from "./identity.ts";

export interface AccessSettings {
  /** The organisation, as the issuer of its assertions: `https://<team>.cloudflareaccess.com`. */
  issuer: string;
  /** The applications whose assertions are good here. */
  audiences: string[];
}

/** Access rotates its keys every six weeks, and keeps the old one valid for a week. */
const KEEP_KEYS_MS = 10 * 60_000;
/** Made-up key ids can't make us ask more often. */
const ASK_AGAIN_MS = 30_000;
const PATIENCE_MS = 5_000;

/** Finds who an assertion is about; undefined when it is not a good one for this deployment, now. */
export function createAccess({
  issuer,
  audiences,
}: AccessSettings): (assertion: string) => Promise<Identity | undefined> {
  const keys = createRemoteJWKSet(new URL(`${issuer}/cdn-cgi/access/certs`), {
    cacheMaxAge: KEEP_KEYS_MS,
    cooldownDuration: ASK_AGAIN_MS,
    timeoutDuration: PATIENCE_MS,
  });
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
      if (typeof subject !== "string") return undefined;
      const until = (payload.exp ?? 0) * 1000;
      return { ...anonymous(`access:${subject}`), tenant: `access:${issuer}`, until };
    } catch (error) {
      if (error instanceof errors.JOSEError && !(error instanceof errors.JWKSTimeout)) return undefined;
      throw error;
    }
  };
}
