// The cache's settings, read once from the environment. A setting that is wrong is named, with what it should be.
import { z } from "zod";
import { MAX_CACHE_TTL_SECONDS } from "../protocol/limits.ts";

export interface CacheConfig {
  /** Null while either of them is not set: then there is no cache. */
  redis: { url: string; token: string } | null;
  /** How long an answer is kept whose ask does not say, seconds. */
  ttl: number;
  /** What an ask waits for the cache at most, ms: all that a cache that is down or slow may delay a chat. */
  lookUpMs: number;
}

const DEFAULT_TTL_SECONDS = 3_600;
const DEFAULT_LOOK_UP_MS = 200;
const MAX_LOOK_UP_MS = 10_000;

/** Blank is the same as not set. */
const text = z
  .string({ error: "must be text" })
  .trim()
  .nullish()
  .transform((value) => value || null);
const milliseconds = `must be a whole number of milliseconds from 1 to ${MAX_LOOK_UP_MS}`;
const seconds = `must be a whole number of seconds from 1 to ${MAX_CACHE_TTL_SECONDS}`;

const environmentSchema = z.object({
  UPSTASH_REDIS_REST_URL: text.refine((value) => value === null || /^https?:$/.test(URL.parse(value)?.protocol ?? ""), {
    error: "must be an address that begins with http:// or https://",
  }),
  UPSTASH_REDIS_REST_TOKEN: text,
  CACHE_TTL_SECONDS: text
    .transform((value) => (value === null ? DEFAULT_TTL_SECONDS : Number(value)))
    .pipe(z.number({ error: seconds }).int(seconds).min(1, seconds).max(MAX_CACHE_TTL_SECONDS, seconds)),
  CACHE_LOOK_UP_MS: text
    .transform((value) => (value === null ? DEFAULT_LOOK_UP_MS : Number(value)))
    .pipe(z.number({ error: milliseconds }).int(milliseconds).min(1, milliseconds).max(MAX_LOOK_UP_MS, milliseconds)),
});

/** Reads the settings out of an environment; what else is in it is left alone. Throws an error that names each wrong one. */
export function parseCacheConfig(environment: object): CacheConfig {
  const { data, error } = environmentSchema.safeParse(environment);
  if (error) {
    const wrong = error.issues.map(({ path, message }) => `${String(path[0])} ${message}.`);
    throw new Error(`Settings that are not valid: ${wrong.join(" ")}`);
  }
  const { UPSTASH_REDIS_REST_URL: url, UPSTASH_REDIS_REST_TOKEN: token } = data;
  const { CACHE_TTL_SECONDS: ttl, CACHE_LOOK_UP_MS: lookUpMs } = data;
  return { redis: url && token ? { url, token } : null, ttl, lookUpMs };
}

const parsed = new WeakMap<object, CacheConfig>();

/** The same, parsed once an environment: each object of an isolate asks. */
export function cacheConfigOf(environment: object): CacheConfig {
  const config = parsed.get(environment) ?? parseCacheConfig(environment);
  parsed.set(environment, config);
  return config;
}
