// What a reply says of the cache in standard headers: `Cache-Status` (RFC 9211) and `Age`.
import type { CacheStatus } from "../protocol/records.ts";
import type { CacheMode } from "../protocol/requests.ts";

/** What is known of a kept answer that was given, seconds; of one given before, how long it is still kept is not. */
export interface Kept {
  age: number;
  ttl: number | null;
}

export function cacheHeaders(status: CacheStatus, mode: CacheMode, kept: Kept | null): Record<string, string> {
  if (status === "hit" && kept) {
    const ttl = kept.ttl === null ? "" : `; ttl=${kept.ttl}`;
    return { "cache-status": `Keepstream; hit${ttl}`, age: String(kept.age) };
  }
  return { "cache-status": `Keepstream; fwd=${forwarded(status, mode)}` };
}

function forwarded(status: CacheStatus, mode: CacheMode): string {
  if (status === "unavailable") return "miss; detail=unavailable";
  if (status === "off") return "bypass";
  return mode === "no-cache" ? "request" : "miss";
}
