// The environment, parsed once. Every name is optional; what is missing switches its part off, and the API says why.
import { z } from "zod";
import { tierSchema } from "../protocol/records.ts";
import { type ProvidersConfig, parseProvidersConfig } from "../providers/config.ts";

const settingsSchema = z.object({
  SESSION_SECRET: z.string().min(16).optional(),
  API_TOKENS: z
    .string()
    .default("")
    .transform((list) =>
      list
        .split(",")
        .map((token) => token.trim())
        .filter(Boolean),
    ),
  DEFAULT_TIER: tierSchema.default("mvp"),
});

export interface Settings extends z.infer<typeof settingsSchema> {
  providers: ProvidersConfig;
}

/** Throws with the names that are wrong; a deployment with a wrong setting should not start half. */
export function parseEnv(env: object): Settings {
  return { ...settingsSchema.parse(env), providers: parseProvidersConfig(env) };
}
