// A deployment that is open to anybody does not spend the money of its keys on strangers, unless it was told to.
import type { Services } from "../services.ts";
import { type Identity, OPEN_TENANT } from "./identity.ts";
import { isLocal } from "./local.ts";

/** Why this caller may ask for nothing here; null when they may. */
export function closedToStrangers({ settings, providers }: Services, identity: Identity, url: string): string | null {
  if (identity.tenant !== OPEN_TENANT || settings.ALLOW_OPEN || isLocal(url)) return null;
  if (!providers.standings.some(({ available, scripted }) => available && !scripted)) return null;
  return (
    "This deployment has keys and is open to anybody, so it answers nobody it does not know. Set AUTH_MODE=token or " +
    "access; or ALLOW_OPEN=yes, and anybody may spend what the keys can."
  );
}
