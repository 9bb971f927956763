// The keys that an organisation's assertions are signed with: fetched when one is first needed, kept, fetched again after a
// while and when a key turns up that is not among them. While fresh ones can't be had the last good set stands; only who
// can't be told from it hears that they are away, which is nobody's own fault.
import { createLocalJWKSet, errors, type JWTVerifyGetKey } from "jose";

/** Access rotates its keys every six weeks, and keeps the old one valid for a week. */
const KEEP_MS = 10 * 60_000;
/** Made-up key ids can't make us ask more often. */
const ASK_AGAIN_MS = 30_000;
/** Nor can an organisation that does not answer. */
export const TRY_AGAIN_MS = 5_000;
const PATIENCE_MS = 5_000;

/** Whether an assertion is good can't be told at the moment. */
export class KeysAway extends Error {}

export function createAccessKeys(address: string, now: () => number): JWTVerifyGetKey {
  let held: JWTVerifyGetKey | undefined;
  let fetchedAt = Number.NEGATIVE_INFINITY;
  let triedAt = Number.NEGATIVE_INFINITY;
  /** Why the last attempt failed; null when it did not. */
  let away: string | null = null;

  async function fetchKeys(): Promise<void> {
    triedAt = now();
    try {
      // Whoever redirects here would answer for the organisation.
      const reply = await fetch(address, { redirect: "manual", signal: AbortSignal.timeout(PATIENCE_MS) });
      if (reply.status !== 200) {
        await reply.body?.cancel();
        throw new Error(`${address} answered ${reply.status}`);
      }
      held = createLocalJWKSet(await reply.json());
      fetchedAt = now();
      away = null;
    } catch (error) {
      away = String(error);
    }
  }

  return async (header, token) => {
    const maySince = (ms: number) => now() - triedAt >= (away === null ? ms : TRY_AGAIN_MS);
    // Without any, each waits for its own attempt: one request's can't be waited for by another.
    if (!held || (now() - fetchedAt >= KEEP_MS && maySince(0))) await fetchKeys();
    if (!held) throw new KeysAway(away ?? "");
    try {
      return await held(header, token);
    } catch (error) {
      if (!(error instanceof errors.JWKSNoMatchingKey)) throw error;
      if (maySince(ASK_AGAIN_MS)) await fetchKeys();
      // It may be signed with a key that is newer than ours.
      if (away !== null) throw new KeysAway(away);
      return held(header, token);
    }
  };
}
