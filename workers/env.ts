// The environment, parsed once. Every name is optional; what is missing switches its part off, and the API says why.
import { z } from "zod";
import { type ArchiveConfig, parseArchiveConfig } from "../archive/config.ts";
import { type CacheConfig, parseCacheConfig } from "../cache/config.ts";
import { type Tier, tierSchema } from "../protocol/records.ts";
import { type ProvidersConfig, parseProvidersConfig } from "../providers/config.ts";
import { type AuthSettings, authFields, authSettings } from "./auth/settings.ts";
import { logFields } from "./log.ts";
import { text } from "./setting.ts";

const address = text.pipe(
  z.url({ protocol: /^https?$/, error: "must be an address that begins with http:// or https://" }).optional(),
);

const SECONDS = "must be a number of seconds from 1 to 600";

const settingsSchema = z.object({
  ...authFields,
  ...logFields,
  /** What a request's body may take. A megabyte takes half a minute at 35 kB a second. */
  BODY_SECONDS: text
    .transform((value) => (value === undefined ? 30 : Number(value)))
    .pipe(z.number({ error: SECONDS }).min(1, SECONDS).max(600, SECONDS)),
  TEMPORAL_BRIDGE_URL: address,
  /** Of the bridge and the worker in this deployment's containers; each reads the rest of its settings itself. */
  TEMPORAL_ADDRESS: text,
  EDGE_URL: address,
  TEMPORAL_BRIDGE_TOKEN: text.pipe(z.string().min(16, "must have at least 16 characters").optional()),
  DEFAULT_TIER: text
    .pipe(z.enum(tierSchema.options, { error: `must be one of ${tierSchema.options.join(", ")}` }).optional())
    .transform((tier): Tier => tier ?? "mvp"),
});

export interface Settings extends z.infer<typeof settingsSchema>, AuthSettings {
  providers: ProvidersConfig;
  archive: ArchiveConfig;
  cache: CacheConfig;
}

/** Throws with the names that are wrong; a deployment with a wrong setting should not start half. */
export function parseEnv(env: object): Settings {
  const { data, error } = settingsSchema.safeParse(env);
  if (error) {
    const wrong = error.issues.map(({ path, message }) => `${String(path[0])} ${message}.`);
    throw new Error(`Settings that are not valid: ${wrong.join(" ")}`);
  }
  return {
    ...data,
    ...authSettings(data),
    providers: parseProvidersConfig(env),
    archive: parseArchiveConfig(env),
    cache: parseCacheConfig(env),
  };
}
