// Anthropic by the Messages API. A broken stream cannot be taken up again there; older models go on from a text that is
// put in their mouth, newer ones are asked to.
import { Anthropic } from "@anthropic-ai/sdk";
import { AnthropicEvents } from "./anthropic-events.ts";
import { turnsFor } from "./conversation.ts";
import type { Answerer } from "./errors.ts";
import { ANTHROPIC_MODELS, offeredModels, SMALL_REQUEST_MS } from "./models.ts";
import {
  type Ask,
  type Beginning,
  type Ending,
  type ListedModel,
  type Piece,
  type Provider,
  traceHeaders,
} from "./provider.ts";
import { exchange } from "./read-events.ts";
import { fromSdk } from "./sdk-error.ts";
import { PATIENCE, type Patience } from "./stall-watch.ts";

export interface AnthropicOptions {
  key: string;
  /** Without `/v1`, as the SDK takes it; Anthropic's own when absent. */
  baseUrl?: string | null;
  /** Offered instead of Anthropic's own list when not empty. */
  models?: readonly string[];
  /** Whether a model goes on from a last turn of its own; `takesPrefill` when absent. */
  prefill?: (model: string) => boolean;
  patience?: Partial<Patience>;
  fetch?: typeof fetch;
}

/** Anthropic must be told a limit; this one fits every model it serves. */
const DEFAULT_MAX_TOKENS = 8192;
/** Anthropic's scale ends here; the API's own goes on to 2. */
const MAX_TEMPERATURE = 1;

/** Whether a Claude model accepts a conversation that ends in the assistant's own words: those before 4.6 do. */
export function takesPrefill(model: string): boolean {
  const [, major, minor] = /^claude-(?:instant-)?(?:[a-z]+-)?(\d{1,2})(?:[.-](\d{1,2}))?(?!\d)/.exec(model) ?? [];
  if (major === undefined) return false;
  return Number(major) < 4 || (Number(major) === 4 && Number(minor ?? 0) < 6);
}

export class AnthropicProvider implements Provider {
  readonly name = "anthropic";
  readonly reattaches = false;
  readonly #key: string;
  readonly #models: readonly string[];
  readonly #prefill: (model: string) => boolean;
  readonly #patience: Patience;
  readonly #client: Anthropic;

  constructor({ key, baseUrl, models = [], prefill = takesPrefill, patience, fetch }: AnthropicOptions) {
    this.#key = key;
    this.#models = models;
    this.#prefill = prefill;
    this.#patience = { ...PATIENCE, ...patience };
    this.#client = new Anthropic({
      apiKey: key,
      baseURL: baseUrl || "https://api.anthropic.com",
      maxRetries: 0,
      logLevel: "off",
      openTelemetry: false,
      ...(fetch && { fetch }),
    });
  }

  /** A temperature above 1, the top of Anthropic's scale, is sent as 1. */
  async stream(ask: Ask, beginning: Beginning, onPiece: (piece: Piece) => void, signal: AbortSignal): Promise<Ending> {
    const who = this.#who(ask.model);
    return await exchange({
      who,
      decoder: new AnthropicEvents(who),
      request: (signal) => this.#create(ask, beginning, who, signal),
      onPiece,
      signal,
      patience: this.#patience,
    });
  }

  /** Closing the connection has stopped the answer already. */
  async cancel(): Promise<void> {}

  async models(signal: AbortSignal): Promise<ListedModel[]> {
    const ask = async () => {
      try {
        const page = await this.#client.models.list({ limit: 1000 }, { signal, timeout: SMALL_REQUEST_MS });
        return page.data.map(({ id, display_name }) => ({ id, name: display_name || id }));
      } catch (error) {
        signal.throwIfAborted();
        throw fromSdk(error, this.#who(""));
      }
    };
    return await offeredModels({ configured: this.#models, ask, builtIn: ANTHROPIC_MODELS });
  }

  async #create(ask: Ask, beginning: Beginning, who: Answerer, signal: AbortSignal): Promise<Response> {
    const body: Anthropic.MessageCreateParamsStreaming = {
      model: ask.model,
      messages: turnsFor(ask, beginning, this.#prefill(ask.model)).map(({ role, text }) => ({ role, content: text })),
      max_tokens: ask.maxOutputTokens ?? DEFAULT_MAX_TOKENS,
      stream: true,
      ...(ask.system !== null && { system: ask.system }),
      ...(ask.temperature !== null && { temperature: Math.min(ask.temperature, MAX_TEMPERATURE) }),
    };
    try {
      const timeout = this.#patience.firstByteMs * 2;
      return await this.#client.messages.create(body, { signal, timeout, headers: traceHeaders(ask) }).asResponse();
    } catch (error) {
      throw fromSdk(error, who);
    }
  }

  #who(model: string): Answerer {
    const label = "Anthropic";
    return { label, keySetting: "ANTHROPIC_API_KEY", urlSetting: "ANTHROPIC_BASE_URL", model, secret: this.#key };
  }
}
