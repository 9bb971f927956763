// Who is asking, as a value: decided once at the door, and all that anything behind it knows of a caller.
import { type OwnLimits, SCOPES, type Scope } from "../../protocol/access.ts";

export interface Identity {
  /** Whose chats these are. Names a person's object. */
  person: string;
  /** Who may share answers and statistics with this person. */
  tenant: string;
  scopes: readonly Scope[];
  /** May see and change what is the deployment's own. */
  admin: boolean;
  /** Limits of its own; those of the deployment where there are none. */
  limits: OwnLimits;
  /** When what let them in expires, Unix ms; null when it does not. */
  until: number | null;
  /** The id of the token that an admin made, by which they came; null for everybody else. */
  token: string | null;
}

/** The tenant of everybody without a token of their own. */
export const OPEN_TENANT = "open";

export function anonymous(person: string): Identity {
  return { person, tenant: OPEN_TENANT, scopes: SCOPES, admin: false, limits: {}, until: null, token: null };
}

/** Somebody who is alone in their tenant. */
export function ownTenant(person: string): Identity {
  return { ...anonymous(person), tenant: person };
}
