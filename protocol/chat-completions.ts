// The same asks in the words of OpenAI's chat completions, for SDKs and tools that speak nothing else: requests and
// replies, and how a run of ours is told in them. What would change the answer and is not ours to pass on is refused,
// never dropped in silence.
import { z } from "zod";
import { MAX_OUTPUT_TOKENS, MAX_PROMPT_LENGTH } from "./limits.ts";
import { type Failure, type Problem, problemSchema, problemStatus } from "./problems.ts";
import type { Finish, Receipt, RunEndedRecord, RunStartedRecord } from "./records.ts";
import { text } from "./text.ts";

const content = z.union([text(), z.array(z.object({ type: z.literal("text"), text: text() }))]);

/** Said by an SDK without being asked to, or without a bearing on the answer: taken, and left aside. */
const leftAside = z.unknown().optional().describe("Has no effect.");
/** Taken only where it asks for nothing out of the ordinary. */
const onlyIf = <Value extends string | number | boolean>(value: Value) => z.literal(value).nullable().optional();

export const completionRequestSchema = z
  .strictObject({
    model: text().min(1).max(200).describe("A model's id; `provider/id` where two providers have it."),
    messages: z
      .array(z.object({ role: z.enum(["system", "developer", "user", "assistant"]), content, name: leftAside }))
      .min(1)
      .max(2_000),
    stream: z.boolean().nullable().optional(),
    stream_options: z
      .object({ include_usage: z.boolean().optional(), include_obfuscation: leftAside })
      .nullable()
      .optional(),
    temperature: z.number().min(0).max(2).nullable().optional(),
    max_tokens: z.number().int().min(1).max(MAX_OUTPUT_TOKENS).nullable().optional(),
    max_completion_tokens: z.number().int().min(1).max(MAX_OUTPUT_TOKENS).nullable().optional(),
    n: onlyIf(1),
    top_p: onlyIf(1),
    frequency_penalty: onlyIf(0),
    presence_penalty: onlyIf(0),
    logprobs: onlyIf(false),
    response_format: z
      .object({ type: z.literal("text") })
      .nullable()
      .optional(),
    user: leftAside,
    store: leftAside,
    metadata: leftAside,
    service_tier: leftAside,
    safety_identifier: leftAside,
    prompt_cache_key: leftAside,
  })
  .meta({ id: "ChatCompletionRequest" });
export type CompletionRequest = z.infer<typeof completionRequestSchema>;

const finishReasonSchema = z.enum(["stop", "length", "content_filter"]);
const usageSchema = z.object({
  prompt_tokens: z.number().int(),
  completion_tokens: z.number().int(),
  total_tokens: z.number().int(),
});
const head = { id: z.string().describe("The run's id."), created: z.number().int(), model: z.string() };

export const completionReplySchema = z
  .object({
    ...head,
    object: z.literal("chat.completion"),
    choices: z.array(
      z.object({
        index: z.literal(0),
        message: z.object({ role: z.literal("assistant"), content: z.string(), refusal: z.null() }),
        finish_reason: finishReasonSchema,
        logprobs: z.null(),
      }),
    ),
    usage: usageSchema,
  })
  .meta({ id: "ChatCompletion" });
export type CompletionReply = z.infer<typeof completionReplySchema>;

export const completionChunkSchema = z
  .object({
    ...head,
    object: z.literal("chat.completion.chunk"),
    choices: z.array(
      z.object({
        index: z.literal(0),
        delta: z.object({ role: z.literal("assistant").optional(), content: z.string().optional() }),
        finish_reason: z.union([finishReasonSchema, z.null()]),
      }),
    ),
    usage: usageSchema.nullish(),
  })
  .meta({ id: "ChatCompletionChunk" });
type CompletionChunk = z.infer<typeof completionChunkSchema>;

export const completionModelsReplySchema = z
  .object({
    object: z.literal("list"),
    data: z.array(
      z.object({ id: z.string(), object: z.literal("model"), created: z.number().int(), owned_by: z.string() }),
    ),
  })
  .meta({ id: "ChatCompletionModels" });

/** A problem with what the SDKs look for in a refusal beside its own fields. */
export const completionProblemSchema = problemSchema
  .extend({
    error: z.object({
      message: z.string(),
      type: z.string(),
      param: z.string().nullable(),
      code: z.string(),
    }),
  })
  .meta({ id: "ChatCompletionProblem" });

export function completionProblem(problem: Problem): z.infer<typeof completionProblemSchema> {
  return { ...problem, error: errorOf(problem) };
}

function errorOf({ detail: message, code, errors }: Pick<Problem, "detail" | "code" | "errors">) {
  const status = problemStatus(code);
  const type = status === 401 ? "authentication_error" : status === 429 ? "rate_limit_error" : "invalid_request_error";
  return { message, type, param: errors?.[0]?.path ?? null, code };
}

export interface ImportedTurn {
  role: "user" | "assistant";
  text: string;
}

/** A conversation as a chat takes it. */
export interface Conversation {
  /** All system and developer messages; null when there are none. */
  system: string | null;
  /** What was said before the prompt. */
  history: ImportedTurn[];
  prompt: string;
}

/** Sorts the messages; a string says what is wrong with them. */
export function toConversation(messages: CompletionRequest["messages"]): Conversation | string {
  const system: string[] = [];
  const turns: ImportedTurn[] = [];
  for (const { role, content: said } of messages) {
    const words = typeof said === "string" ? said : said.map((part) => part.text).join("");
    if (role === "user" || role === "assistant") turns.push({ role, text: words });
    else system.push(words);
  }
  const last = turns.pop();
  if (last?.role !== "user" || last.text === "") return "messages: the last one must be the user's, and say something.";
  const longest = Math.max(last.text.length, ...turns.map((turn) => turn.text.length));
  if (longest > MAX_PROMPT_LENGTH) {
    return `messages: one has ${longest} characters; the limit is ${MAX_PROMPT_LENGTH}.`;
  }
  return { system: system.join("\n\n").trim() || null, history: turns.filter(({ text }) => text), prompt: last.text };
}

const FINISH: Record<Finish, z.infer<typeof finishReasonSchema>> = {
  stop: "stop",
  length: "length",
  refusal: "content_filter",
};
const finishReason = (finish: Finish | null) => FINISH[finish ?? "stop"];

function usageOf({ inputTokens, outputTokens }: Receipt): z.infer<typeof usageSchema> {
  const [input, output] = [inputTokens ?? 0, outputTokens ?? 0];
  return { prompt_tokens: input, completion_tokens: output, total_tokens: input + output };
}

const headOf = ({ run, time, model }: RunStartedRecord) => ({ id: run, created: Math.floor(time / 1000), model });

export function completionReply(started: RunStartedRecord, text: string, ended: RunEndedRecord): CompletionReply {
  const message = { role: "assistant", content: text, refusal: null } as const;
  return {
    ...headOf(started),
    object: "chat.completion",
    choices: [{ index: 0, message, finish_reason: finishReason(ended.finish), logprobs: null }],
    usage: usageOf(ended.receipt),
  };
}

/** A run's text as a stream of chunks. */
export class CompletionFormat {
  readonly heartbeat = ": hb\n\n";
  readonly #started: RunStartedRecord;
  readonly #usage: boolean;

  constructor(started: RunStartedRecord, usage: boolean) {
    this.#started = started;
    this.#usage = usage;
  }

  begin(): string {
    return this.#chunk([{ index: 0, delta: { role: "assistant", content: "" }, finish_reason: null }]);
  }

  piece(text: string): string {
    return this.#chunk([{ index: 0, delta: { content: text }, finish_reason: null }]);
  }

  completed({ finish, receipt }: RunEndedRecord): string {
    const last = this.#chunk([{ index: 0, delta: {}, finish_reason: finishReason(finish) }]);
    return `${last}${this.#usage ? this.#chunk([], usageOf(receipt)) : ""}data: [DONE]\n\n`;
  }

  /** The SDKs throw what they are told by an `error`. */
  broken(why: RunEndedRecord | Failure): string {
    return `data: ${JSON.stringify({ error: "status" in why ? brokenOf(why) : errorOf(why) })}\n\n`;
  }

  #chunk(choices: CompletionChunk["choices"], usage?: CompletionChunk["usage"]): string {
    const chunk: CompletionChunk = { ...headOf(this.#started), object: "chat.completion.chunk", choices };
    return `data: ${JSON.stringify(usage === undefined ? chunk : { ...chunk, usage })}\n\n`;
  }
}

function brokenOf({ status, error }: RunEndedRecord) {
  const message = error?.message ?? `The answer was ${status}; what there is of it is kept.`;
  return { message, type: `run_${status}`, param: null, code: error?.code ?? status };
}
