// The events of OpenAI's Responses API, told in our words.
import type { EventSourceMessage } from "eventsource-parser";
import type OpenAI from "openai";
import { type Answerer, refusalError, refusalOf, streamCut } from "./errors.ts";
import type { Pieces } from "./pieces.ts";
import type { Ending, Usage } from "./provider.ts";
import { type Decoder, parseData, textOf } from "./read-events.ts";
import { usageFrom } from "./usage.ts";

type StreamEvent = OpenAI.Responses.ResponseStreamEvent;
type Response = OpenAI.Responses.Response;

/** `responseId`: the response a re-attached stream belongs to. */
export class OpenAIEvents implements Decoder {
  readonly #who: Answerer;
  #responseId: string | null;

  constructor(who: Answerer, responseId: string | null = null) {
    this.#who = who;
    this.#responseId = responseId;
  }

  decode({ data }: EventSourceMessage, pieces: Pieces): Ending | null {
    if (data === "[DONE]") return null;
    const event = parseData(data, this.#who) as unknown as StreamEvent;
    if (this.#responseId !== null) pieces.identify(this.#responseId);
    switch (event.type) {
      case "response.output_text.delta":
      case "response.refusal.delta":
        pieces.add(textOf(event.delta, this.#who), event.sequence_number);
        return null;
      case "response.created":
        this.#responseId = event.response.id;
        pieces.identify(event.response.id);
        break;
      case "response.completed":
      case "response.incomplete":
        // Not passed: whoever comes back must be told of the end again.
        return endingOf(event.response);
      case "response.failed":
        throw refusalError(this.#who, refusalOf(event.response.error));
      case "error":
        // Its fields stand in the event or under `error`; the event's own `type` says nothing.
        throw refusalError(this.#who, refusalOf("error" in event ? event.error : { ...event, type: null }));
    }
    // Reasoning, tools, parts that begin and end: nothing to show, but passed.
    pieces.pass(event.sequence_number);
    return null;
  }
}

/** A response that was asked for as a whole. Throws a `ProviderError` when it did not end well. */
export function wholeOf(response: Response, who: Answerer): { text: string; ending: Ending } {
  if (response.status === "failed") throw refusalError(who, refusalOf(response.error));
  if (response.status === "cancelled") throw streamCut(who);
  const parts = response.output.flatMap((item) => (item.type === "message" ? item.content : []));
  const text = parts.map((part) => (part.type === "refusal" ? part.refusal : part.text)).join("");
  return { text: text.toWellFormed(), ending: endingOf(response) };
}

function endingOf(response: Response): Ending {
  const refused =
    response.incomplete_details?.reason === "content_filter" ||
    response.output?.some((item) => item.type === "message" && item.content.some((part) => part.type === "refusal"));
  const finish = refused ? "refusal" : response.status === "incomplete" ? "length" : "stop";
  return { finish, usage: usageOf(response) };
}

const usageOf = ({ usage }: Response): Usage | null =>
  usageFrom({
    inputTokens: usage?.input_tokens,
    cachedInputTokens: usage?.input_tokens_details?.cached_tokens ?? 0,
    outputTokens: usage?.output_tokens,
  });
