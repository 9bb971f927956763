// Who is asking, as a value: decided once at the door, and all that anything behind it knows of a caller.

/** What a token may do: `read` what is theirs, `ask` for answers and stop them, `manage` (rename, share, delete). */
export const SCOPES = ["read", "ask", "manage"] as const;
export type Scope = (typeof SCOPES)[number];

export interface Identity {
  /** Whose chats these are. Names a person's object. */
  person: string;
  /** Who may share answers and statistics with this person. */
  tenant: string;
  scopes: readonly Scope[];
  /** May see and change what is the deployment's own. */
  admin: boolean;
}

/** The tenant of everybody without a token of their own. */
export const OPEN_TENANT = "open";

export function anonymous(person: string): Identity {
  return { person, tenant: OPEN_TENANT, scopes: SCOPES, admin: false };
}
