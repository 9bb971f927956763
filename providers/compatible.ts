// Any server that speaks the chat-completions API: Ollama, vLLM, llama.cpp, a gateway.
import OpenAI from "openai";
import { CompatibleEvents } from "./compatible-events.ts";
import { turnsFor } from "./conversation.ts";
import type { Answerer } from "./errors.ts";
import { offeredModels, SMALL_REQUEST_MS, textModels } from "./models.ts";
import {
  type Ask,
  type Beginning,
  type Ending,
  type ListedModel,
  type Piece,
  type Provider,
  ProviderError,
  traceHeaders,
} from "./provider.ts";
import { exchange } from "./read-events.ts";
import { fromSdk } from "./sdk-error.ts";
import { PATIENCE, type Patience } from "./stall-watch.ts";

export interface CompatibleOptions {
  /** Ends in `/v1` with most servers, as the SDK takes it. */
  baseUrl: string;
  /** Local servers want none. */
  key?: string | null;
  /** Offered instead of the server's own list when not empty. */
  models?: readonly string[];
  patience?: Partial<Patience>;
  fetch?: typeof fetch;
}

/** The SDK keeps only what stands under `error`; some servers answer with the error itself. */
class Client extends OpenAI {
  protected override makeStatusError(status: number, body: object, message: string | undefined, headers: Headers) {
    const inside = typeof body === "object" && body !== null && !("error" in body) ? { error: body } : body;
    return super.makeStatusError(status, inside, message, headers);
  }
}

export class CompatibleProvider implements Provider {
  readonly name = "compatible";
  readonly reattaches = false;
  readonly #key: string | null;
  readonly #models: readonly string[];
  readonly #patience: Patience;
  readonly #client: Client;

  constructor({ baseUrl, key = null, models = [], patience, fetch }: CompatibleOptions) {
    this.#key = key;
    this.#models = models;
    this.#patience = { ...PATIENCE, ...patience };
    this.#client = new Client({
      // The SDK insists on a key; without one the header it would go in is left out.
      apiKey: key || "none",
      ...(!key && { defaultHeaders: { authorization: null } }),
      baseURL: baseUrl,
      // Given as null, or the SDK looks for them in its own environment variables: they are OpenAI's business.
      adminAPIKey: null,
      organization: null,
      project: null,
      webhookSecret: null,
      maxRetries: 0,
      logLevel: "off",
      ...(fetch && { fetch }),
    });
  }

  async stream(ask: Ask, beginning: Beginning, onPiece: (piece: Piece) => void, signal: AbortSignal): Promise<Ending> {
    const who = this.#who(ask.model);
    return await exchange({
      who,
      decoder: new CompatibleEvents(who),
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
        const page = await this.#client.models.list({ signal, timeout: SMALL_REQUEST_MS });
        return textModels(page.data);
      } catch (error) {
        signal.throwIfAborted();
        const failure = fromSdk(error, this.#who(""));
        if (failure.status !== 404) throw failure;
        const message = "The compatible endpoint has no list of models. Set COMPATIBLE_MODELS.";
        throw new ProviderError("provider_bad_request", message, { status: 404, cause: error });
      }
    };
    return await offeredModels({ configured: this.#models, ask, builtIn: [] });
  }

  async #create(ask: Ask, beginning: Beginning, who: Answerer, signal: AbortSignal): Promise<Response> {
    const turns = turnsFor(ask, beginning, false).map(({ role, text }) => ({ role, content: text }));
    const body: OpenAI.ChatCompletionCreateParamsStreaming = {
      model: ask.model,
      messages: ask.system === null ? turns : [{ role: "system", content: ask.system }, ...turns],
      stream: true,
      stream_options: { include_usage: true },
      ...(ask.temperature !== null && { temperature: ask.temperature }),
      // The older name, which all of these servers know.
      ...(ask.maxOutputTokens !== null && { max_tokens: ask.maxOutputTokens }),
    };
    try {
      const timeout = this.#patience.firstByteMs * 2;
      const options = { signal, timeout, headers: traceHeaders(ask) };
      return await this.#client.chat.completions.create(body, options).asResponse();
    } catch (error) {
      throw fromSdk(error, who);
    }
  }

  #who(model: string): Answerer {
    const label = "The compatible endpoint";
    return { label, keySetting: "COMPATIBLE_API_KEY", urlSetting: "COMPATIBLE_BASE_URL", model, secret: this.#key };
  }
}
