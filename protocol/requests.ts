// Requests and replies of the HTTP API. Every bound here is one of `limits.ts`; every reply is described in full,
// because the OpenAPI document and the checks against it are made from these schemas.
import { z } from "zod";
import {
  MAX_CACHE_TTL_SECONDS,
  MAX_OUTPUT_TOKENS,
  MAX_PROMPT_LENGTH,
  MAX_QUERY_LENGTH,
  MAX_SYSTEM_LENGTH,
  MAX_TITLE_LENGTH,
} from "./limits.ts";
import { whySchema } from "./reasons.ts";
import {
  cacheStatusSchema,
  finishSchema,
  orNull,
  phaseSchema,
  providerNameSchema,
  receiptSchema,
  recordSchema,
  runErrorSchema,
  runStatusSchema,
  tierSchema,
  wireRecordSchema,
} from "./records.ts";
import { text } from "./text.ts";

export const cacheModeSchema = z
  .enum(["default", "no-cache", "no-store", "only-if-cached"])
  .describe(
    "`default` gives an answer that is kept, or one that is just being made, else has one made and keeps it; `no-cache` " +
      "has one made whatever is kept, and keeps it; `no-store` neither looks nor keeps; `only-if-cached` has none made.",
  );
export type CacheMode = z.infer<typeof cacheModeSchema>;

export const cachePaceSchema = z
  .enum(["instant", "original"])
  .describe("How a kept answer comes: all of it at once, or at the pace at which it was made.");
export type CachePace = z.infer<typeof cachePaceSchema>;

export const recoveryPolicySchema = z
  .enum(["free", "continue", "replace"])
  .describe(
    "How far a broken answer may be recovered: `free` only re-attaches to what the provider still has; `continue` may " +
      "also ask the model to go on from the saved text; `replace` may also pay for a whole new answer.",
  );
export type RecoveryPolicy = z.infer<typeof recoveryPolicySchema>;

export const generateRequestSchema = z
  .strictObject({
    prompt: text().min(1).max(MAX_PROMPT_LENGTH).optional(),
    chatId: text().optional().describe("The chat to go on in; a new one is made without it."),
    parentId: text()
      .nullable()
      .optional()
      .describe(
        "The message this ask follows: the last answer when absent, `null` for the root (an edit of the first message). " +
          "Without a prompt: the person's message to answer again.",
      ),
    tier: tierSchema.optional(),
    provider: providerNameSchema.optional(),
    model: text().min(1).max(200).optional(),
    temperature: z.number().min(0).max(2).optional(),
    system: text().max(MAX_SYSTEM_LENGTH).optional(),
    maxOutputTokens: z.number().int().min(1).max(MAX_OUTPUT_TOKENS).optional(),
    cache: z
      .strictObject({
        mode: cacheModeSchema.optional(),
        ttl: z.number().int().min(1).max(MAX_CACHE_TTL_SECONDS).optional().describe("How long it is kept, seconds."),
        pace: cachePaceSchema.optional(),
      })
      .optional(),
    recovery: recoveryPolicySchema.optional(),
  })
  .meta({ id: "GenerateRequest" });
export type GenerateRequest = z.infer<typeof generateRequestSchema>;

const linksSchema = z.object({
  status: z.string(),
  chunks: z.string(),
  stream: z.string(),
  socket: z.string(),
  cancel: z.string(),
  chat: z.string(),
});

export const generateReplySchema = z
  .object({ id: z.string(), chatId: z.string(), links: linksSchema })
  .meta({ id: "GenerateReply" });
export type GenerateReply = z.infer<typeof generateReplySchema>;

export const statusReplySchema = z
  .object({
    id: z.string(),
    chatId: z.string(),
    state: z.union([z.literal("running"), runStatusSchema]),
    phase: orNull(phaseSchema),
    attempt: z.number().int(),
    tier: tierSchema,
    provider: providerNameSchema,
    model: z.string(),
    /** UTF-16 code units shown and promised so far, and how many stored pieces hold them. */
    progress: z.object({ characters: z.number().int(), committed: z.number().int(), chunks: z.number().int() }),
    /** The last promised offset of this run. */
    offset: z.string(),
    startedAt: z.number(),
    finish: orNull(finishSchema),
    error: orNull(runErrorSchema),
    replacedBy: z.string().nullable(),
    receipt: orNull(receiptSchema),
    links: linksSchema,
  })
  .meta({ id: "StatusReply" });
export type StatusReply = z.infer<typeof statusReplySchema>;

export const chunksReplySchema = z
  .object({
    records: z.array(wireRecordSchema),
    /** What to ask from next. */
    offset: z.string(),
    /** Whether more can come: the run is still going (a chat is always live). */
    live: z.boolean(),
  })
  .meta({ id: "ChunksReply" });
export type ChunksReply = z.infer<typeof chunksReplySchema>;

/** One event of a stream. Its data is the record without `type`, which is the event's name. */
export const streamEventSchema = z
  .object({
    id: z.string().optional().describe("The record's offset; absent for what is shown and not promised."),
    event: z.enum(recordSchema.options.map(({ shape }) => shape.type.value)),
    data: z.string().describe("JSON: a LogRecord without its `type`."),
  })
  .meta({ id: "StreamEvent" });

export const cancelReplySchema = z
  .object({ id: z.string(), state: z.union([z.literal("running"), runStatusSchema]) })
  .meta({ id: "CancelReply" });
export type CancelReply = z.infer<typeof cancelReplySchema>;

export const chatSummarySchema = z
  .object({
    id: z.string(),
    title: z.string(),
    createdAt: z.number(),
    updatedAt: z.number(),
    /** Whether an answer is being produced. */
    running: z.boolean(),
  })
  .meta({ id: "ChatSummary" });
export type ChatSummary = z.infer<typeof chatSummarySchema>;

export const chatListReplySchema = z
  .object({ chats: z.array(chatSummarySchema), cursor: z.string().nullable() })
  .meta({ id: "ChatListReply" });
export type ChatListReply = z.infer<typeof chatListReplySchema>;

export const chatMessageSchema = z
  .object({
    id: z.string(),
    parent: z.string().nullable(),
    role: z.enum(["user", "assistant"]),
    text: z.string(),
    run: z.string().nullable(),
    status: orNull(z.union([z.literal("running"), runStatusSchema])),
    model: z.string().nullable(),
    receipt: orNull(receiptSchema),
    time: z.number(),
  })
  .meta({ id: "ChatMessage" });
export type ChatMessage = z.infer<typeof chatMessageSchema>;

export const chatReplySchema = z
  .object({ ...chatSummarySchema.shape, messages: z.array(chatMessageSchema), offset: z.string() })
  .meta({ id: "ChatReply" });
export type ChatReply = z.infer<typeof chatReplySchema>;

export const renameRequestSchema = z
  .strictObject({ title: text().trim().min(1).max(MAX_TITLE_LENGTH) })
  .meta({ id: "RenameRequest" });

export const searchQuerySchema = z.object({ q: text().trim().min(1).max(MAX_QUERY_LENGTH) });
export const searchReplySchema = z
  .object({
    hits: z.array(
      z.object({
        chatId: z.string(),
        title: z.string(),
        messageId: z.string().nullable(),
        /** Text around the match; matches stand between U+2068 and U+2069. */
        snippet: z.string(),
        time: z.number(),
      }),
    ),
  })
  .meta({ id: "SearchReply" });
export type SearchReply = z.infer<typeof searchReplySchema>;

export const modelSchema = z
  .object({
    provider: providerNameSchema,
    id: z.string(),
    name: z.string(),
    /** A scripted model answers from templates; it is not an LLM. */
    scripted: z.boolean(),
    /** US dollars a million tokens; `null` when not known. */
    inputPrice: z.number().nullable(),
    outputPrice: z.number().nullable(),
    default: z.boolean(),
  })
  .meta({ id: "Model" });
export type Model = z.infer<typeof modelSchema>;

export const modelsReplySchema = z
  .object({
    models: z.array(modelSchema),
    providers: z.array(
      z.object({
        provider: providerNameSchema,
        available: z.boolean(),
        reason: z.string().nullable(),
        why: orNull(whySchema),
        scripted: z.boolean(),
      }),
    ),
  })
  .meta({ id: "ModelsReply" });
export type ModelsReply = z.infer<typeof modelsReplySchema>;

export const tiersReplySchema = z
  .object({
    tiers: z.array(
      z.object({
        tier: tierSchema,
        available: z.boolean(),
        degraded: z
          .boolean()
          .describe("It answers, but a part of it does not: `reason` says which, and what that means."),
        reason: z.string().nullable().describe("Why it is off, or degraded."),
        why: orNull(whySchema),
        default: z.boolean(),
      }),
    ),
  })
  .meta({ id: "TiersReply" });
export type TiersReply = z.infer<typeof tiersReplySchema>;

export const healthReplySchema = z
  .object({
    status: z.enum(["ok", "degraded", "down"]),
    parts: z.array(
      z.object({
        name: z.string(),
        status: z.enum(["ok", "degraded", "down", "off"]),
        latencyMs: z.number().nullable(),
        detail: z.string().nullable(),
        why: orNull(whySchema),
      }),
    ),
  })
  .meta({ id: "HealthReply" });
export type HealthReply = z.infer<typeof healthReplySchema>;

export const statsWindowSchema = z.enum(["1h", "24h", "7d"]);
export type StatsWindow = z.infer<typeof statsWindowSchema>;

const count = () => z.number().int();
const amountsSchema = z.object({
  inputTokens: count(),
  outputTokens: count(),
  cost: z.number().describe("US dollars, of the answers whose price is known."),
});

/** Of the answers that ended within a span of time. */
const statsFiguresSchema = z.object({
  runs: count(),
  /** How many of them the cache answered, did not know, let share an answer being made, could not be asked for, or had no part in. */
  hits: count(),
  misses: count(),
  collapsed: count(),
  unavailable: count(),
  off: count(),
  /** What was asked of providers, and what would have been without the cache. */
  spent: amountsSchema,
  saved: amountsSchema.extend({ ms: count().describe("How much sooner the answers came, in all.") }),
  unpriced: count().describe("Answers a provider was asked for whose price is not known."),
});
export type StatsFigures = z.infer<typeof statsFiguresSchema>;

const percentilesSchema = z
  .object({ runs: count(), p50: z.number(), p90: z.number(), p99: z.number() })
  .describe("Milliseconds, from the ask, of completed answers; from a histogram, so within a tenth.");

export const statsReplySchema = z
  .object({
    window: statsWindowSchema,
    /** What the figures are of, Unix ms: from a step's beginning to now. */
    from: z.number(),
    to: z.number(),
    /** The length of each entry of `series`, milliseconds. */
    stepMs: count(),
    totals: statsFiguresSchema.extend({
      hitRate: z.number().nullable().describe("Hits and collapsed among all that asked the cache; null when none did."),
    }),
    latency: z
      .array(
        z.object({
          cache: cacheStatusSchema,
          firstToken: orNull(percentilesSchema),
          total: orNull(percentilesSchema),
        }),
      )
      .describe("One entry for each cache status that occurred."),
    series: z
      .array(statsFiguresSchema.extend({ time: z.number().describe("The step's beginning, Unix ms.") }))
      .describe("Every step of the window, oldest first, those without an answer too."),
    source: z
      .enum(["counters", "archive", "both", "none"])
      .describe("Where the figures come from. The archive stands in for hours that the counters do not know."),
    note: z.string().nullable().describe("What is missing, and why."),
    why: orNull(whySchema),
  })
  .meta({ id: "StatsReply" });
export type StatsReply = z.infer<typeof statsReplySchema>;

export const sessionReplySchema = z.object({ person: z.string(), token: z.string() }).meta({ id: "SessionReply" });
export type SessionReply = z.infer<typeof sessionReplySchema>;
