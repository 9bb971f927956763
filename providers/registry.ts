// The providers of this deployment: which are on, why the others are not, and which is asked when nobody chose.
import { unset, type Why } from "../protocol/reasons.ts";
import { type ProviderName, providerNameSchema } from "../protocol/records.ts";
import { AnthropicProvider } from "./anthropic.ts";
import { CompatibleProvider } from "./compatible.ts";
import { type ProvidersConfig, parseProvidersConfig } from "./config.ts";
import { ANTHROPIC_MODELS, OPENAI_MODELS } from "./models.ts";
import { OpenAIProvider } from "./openai.ts";
import { costOf, type ModelPrices, pricesOf } from "./prices.ts";
import { type Provider, ProviderError, type Usage } from "./provider.ts";
import { PATIENCE } from "./stall-watch.ts";

interface ProviderStanding {
  provider: ProviderName;
  available: boolean;
  /** What to do to have it, when it is off. */
  reason: string | null;
  why: Why | null;
  /** Served by the scripted model, which is not an LLM. */
  scripted: boolean;
}

interface DefaultChoice {
  provider: ProviderName;
  /** `null`: the first of the provider's own list. */
  model: string | null;
}

export interface Providers {
  /** Every provider, in the order they are offered. */
  readonly standings: readonly ProviderStanding[];
  /** `null` when nothing is on, or `DEFAULT_PROVIDER` names one that is off. */
  readonly default: DefaultChoice | null;
  /** A provider that is off rejects whatever it is asked, with `provider_auth` and what to do. */
  get(name: ProviderName): Provider;
  /** US dollars; `null` when not known. What a scripted model says is free. */
  costOf(name: ProviderName, model: string, usage: Usage): number | null;
  /** US dollars a million tokens; `null` when not known. */
  pricesOf(name: ProviderName, model: string): ModelPrices | null;
}

const NAMES = providerNameSchema.options;
const FIRST_MODELS: Record<ProviderName, string | null> = {
  openai: OPENAI_MODELS[0],
  anthropic: ANTHROPIC_MODELS[0],
  compatible: null,
};

/** Builds nothing until it is needed: an object that only serves readers pays for no SDK. */
export function createProviders(config: ProvidersConfig): Providers {
  const standings = NAMES.map((provider) => standingOf(config, provider));
  const built = new Map<ProviderName, Provider>();
  return {
    standings,
    default: defaultOf(config, standings),
    get(name) {
      const provider = built.get(name) ?? build(config, name);
      built.set(name, provider);
      return provider;
    },
    costOf: (name, model, usage) => (config[name].scripted ? 0 : costOf(name, model, usage, config[name].baseUrl)),
    pricesOf: (name, model) =>
      config[name].scripted ? { input: 0, output: 0 } : pricesOf(name, model, config[name].baseUrl),
  };
}

const shared = new WeakMap<object, Providers>();

/**
 * The providers of an environment, for the many objects of an isolate that all have the same one: its settings are read,
 * and a provider is built, once. Throws as `parseProvidersConfig` does.
 */
export function providersOf(environment: object): Providers {
  const providers = shared.get(environment) ?? createProviders(parseProvidersConfig(environment));
  shared.set(environment, providers);
  return providers;
}

function standingOf(config: ProvidersConfig, provider: ProviderName): ProviderStanding {
  const { key, baseUrl, scripted } = config[provider];
  const available = provider === "compatible" ? baseUrl !== null : key !== null;
  const missing = provider === "compatible" ? "COMPATIBLE_BASE_URL" : `${provider.toUpperCase()}_API_KEY`;
  const off = available ? null : unset([missing]);
  return { provider, available, reason: off?.text ?? null, why: off?.why ?? null, scripted };
}

/** The configured one, else the first real one that is on, else the first scripted one. */
function defaultOf(config: ProvidersConfig, standings: readonly ProviderStanding[]): DefaultChoice | null {
  const on = standings.filter(({ available }) => available);
  const chosen = config.defaultProvider
    ? on.find(({ provider }) => provider === config.defaultProvider)
    : (on.find(({ scripted }) => !scripted) ?? on[0]);
  if (!chosen) return null;
  const { models, scripted } = config[chosen.provider];
  const first = scripted ? null : FIRST_MODELS[chosen.provider];
  return { provider: chosen.provider, model: config.defaultModel ?? models[0] ?? first };
}

function build(config: ProvidersConfig, name: ProviderName): Provider {
  const { key, baseUrl, models } = config[name];
  const patience = config.stallMs === null ? PATIENCE : { stallMs: config.stallMs, firstByteMs: 2 * config.stallMs };
  if (name === "compatible" && baseUrl) return new CompatibleProvider({ baseUrl, key, models, patience });
  if (name === "anthropic" && key) return new AnthropicProvider({ key, baseUrl, models, patience });
  if (name === "openai" && key) {
    return new OpenAIProvider({ key, baseUrl, models, patience, background: config.openai.background });
  }
  return offProvider(name, standingOf(config, name).reason ?? "");
}

/** Stands in for a provider that is off, so that a run begun while it was on still ends with a reason. */
function offProvider(name: ProviderName, reason: string): Provider {
  const refuse = async () => {
    throw new ProviderError("provider_auth", `This deployment has no ${name} provider. ${reason}`);
  };
  return { name, reattaches: false, stream: refuse, cancel: async () => {}, models: refuse };
}
