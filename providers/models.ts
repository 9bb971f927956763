// The models a provider offers: the configured list, else the provider's own, else a built-in one.
import { type ListedModel, ProviderError } from "./provider.ts";

/** How long a request for a list, or to cancel, may take, milliseconds. */
export const SMALL_REQUEST_MS = 10_000;

export interface Offer {
  configured: readonly string[];
  /** Asks the provider. Rejects with a `ProviderError`. */
  ask(): Promise<ListedModel[]>;
  /** Offered when the provider has no list for us; empty where nobody can know. */
  builtIn: readonly string[];
}

const named = (ids: readonly string[]): ListedModel[] => ids.map((id) => ({ id, name: id }));

export async function offeredModels({ configured, ask, builtIn }: Offer): Promise<ListedModel[]> {
  if (configured.length > 0) return named(configured);
  try {
    return await ask();
  } catch (error) {
    // A key that is wrong is worth hearing of; one that may only not list (403) still answers.
    const wrongKey = error instanceof ProviderError && error.code === "provider_auth" && error.status !== 403;
    if (builtIn.length === 0 || wrongKey || !(error instanceof ProviderError)) throw error;
    return named(builtIn);
  }
}

/** Shown until OpenAI has been asked. */
export const OPENAI_MODELS = ["gpt-6-sol", "gpt-6-luna", "gpt-5.4-mini", "gpt-5-mini", "gpt-4.1-mini"] as const;
/** Shown until Anthropic has been asked. */
export const ANTHROPIC_MODELS = ["claude-sonnet-5-5", "claude-opus-5-5", "claude-haiku-5-5"] as const;

const NOT_FOR_TEXT =
  /embed|whisper|tts|speech|transcri|audio|realtime|image|dall-e|sora|video|moderation|rerank|guard|computer-use|deep-research|turbo-instruct|^(babbage|davinci|text-)/i;
const DATED = /-(\d{4}-\d{2}-\d{2}|\d{4})$/;

/**
 * A provider's list, newest first, without what does not answer in text and without the dated copies of models that are
 * listed by their plain name too. Names are all there is to judge by: where that leaves nothing, everything is offered.
 */
export function textModels(models: readonly { id: string; created?: number }[]): ListedModel[] {
  const judged = models.filter(({ id }) => !NOT_FOR_TEXT.test(id));
  const text = judged.length > 0 ? judged : models;
  const ids = new Set(text.map(({ id }) => id));
  const current = text.filter(({ id }) => !DATED.test(id) || !ids.has(id.replace(DATED, "")));
  return named(current.toSorted((a, b) => (b.created ?? 0) - (a.created ?? 0)).map(({ id }) => id));
}
