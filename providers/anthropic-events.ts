// The events of Anthropic's Messages API, told in our words.
import type { Anthropic } from "@anthropic-ai/sdk";
import type { EventSourceMessage } from "eventsource-parser";
import type { Finish } from "../protocol/records.ts";
import { type Answerer, refusalError, refusalOf } from "./errors.ts";
import type { Pieces } from "./pieces.ts";
import type { Ending, Usage } from "./provider.ts";
import { type Decoder, parseData, textOf } from "./read-events.ts";
import { isCount, usageFrom } from "./usage.ts";

type StreamEvent = Anthropic.RawMessageStreamEvent | { type: "ping" } | { type: "error"; error?: unknown };

const FINISH: Record<Anthropic.StopReason, Finish> = {
  end_turn: "stop",
  stop_sequence: "stop",
  tool_use: "stop",
  pause_turn: "stop",
  max_tokens: "length",
  model_context_window_exceeded: "length",
  refusal: "refusal",
};

const COUNTS = ["input_tokens", "cache_read_input_tokens", "cache_creation_input_tokens", "output_tokens"] as const;

export class AnthropicEvents implements Decoder {
  readonly #who: Answerer;
  #finish: Finish = "stop";
  readonly #counts: Record<(typeof COUNTS)[number], number | null> = {
    input_tokens: null,
    cache_read_input_tokens: null,
    cache_creation_input_tokens: null,
    output_tokens: null,
  };

  constructor(who: Answerer) {
    this.#who = who;
  }

  decode({ data }: EventSourceMessage, pieces: Pieces): Ending | null {
    const event = parseData(data, this.#who) as unknown as StreamEvent;
    switch (event.type) {
      case "content_block_delta":
        if (event.delta?.type === "text_delta") pieces.add(textOf(event.delta.text, this.#who));
        return null;
      case "content_block_start":
        if (event.content_block?.type === "text") pieces.add(event.content_block.text ?? "");
        return null;
      case "message_start":
        this.#count(event.message?.usage);
        return null;
      case "message_delta":
        this.#finish = (event.delta?.stop_reason && FINISH[event.delta.stop_reason]) ?? "stop";
        this.#count(event.usage);
        return null;
      case "message_stop":
        return { finish: this.#finish, usage: this.#usage() };
      case "error":
        throw refusalError(this.#who, refusalOf(event.error));
      default:
        return null;
    }
  }

  /** Counts are cumulative; a later event may leave out what an earlier one told. What is no count spoils its sums. */
  #count(usage: Anthropic.Usage | Anthropic.MessageDeltaUsage | undefined): void {
    for (const name of COUNTS) {
      const told = usage?.[name] ?? this.#counts[name];
      this.#counts[name] = told === null || isCount(told) ? told : Number.NaN;
    }
  }

  #usage(): Usage | null {
    const { input_tokens, cache_read_input_tokens, cache_creation_input_tokens, output_tokens } = this.#counts;
    if (input_tokens === null) return null;
    const cachedInputTokens = cache_read_input_tokens ?? 0;
    // Theirs leaves out what was read from and written to the cache.
    const inputTokens = input_tokens + cachedInputTokens + (cache_creation_input_tokens ?? 0);
    return usageFrom({ inputTokens, cachedInputTokens, outputTokens: output_tokens });
  }
}
