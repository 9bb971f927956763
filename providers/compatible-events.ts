// The chunks of the chat-completions API, as OpenAI and many others send them, told in our words. Tolerant where servers
// differ: usage may be missing, `[DONE]` may be missing once there was a finish reason, errors come in several shapes.
import type { EventSourceMessage } from "eventsource-parser";
import type OpenAI from "openai";
import type { Finish } from "../protocol/records.ts";
import { type Answerer, refusalError, refusalOf } from "./errors.ts";
import type { Pieces } from "./pieces.ts";
import type { Ending, Usage } from "./provider.ts";
import { type Decoder, parseData, textOf } from "./read-events.ts";
import { usageFrom } from "./usage.ts";

type Chunk = OpenAI.ChatCompletionChunk & { error?: unknown };

export class CompatibleEvents implements Decoder {
  readonly #who: Answerer;
  #finish: Finish | null = null;
  #refused = false;
  #usage: Usage | null = null;

  constructor(who: Answerer) {
    this.#who = who;
  }

  decode({ data, event }: EventSourceMessage, pieces: Pieces): Ending | null {
    if (data === "[DONE]") return this.endOfStream();
    const chunk = parseData(data, this.#who) as unknown as Chunk;
    if (chunk.error) throw refusalError(this.#who, refusalOf(chunk.error));
    if (event === "error") throw refusalError(this.#who, refusalOf(chunk));
    if (chunk.usage) this.#usage = usageOf(chunk.usage);
    const choice = chunk.choices?.[0];
    if (!choice) return null;
    const { content, refusal } = choice.delta ?? {};
    if (content) pieces.add(textOf(content, this.#who));
    if (refusal) {
      this.#refused = true;
      pieces.add(textOf(refusal, this.#who));
    }
    if (choice.finish_reason) this.#finish = this.#finishOf(choice.finish_reason);
    return null;
  }

  /** Not every server says `[DONE]`; without a finish reason, an end without it is a cut. */
  endOfStream(): Ending | null {
    if (this.#finish === null) return null;
    return { finish: this.#refused ? "refusal" : this.#finish, usage: this.#usage };
  }

  #finishOf(reason: string): Finish {
    if (reason === "length") return "length";
    if (reason === "content_filter") return "refusal";
    if (reason !== "error") return "stop";
    throw refusalError(this.#who, refusalOf(""));
  }
}

const usageOf = (usage: OpenAI.CompletionUsage): Usage | null =>
  usageFrom({
    inputTokens: usage.prompt_tokens,
    cachedInputTokens: usage.prompt_tokens_details?.cached_tokens ?? 0,
    outputTokens: usage.completion_tokens,
  });
