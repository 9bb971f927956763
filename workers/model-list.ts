// What this deployment's models are, asked of the providers and remembered for a minute; and which one an ask gets.
import { because, type Reason } from "../protocol/reasons.ts";
import type { ProviderName } from "../protocol/records.ts";
import type { Model, ModelsReply } from "../protocol/requests.ts";
import { type ListedModel, ProviderError } from "../providers/provider.ts";
import type { Providers } from "../providers/registry.ts";
import { refuse } from "./problem.ts";

const KEEP_MS = 60_000;
const PATIENCE_MS = 4_000;

type Listed = { models: ListedModel[] } | { reason: Reason };

export interface ModelList {
  all(): Promise<ModelsReply>;
  /** The provider and the model of an ask, defaults filled in; refuses what this deployment does not have. */
  choose(
    provider: ProviderName | undefined,
    model: string | undefined,
  ): Promise<{ provider: ProviderName; model: string }>;
}

export function createModelList(providers: Providers, now: () => number): ModelList {
  const kept = new Map<ProviderName, { listed: Listed; until: number }>();

  // Values are kept, not promises: a promise belongs to the request that made it, and never settles when that is cancelled.
  async function list(name: ProviderName): Promise<Listed> {
    const known = kept.get(name);
    if (known && known.until > now()) return known.listed;
    // Whoever finds it old asks again; the others take the old one meanwhile.
    if (known) known.until = now() + PATIENCE_MS;
    const listed = await ask(name);
    // What failed is asked again the next time.
    if ("reason" in listed) kept.delete(name);
    else kept.set(name, { listed, until: now() + KEEP_MS });
    return listed;
  }

  async function ask(name: ProviderName): Promise<Listed> {
    try {
      return { models: await providers.get(name).models(AbortSignal.timeout(PATIENCE_MS)) };
    } catch (error) {
      if (error instanceof ProviderError) return { reason: because(error.message, error.code) };
      return { reason: because(`It did not answer within ${PATIENCE_MS / 1000} s.`, "provider_unreachable") };
    }
  }

  /** A configured default is offered even where the provider does not list it. */
  function withDefault(name: ProviderName, models: ListedModel[]): ListedModel[] {
    const id = providers.default?.provider === name ? providers.default.model : null;
    return id === null || models.some((model) => model.id === id) ? models : [{ id, name: id }, ...models];
  }

  async function defaultOf(name: ProviderName): Promise<string> {
    if (providers.default?.provider === name && providers.default.model) return providers.default.model;
    const listed = await list(name);
    if ("reason" in listed) refuse("unknown_model", `${name} has no default model: ${listed.reason.text}`);
    return listed.models[0]?.id ?? refuse("unknown_model", `${name} lists no model; name one.`);
  }

  return {
    async all() {
      const chosen = providers.default;
      const entries = await Promise.all(
        providers.standings.map(async (standing) => {
          if (!standing.available) return { standing, models: [] };
          const listed = await list(standing.provider);
          if ("reason" in listed) {
            const { text, why } = listed.reason;
            return { standing: { ...standing, available: false, reason: text, why }, models: [] };
          }
          const { provider, scripted } = standing;
          const models = withDefault(provider, listed.models).map(({ id, name }): Model => {
            const { input: inputPrice = null, output: outputPrice = null } = providers.pricesOf(provider, id) ?? {};
            const isDefault = chosen?.provider === provider && id === (chosen.model ?? listed.models[0]?.id);
            return { provider, id, name, scripted, inputPrice, outputPrice, default: isDefault };
          });
          return { standing, models };
        }),
      );
      return { models: entries.flatMap(({ models }) => models), providers: entries.map(({ standing }) => standing) };
    },

    async choose(provider, model) {
      const name = provider ?? providers.default?.provider;
      if (!name) refuse("unknown_model", "No provider is set up here. GET /api/models tells what each one needs.");
      const standing = providers.standings.find((each) => each.provider === name);
      if (!standing?.available) refuse("unknown_model", `${name} is off here. ${standing?.reason ?? ""}`.trim());
      return { provider: name, model: model ?? (await defaultOf(name)) };
    },
  };
}
