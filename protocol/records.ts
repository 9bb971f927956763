// Records: the typed entries of a chat's log, as they are stored and as they travel.
// Positions in a run's text (`at`, `through`) count UTF-16 code units; times are Unix milliseconds.
import { z } from "zod";

/** How many, or how long: whole, none is less than nothing, and no more than a number can tell exactly. */
const amount = () => z.number().int().min(0);

/** A named schema or null. `nullable()` would make the name itself stand for either in the OpenAPI document. */
export const orNull = <Schema extends z.ZodType>(schema: Schema) => z.union([schema, z.null()]);

export const tierSchema = z.enum(["mvp", "redis", "temporal"]).meta({ id: "Tier" });
export type Tier = z.infer<typeof tierSchema>;

export const providerNameSchema = z.enum(["openai", "anthropic", "compatible"]).meta({ id: "Provider" });
export type ProviderName = z.infer<typeof providerNameSchema>;

export const cacheStatusSchema = z.enum(["off", "miss", "hit", "collapsed", "unavailable"]).meta({ id: "CacheStatus" });
export type CacheStatus = z.infer<typeof cacheStatusSchema>;

export const phaseSchema = z
  .enum(["validating", "waiting", "generating", "recovering", "finalizing"])
  .meta({ id: "Phase" });
export type Phase = z.infer<typeof phaseSchema>;

export const runStatusSchema = z.enum(["completed", "cancelled", "failed", "interrupted"]).meta({ id: "RunStatus" });
export type RunStatus = z.infer<typeof runStatusSchema>;

/** Why the model stopped: at its natural end, at the token limit, or because it (or a filter) would not answer. */
export const finishSchema = z.enum(["stop", "length", "refusal"]).meta({ id: "Finish" });
export type Finish = z.infer<typeof finishSchema>;

export const runErrorCodeSchema = z
  .enum([
    "provider_auth",
    "provider_unknown_model",
    "provider_rate_limited",
    "provider_overloaded",
    "provider_context_too_long",
    "provider_refused",
    "provider_bad_request",
    "provider_stream_cut",
    "provider_stalled",
    "provider_malformed",
    "provider_unreachable",
    "recovery_exhausted",
    "producer_unavailable",
    "internal",
  ])
  .meta({ id: "RunErrorCode" });
export type RunErrorCode = z.infer<typeof runErrorCodeSchema>;

export const runErrorSchema = z
  .object({
    code: runErrorCodeSchema,
    /** What went wrong and what to do, for a person. */
    message: z.string(),
    /** Seconds the provider asked us to wait, where it said. */
    retryAfter: z.number().nullable(),
  })
  .meta({ id: "RunError" });
export type RunError = z.infer<typeof runErrorSchema>;

export const recoverySchema = z
  .object({
    mode: z.enum(["reattach", "continue"]),
    /** The position from which the text went on. */
    at: amount(),
    /** Tokens made a second time: 0 on `reattach`, an upper estimate on `continue`. */
    madeTwice: amount(),
  })
  .meta({ id: "Recovery" });
export type Recovery = z.infer<typeof recoverySchema>;

export const runParamsSchema = z
  .object({
    temperature: z.number().nullable(),
    maxOutputTokens: z.number().int().nullable(),
    system: z.string().nullable(),
  })
  .meta({ id: "RunParams" });
export type RunParams = z.infer<typeof runParamsSchema>;

/** What an answer that was made already, or was being made for somebody else, spared this run. */
export const savedSchema = z
  .object({
    /** How much sooner it ended than the answer took that was made, milliseconds. */
    ms: amount(),
    inputTokens: amount().nullable(),
    outputTokens: amount().nullable(),
    /** US dollars. */
    cost: z.number().nullable(),
  })
  .meta({ id: "Saved" });
export type Saved = z.infer<typeof savedSchema>;

/** What a run reports when it ended. `null` means unknown, never zero. */
export const receiptSchema = z
  .object({
    tier: tierSchema,
    provider: providerNameSchema,
    model: z.string(),
    cache: cacheStatusSchema,
    inputTokens: amount().nullable(),
    outputTokens: amount().nullable(),
    /** The token counts are our estimate, because the provider gave none (a cut or cancelled answer). */
    estimated: z.boolean(),
    /** US dollars; `null` when the model's price is not known. */
    cost: z.number().nullable(),
    /** From the ask to the first text, milliseconds. */
    firstTokenMs: amount().nullable(),
    /** From the ask to the end, milliseconds. */
    totalMs: amount(),
    /** Requests made to the provider for this run. */
    requests: amount(),
    recoveries: z.array(recoverySchema),
    /** Only where `cache` is `hit` or `collapsed`, and something was spared. */
    saved: savedSchema.optional(),
    /** How old a cached answer was when it was given, seconds; only on a hit. */
    age: amount().optional(),
  })
  .meta({ id: "Receipt" });
export type Receipt = z.infer<typeof receiptSchema>;

export const messageRecordSchema = z
  .object({
    type: z.literal("message"),
    id: z.string(),
    /** The message this one answers or follows; `null` at the root. Siblings are edits of one another. */
    parent: z.string().nullable(),
    role: z.enum(["user", "assistant"]),
    text: z.string(),
    time: z.number(),
  })
  .meta({ id: "MessageRecord" });

export const runStartedRecordSchema = z
  .object({
    type: z.literal("run.started"),
    run: z.string(),
    /** The message being answered. */
    parent: z.string(),
    /** The id of the message this run's text becomes. */
    message: z.string(),
    tier: tierSchema,
    provider: providerNameSchema,
    model: z.string(),
    params: runParamsSchema,
    cache: cacheStatusSchema,
    time: z.number(),
  })
  .meta({ id: "RunStartedRecord" });

export const runPhaseRecordSchema = z
  .object({
    type: z.literal("run.phase"),
    run: z.string(),
    phase: phaseSchema,
    /** From 1; grows with each retry and each recovery. */
    attempt: z.number().int(),
    detail: z.string().nullable(),
  })
  .meta({ id: "RunPhaseRecord" });

export const deltaRecordSchema = z
  .object({ type: z.literal("delta"), run: z.string(), at: z.number().int(), text: z.string() })
  .meta({ id: "DeltaRecord" });

export const commitRecordSchema = z
  .object({ type: z.literal("commit"), run: z.string(), through: z.number().int() })
  .meta({ id: "CommitRecord" });

export const runRecoveredRecordSchema = recoverySchema
  .extend({ type: z.literal("run.recovered"), run: z.string() })
  .meta({ id: "RunRecoveredRecord" });

export const runEndedRecordSchema = z
  .object({
    type: z.literal("run.ended"),
    run: z.string(),
    status: runStatusSchema,
    finish: orNull(finishSchema),
    error: orNull(runErrorSchema),
    /** The run that answers in this one's place, when one was started. */
    replacedBy: z.string().nullable(),
    receipt: receiptSchema,
    time: z.number(),
  })
  .meta({ id: "RunEndedRecord" });

export const titleRecordSchema = z.object({ type: z.literal("title"), title: z.string() }).meta({ id: "TitleRecord" });

export const recordSchema = z
  .discriminatedUnion("type", [
    messageRecordSchema,
    runStartedRecordSchema,
    runPhaseRecordSchema,
    deltaRecordSchema,
    commitRecordSchema,
    runRecoveredRecordSchema,
    runEndedRecordSchema,
    titleRecordSchema,
  ])
  .meta({ id: "LogRecord" });

/** @public */
export type MessageRecord = z.infer<typeof messageRecordSchema>;
export type RunStartedRecord = z.infer<typeof runStartedRecordSchema>;
/** @public */
export type RunPhaseRecord = z.infer<typeof runPhaseRecordSchema>;
export type DeltaRecord = z.infer<typeof deltaRecordSchema>;
/** @public */
export type CommitRecord = z.infer<typeof commitRecordSchema>;
/** @public */
export type RunRecoveredRecord = z.infer<typeof runRecoveredRecordSchema>;
export type RunEndedRecord = z.infer<typeof runEndedRecordSchema>;
export type TitleRecord = z.infer<typeof titleRecordSchema>;
export type LogRecord = z.infer<typeof recordSchema>;

/** A record as it travels: with an offset it is promised, without one it is only shown. */
export type WireRecord = LogRecord & { offset?: string };
export const wireRecordSchema = z.intersection(recordSchema, z.object({ offset: z.string().optional() }));
