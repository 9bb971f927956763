// Who may come in, by the deployment's mode:
// - `open`: anybody; whoever brings nothing is somebody new.
// - `token`: who holds a token, of `API_TOKENS` or made by the admin.
// - `access`: whom Cloudflare Access let through; and who holds a token.
// The admin's token opens every mode.

import { isSecret } from "../../protocol/digest.ts";
import { ok, type Result } from "../../protocol/problems.ts";
import type { Settings } from "../env.ts";
import { createAccess } from "./access.ts";
import { createApiTokens } from "./api-tokens.ts";
import { anonymous, type Identity, ownTenant } from "./identity.ts";
import type { MadeTokens } from "./made-tokens.ts";
import { verifySession } from "./session.ts";

export interface Door {
  /**
   * Whose secret this is; undefined when it is nobody's here. The same one may come as a bearer token or in the cookie.
   * `stranger` is called, and may refuse, before anybody is asked about one of whom nothing is known here.
   */
  secret(presented: string, stranger: () => Promise<void>): Promise<Identity | undefined>;
  /**
   * Whom an assertion of Cloudflare Access is about; undefined when it is not a good one, or Access is not what guards this
   * deployment. A failure while that can't be told.
   */
  assertion(presented: string): Promise<Result<Identity | undefined>>;
}

export function createDoor(settings: Settings, made: MadeTokens, sessionSecret: () => Promise<string>): Door {
  const { AUTH_MODE: mode, ADMIN_TOKEN: adminToken } = settings;
  const configured = createApiTokens(settings.API_TOKENS);
  const access = mode === "access" && settings.access ? createAccess(settings.access, Date.now) : undefined;
  const isAdmin = async (presented: string) => adminToken !== undefined && (await isSecret(presented, adminToken));

  return {
    async secret(presented, stranger) {
      if (await isAdmin(presented)) return { ...ownTenant("admin"), admin: true };
      const known = (await configured(presented)) ?? (await made.find(presented, stranger));
      if (known || mode !== "open") return known;
      const session = await verifySession(await sessionSecret(), presented);
      return session && anonymous(session.person);
    },
    assertion: async (presented) => (access ? access(presented) : ok(undefined)),
  };
}
