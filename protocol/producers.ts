// The producers' door: how a producer elsewhere writes a run over HTTP. `POST /internal/runs/{id}/epoch` begins its
// term, `/append` brings numbered batches, `/end` ends the run, `/notify` says that nobody will; `GET` only looks.
import { z } from "zod";
import {
  finishSchema,
  orNull,
  phaseSchema,
  receiptSchema,
  recoverySchema,
  runErrorSchema,
  runStartedRecordSchema,
  runStatusSchema,
} from "./records.ts";
import { recoveryPolicySchema } from "./requests.ts";

const bookmarkSchema = z.object({ responseId: z.string(), sequenceNumber: z.number().int() });
const epochSchema = z.number().int().min(1);
const endedShape = { status: runStatusSchema, replacedBy: z.string().nullable() };

/** The reply of a look: what was asked, without a word of the conversation. */
export const runLookSchema = z.object({
  started: runStartedRecordSchema,
  recovery: recoveryPolicySchema,
  /** The length of what a provider would be shown, UTF-16 code units. */
  asked: z.number().int(),
  ended: orNull(z.object(endedShape)),
});
export type RunLook = z.infer<typeof runLookSchema>;

export const termRequestSchema = z.strictObject({
  /** Made up once for each term: asking again with it, because the reply was lost, gives the same term. */
  nonce: z.string().min(8).max(200),
});

/** A term of office and all it needs to go on, or how the run has ended already. */
export const termReplySchema = z.discriminatedUnion("kind", [
  z.object({
    kind: z.literal("term"),
    epoch: epochSchema,
    started: runStartedRecordSchema,
    recovery: recoveryPolicySchema,
    /** The conversation down to the message answered. */
    turns: z.array(z.object({ role: z.enum(["user", "assistant"]), text: z.string() })),
    /** Producers from outside that had this run before. */
    predecessors: z.number().int(),
    /** The last of them laid down its office, and left nothing behind that is not on disk. */
    resigned: z.boolean(),
    /** The run's text; all of it is on disk. */
    text: z.string(),
    bookmark: orNull(bookmarkSchema),
    /** The state that the predecessor last committed. */
    before: orNull(
      z.object({
        epoch: epochSchema,
        seq: z.number().int(),
        bookmark: orNull(bookmarkSchema),
        time: z.number(),
        firstTokenMs: z.number().nullable(),
      }),
    ),
    recoveries: z.array(recoverySchema),
    /** The edge's clock, Unix ms, by which all its times are. */
    now: z.number(),
  }),
  z.object({ kind: z.literal("ended"), ...endedShape }),
]);
export type TermReply = z.infer<typeof termReplySchema>;

/** What is numbered: what came since the last batch, or a recovery that has just proved to hold. */
export const outsideBatchSchema = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("recovered"), recovery: recoverySchema.omit({ at: true }) }),
  z.strictObject({
    kind: z.literal("text"),
    deltas: z.array(z.strictObject({ at: z.number().int().min(0), text: z.string() })),
    bookmark: orNull(bookmarkSchema),
  }),
]);
export type OutsideBatch = z.infer<typeof outsideBatchSchema>;

export const appendRequestSchema = z.strictObject({
  epoch: epochSchema,
  /** What the run is doing from now on, shown before the batch. Not numbered: it is shown, and never kept. */
  phase: orNull(z.strictObject({ phase: phaseSchema, attempt: z.number().int(), detail: z.string().nullable() })),
  /** The batch and its number in this term, from 0. With neither a phase nor a batch this is a sign of life. */
  batch: orNull(z.strictObject({ seq: z.number().int().min(0), what: outsideBatchSchema })),
  /** Put all that was sent so far on disk, and answer when it is there. */
  flush: z.boolean(),
  /** With this the term ends: its producer has nothing left and will not come back. */
  resign: z.boolean(),
});
export type AppendRequest = z.infer<typeof appendRequestSchema>;

/** How many batches of the term were taken, and how many of them are on disk: no other need be kept to be sent again. */
const standing = { expected: z.number().int(), promised: z.number().int() };

/** `appended` and `duplicate` are 200, `fenced` is 403, the others are 409. */
export const appendReplySchema = z.discriminatedUnion("kind", [
  z.object({ kind: z.enum(["appended", "duplicate", "gap"]), ...standing }),
  z.object({ kind: z.literal("hole"), length: z.number().int() }),
  z.object({ kind: z.literal("refused"), through: z.number().int() }),
  /** `ended` says how the run ended, when that is why. */
  z.object({ kind: z.literal("fenced"), ended: orNull(runStatusSchema) }),
]);
export type AppendReply = z.infer<typeof appendReplySchema>;

export const endRequestSchema = z.strictObject({
  epoch: epochSchema,
  /** Of the receipt, the times are the edge's to tell. */
  ended: z.strictObject({
    status: runStatusSchema,
    finish: orNull(finishSchema),
    error: orNull(runErrorSchema),
    receipt: receiptSchema,
  }),
  /** Begin another run that answers in this one's place. */
  replace: z.boolean(),
});
export type EndRequest = z.infer<typeof endRequestSchema>;

/** Ending twice is answered as the first time; `fenced` (403) when somebody else has the run, or has ended it. */
export const endReplySchema = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("ended"), ...endedShape }),
  z.object({ kind: z.literal("fenced"), ended: orNull(runStatusSchema) }),
]);
export type EndReply = z.infer<typeof endReplySchema>;

export const notifyRequestSchema = z.strictObject({
  /** Why nobody will bring the run to its end; null when somebody has, or when it was stopped. */
  failure: orNull(runErrorSchema),
  /** It was stopped where its workflow is kept, and may still have to be ended. */
  cancelled: z.boolean().default(false),
});
export type NotifyRequest = z.infer<typeof notifyRequestSchema>;
