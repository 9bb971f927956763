// OpenAI by the Responses API. In background mode the answer goes on at OpenAI when our connection breaks, and its stream
// can be taken up again from just after the last event we have.
import OpenAI from "openai";
import { runInBackground } from "./background.ts";
import { turnsFor } from "./conversation.ts";
import { type Answerer, stalled } from "./errors.ts";
import { OPENAI_MODELS, offeredModels, SMALL_REQUEST_MS, textModels } from "./models.ts";
import { OpenAIEvents, wholeOf } from "./openai-events.ts";
import { pause } from "./pause.ts";
import {
  type Ask,
  type Beginning,
  type Bookmark,
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

export interface OpenAIOptions {
  key: string;
  /** Ends in `/v1`, as the SDK takes it; OpenAI's own when absent. */
  baseUrl?: string | null;
  /** Offered instead of OpenAI's own list when not empty. */
  models?: readonly string[];
  /** Answers outlive our connection; OpenAI stores them for that. On when absent. */
  background?: boolean;
  patience?: Partial<Patience>;
  fetch?: typeof fetch;
}

type Reattach = Extract<Beginning, { kind: "reattach" }>;

/** How often it is asked whether an answer that can't be streamed any more is whole, and for how long, ms. */
const ASK_AGAIN_MS = 2_000;
const WHOLE_WITHIN_MS = 3_600_000;
/** Times that the question may fail in a row. */
const QUESTIONS_LOST = 5;
const timers = { after: (ms: number, callback: () => void) => void setTimeout(callback, ms) };

/** The answer's stream can no longer be joined; the answer may still be there. */
class StreamOver extends Error {
  constructor(cause: unknown) {
    super("The stream is over", { cause });
  }
}

function gone(cause?: ProviderError): ProviderError {
  const message = "OpenAI no longer has this answer, so it cannot be taken up again.";
  return new ProviderError("provider_stream_cut", message, { status: cause?.status ?? null, final: true, cause });
}

export class OpenAIProvider implements Provider {
  readonly name = "openai";
  readonly reattaches: boolean;
  readonly #key: string;
  readonly #models: readonly string[];
  readonly #patience: Patience;
  readonly #client: OpenAI;

  constructor({ key, baseUrl, models = [], background = true, patience, fetch }: OpenAIOptions) {
    this.reattaches = background;
    this.#key = key;
    this.#models = models;
    this.#patience = { ...PATIENCE, ...patience };
    this.#client = new OpenAI({
      apiKey: key,
      baseURL: baseUrl || "https://api.openai.com/v1",
      // Given as null, or the SDK looks for them in its own environment variables.
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
    if (beginning.kind === "reattach") return await this.#goOn(ask, beginning, who, onPiece, signal);
    const run = (onPiece: (piece: Piece) => void, signal: AbortSignal) =>
      exchange({
        who,
        decoder: new OpenAIEvents(who),
        request: (signal) => this.#create(ask, beginning, who, signal),
        onPiece,
        signal,
        patience: this.#patience,
      });
    if (!this.reattaches) return await run(onPiece, signal);
    return await runInBackground(run, (bookmark) => this.cancel(bookmark), onPiece, signal);
  }

  async cancel({ responseId }: Bookmark): Promise<void> {
    try {
      await this.#client.responses.cancel(responseId, { timeout: SMALL_REQUEST_MS });
    } catch (error) {
      const failure = fromSdk(error, this.#who(""));
      // It has ended already, or is gone: there is nothing left to stop.
      if (failure.status !== 400 && failure.status !== 404 && failure.status !== 409) throw failure;
    }
  }

  async models(signal: AbortSignal): Promise<ListedModel[]> {
    const ask = async () => {
      try {
        const page = await this.#client.models.list({ signal, timeout: SMALL_REQUEST_MS });
        return textModels(page.data);
      } catch (error) {
        signal.throwIfAborted();
        throw fromSdk(error, this.#who(""));
      }
    };
    return await offeredModels({ configured: this.#models, ask, builtIn: OPENAI_MODELS });
  }

  async #create(ask: Ask, beginning: Beginning, who: Answerer, signal: AbortSignal): Promise<Response> {
    const body: OpenAI.Responses.ResponseCreateParamsStreaming = {
      model: ask.model,
      input: turnsFor(ask, beginning, false).map(({ role, text }) => ({ role, content: text })),
      stream: true,
      // Padding against who can measure the sizes of our packets; it doubles what a token costs to read.
      stream_options: { include_obfuscation: false },
      store: this.reattaches,
      ...(this.reattaches && { background: true }),
      ...(ask.system !== null && { instructions: ask.system }),
      ...(ask.temperature !== null && { temperature: ask.temperature }),
      ...(ask.maxOutputTokens !== null && { max_output_tokens: ask.maxOutputTokens }),
    };
    try {
      return await this.#client.responses.create(body, this.#request(signal, ask)).asResponse();
    } catch (error) {
      const failure = fromSdk(error, who);
      const { code, status, message } = failure;
      // An organisation that may not store answers, or a server that is not OpenAI.
      const unstored = code === "provider_bad_request" && /\b(background|store)\b/i.test(message);
      if (!this.reattaches || !unstored) throw failure;
      throw new ProviderError(code, `${message} Set OPENAI_BACKGROUND=off.`, { status, cause: error });
    }
  }

  /** An answer can be streamed for a few minutes after it was begun, and be had in one piece for days after that. */
  async #goOn(
    ask: Ask,
    from: Reattach,
    who: Answerer,
    onPiece: (piece: Piece) => void,
    signal: AbortSignal,
  ): Promise<Ending> {
    try {
      return await exchange({
        who,
        decoder: new OpenAIEvents(who, from.bookmark.responseId),
        request: (signal) => this.#reattach(ask, from.bookmark, who, signal),
        onPiece,
        signal,
        patience: this.#patience,
      });
    } catch (error) {
      if (!(error instanceof StreamOver)) throw error;
    }
    return await this.#rest(ask, from, who, onPiece, signal);
  }

  async #reattach(ask: Ask, bookmark: Bookmark, who: Answerer, signal: AbortSignal): Promise<Response> {
    const { responseId, sequenceNumber } = bookmark;
    try {
      const query = { stream: true, starting_after: sequenceNumber, include_obfuscation: false } as const;
      return await this.#client.responses.retrieve(responseId, query, this.#request(signal, ask)).asResponse();
    } catch (error) {
      const failure = fromSdk(error, who);
      if (failure.status === 400) throw new StreamOver(failure);
      throw failure.status === 404 ? gone(failure) : failure;
    }
  }

  /** What is missing of an answer, once it is whole. */
  async #rest(
    ask: Ask,
    from: Reattach,
    who: Answerer,
    onPiece: (piece: Piece) => void,
    signal: AbortSignal,
  ): Promise<Ending> {
    let lost = 0;
    for (let waited = 0; waited < WHOLE_WITHIN_MS; waited += ASK_AGAIN_MS) {
      const response = await this.#whole(ask, from.bookmark, who, signal);
      if (response instanceof ProviderError) {
        if (response.final || ++lost === QUESTIONS_LOST) throw response;
      } else if (response.status !== "in_progress" && response.status !== "queued") {
        const { text, ending } = wholeOf(response, who);
        // Another text than the one that is promised can't be gone on with.
        if (!text.startsWith(from.text)) throw gone();
        if (text !== from.text) onPiece({ text: text.slice(from.text.length), bookmark: null });
        return ending;
      } else lost = 0;
      await pause(timers, ASK_AGAIN_MS, signal);
      signal.throwIfAborted();
    }
    throw stalled(who, WHOLE_WITHIN_MS);
  }

  /** The answer as it is now, or why it can't be had. Rejects when aborted. */
  async #whole(ask: Ask, { responseId }: Bookmark, who: Answerer, signal: AbortSignal) {
    try {
      return await this.#client.responses.retrieve(responseId, {}, this.#request(signal, ask));
    } catch (error) {
      signal.throwIfAborted();
      const failure = fromSdk(error, who);
      return failure.status === 404 ? gone(failure) : failure;
    }
  }

  /** Our own watch decides how long to wait, so the SDK's is out of the way. */
  #request(signal: AbortSignal, ask: Ask) {
    return { signal, timeout: this.#patience.firstByteMs * 2, headers: traceHeaders(ask) };
  }

  #who(model: string): Answerer {
    return { label: "OpenAI", keySetting: "OPENAI_API_KEY", urlSetting: "OPENAI_BASE_URL", model, secret: this.#key };
  }
}
