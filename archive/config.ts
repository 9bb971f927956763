// The archive's settings, read once from the environment. A setting that is wrong is named, with what it should be.
import { z } from "zod";
import { Archive } from "./archive.ts";
import { connector } from "./database.ts";

export interface ArchiveConfig {
  /** Null without DATABASE_URL: then there is no archive. */
  database: { url: string; endpoint: string | undefined } | null;
  /** How long a chat lies idle until its object gives up its storage; null for ever. */
  evictAfterMs: number | null;
}

const DAY_MS = 24 * 3_600_000;

/** Blank is the same as not set. */
const text = z
  .string({ error: "must be text" })
  .trim()
  .optional()
  .transform((value) => value || undefined);
const days = "must be a number of days, more than 0";

const environmentSchema = z.object({
  DATABASE_URL: text.pipe(
    z
      .url({
        protocol: /^postgres(ql)?$/,
        error: "must be an address that begins with postgresql://, with user and password",
      })
      .optional(),
  ),
  NEON_FETCH_ENDPOINT: text.pipe(
    z.url({ protocol: /^https?$/, error: "must be an address that begins with http:// or https://" }).optional(),
  ),
  EVICT_AFTER_DAYS: text
    .transform((value) => (value === undefined ? null : Number(value)))
    .pipe(z.number({ error: days }).positive(days).nullable()),
});

/** Reads the settings out of an environment. Throws an error that names each wrong one. */
export function parseArchiveConfig(environment: object): ArchiveConfig {
  const { data, error } = environmentSchema.safeParse(environment);
  if (error) {
    const wrong = error.issues.map(({ path, message }) => `${String(path[0])} ${message}.`);
    throw new Error(`Settings that are not valid: ${wrong.join(" ")}`);
  }
  const { DATABASE_URL: url, NEON_FETCH_ENDPOINT: endpoint, EVICT_AFTER_DAYS: evictAfterDays } = data;
  const database = url === undefined ? null : { url, endpoint };
  return { database, evictAfterMs: database && evictAfterDays !== null ? evictAfterDays * DAY_MS : null };
}

const opened = new WeakMap<object, { archive: Archive | null; config: ArchiveConfig }>();

/** The archive of an environment, opened once an isolate. */
export function archiveOf(environment: object): { archive: Archive | null; config: ArchiveConfig } {
  let known = opened.get(environment);
  if (!known) {
    const config = parseArchiveConfig(environment);
    const { database } = config;
    known = { config, archive: database && new Archive(connector(database.url, database.endpoint)) };
    opened.set(environment, known);
  }
  return known;
}
