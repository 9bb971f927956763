// The providers' settings, read once from the environment. A setting that is wrong is named, with what it should be.
import { z } from "zod";
import { type ProviderName, providerNameSchema } from "../protocol/records.ts";

interface ProviderSettings {
  /** `null` when not set; then the provider is off, but for a compatible endpoint that wants none. */
  key: string | null;
  /** `null` for the provider's own address. */
  baseUrl: string | null;
  /** Offered instead of the provider's own list when not empty. */
  models: string[];
  /** Served by the scripted model, which is not an LLM. */
  scripted: boolean;
}

export interface ProvidersConfig {
  openai: ProviderSettings & { background: boolean };
  anthropic: ProviderSettings;
  compatible: ProviderSettings;
  defaultProvider: ProviderName | null;
  defaultModel: string | null;
  /** Silence in an answer after which it is given up, milliseconds; twice that before its first text. `null`: the default. */
  stallMs: number | null;
}

const MIN_STALL_MS = 1_000;
const MAX_STALL_MS = 900_000;

/** Blank is the same as not set. */
const text = z
  .string({ error: "must be text" })
  .trim()
  .nullish()
  .transform((value) => value || null);
const list = text.transform((value) => (value ?? "").split(",").flatMap((item) => item.trim() || []));
const address = text.refine((value) => value === null || /^https?:$/.test(URL.parse(value)?.protocol ?? ""), {
  error: "must be an address that begins with http:// or https://",
});
const names = providerNameSchema.options.join(", ");
const provider = z.enum(providerNameSchema.options, { error: `must be one of ${names}` });
const stall = `must be a whole number of milliseconds from ${MIN_STALL_MS} to ${MAX_STALL_MS}`;

const environmentSchema = z.object({
  OPENAI_API_KEY: text,
  OPENAI_BASE_URL: address,
  OPENAI_MODELS: list,
  OPENAI_BACKGROUND: text.pipe(z.enum(["on", "off"], { error: "must be on or off" }).nullable()),
  ANTHROPIC_API_KEY: text,
  ANTHROPIC_BASE_URL: address,
  ANTHROPIC_MODELS: list,
  COMPATIBLE_API_KEY: text,
  COMPATIBLE_BASE_URL: address,
  COMPATIBLE_MODELS: list,
  SCRIPTED_PROVIDERS: list.pipe(z.array(provider)),
  DEFAULT_PROVIDER: text.pipe(provider.nullable()),
  DEFAULT_MODEL: text,
  PROVIDER_STALL_MS: text
    .transform((value) => (value === null ? null : Number(value)))
    .pipe(z.number({ error: stall }).int(stall).min(MIN_STALL_MS, stall).max(MAX_STALL_MS, stall).nullable()),
});

/** Reads the settings out of an environment; what else is in it is left alone. Throws an error that names each wrong one. */
export function parseProvidersConfig(environment: object): ProvidersConfig {
  const parsed = environmentSchema.safeParse(environment);
  if (!parsed.success) throw new Error(wrongSettings(parsed.error.issues, environment));
  const env = parsed.data;
  const scripted = (name: ProviderName) => env.SCRIPTED_PROVIDERS.includes(name);
  return {
    openai: {
      key: env.OPENAI_API_KEY,
      baseUrl: env.OPENAI_BASE_URL,
      models: env.OPENAI_MODELS,
      scripted: scripted("openai"),
      background: env.OPENAI_BACKGROUND !== "off",
    },
    anthropic: {
      key: env.ANTHROPIC_API_KEY,
      baseUrl: env.ANTHROPIC_BASE_URL,
      models: env.ANTHROPIC_MODELS,
      scripted: scripted("anthropic"),
    },
    compatible: {
      key: env.COMPATIBLE_API_KEY,
      baseUrl: env.COMPATIBLE_BASE_URL,
      models: env.COMPATIBLE_MODELS,
      scripted: scripted("compatible"),
    },
    defaultProvider: env.DEFAULT_PROVIDER,
    defaultModel: env.DEFAULT_MODEL,
    stallMs: env.PROVIDER_STALL_MS,
  };
}

function wrongSettings(issues: readonly z.core.$ZodIssue[], environment: object): string {
  const wrong = issues.map(({ path, message }) => {
    const name = String(path[0]);
    const value = (environment as Record<string, unknown>)[name];
    return `${name} ${message}; it is ${name.endsWith("_KEY") ? "something else" : JSON.stringify(value)}.`;
  });
  return `Settings that are not valid: ${wrong.join(" ")}`;
}
