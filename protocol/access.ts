// Who may come in, on the wire: scopes, the tokens an admin makes, what a person may use and has used, shared chats.
import { z } from "zod";
import { MAX_RESTORED_AT_ONCE } from "./limits.ts";
import { orNull, providerNameSchema, runEndedRecordSchema, runStartedRecordSchema, tierSchema } from "./records.ts";
import { chatMessageSchema, chatReplySchema } from "./requests.ts";

export const scopeSchema = z
  .enum(["read", "ask", "manage"])
  .describe("`read` what is theirs, `ask` for answers and stop them, `manage`: rename, share, delete.");
export type Scope = z.infer<typeof scopeSchema>;
export const SCOPES = scopeSchema.options;

const limit = (meaning: string) =>
  z.number().positive().max(1e15).nullable().describe(`${meaning}; null for no limit.`);

export const limitsSchema = z
  .object({
    asksPerMinute: limit("Asks a minute"),
    answersAtOnce: limit("Answers being produced at once"),
    tokensPerDay: limit("Tokens a day (UTC), in and out"),
    dollarsPerDay: limit("US dollars a day (UTC)"),
  })
  .meta({ id: "Limits" });
export type Limits = z.infer<typeof limitsSchema>;

/** Limits in place of the deployment's; what is absent is as the deployment has it. */
const ownLimitsSchema = z.strictObject(limitsSchema.shape).partial().meta({ id: "OwnLimits" });
export type OwnLimits = z.infer<typeof ownLimitsSchema>;

const name = z.string().trim().min(1).max(100);

export const tokenRequestSchema = z
  .strictObject({
    name: name.describe("For whoever reads the list."),
    person: z
      .string()
      .regex(/^made:[\w-]{1,64}$/)
      .optional()
      .describe(
        "The `person` of another token, whose chats this one is for: to replace, narrow or prolong it. Somebody new when absent.",
      ),
    tenant: z
      .string()
      .regex(/^[\w.-]{1,64}$/)
      .optional()
      .describe(
        "Tokens of one tenant share cached answers and statistics; without it the token is alone in its own, or in that of its person's newest token.",
      ),
    scopes: z.array(scopeSchema).min(1).optional().describe("All of them when absent."),
    limits: ownLimitsSchema.optional(),
    expiresAt: z.number().int().positive().max(8.64e15).nullable().optional().describe("Unix ms; null for never."),
  })
  .meta({ id: "TokenRequest" });
export type TokenRequest = z.infer<typeof tokenRequestSchema>;

export const tokenSummarySchema = z
  .object({
    id: z.string(),
    name: z.string(),
    person: z.string().describe("Who comes in by it. Several tokens may be one person's."),
    tenant: z.string(),
    scopes: z.array(scopeSchema),
    limits: ownLimitsSchema,
    createdAt: z.number(),
    expiresAt: z.number().nullable(),
    revokedAt: z.number().nullable(),
  })
  .meta({ id: "TokenSummary" });
export type TokenSummary = z.infer<typeof tokenSummarySchema>;

export const madeTokenSchema = z
  .object({ ...tokenSummarySchema.shape, token: z.string().describe("Told this once; only its digest is kept.") })
  .meta({ id: "MadeToken" });
export type MadeToken = z.infer<typeof madeTokenSchema>;

export const tokenListReplySchema = z.object({ tokens: z.array(tokenSummarySchema) }).meta({ id: "TokenListReply" });
export type TokenListReply = z.infer<typeof tokenListReplySchema>;

/** What a deployment is, for its admin. */
export const overviewReplySchema = z
  .object({
    mode: z.enum(["open", "token", "access"]),
    tiers: z.array(z.object({ tier: tierSchema, available: z.boolean(), reason: z.string().nullable() })),
    providers: z.array(
      z.object({
        provider: providerNameSchema,
        available: z.boolean(),
        scripted: z.boolean(),
        reason: z.string().nullable(),
      }),
    ),
    limits: limitsSchema.describe("Of whoever has none of their own."),
    allowedOrigins: z.array(z.string()),
    tokens: z.object({
      configured: z.number().int().describe("In `API_TOKENS`."),
      live: z.number().int(),
      expired: z.number().int(),
      revoked: z.number().int(),
    }),
  })
  .meta({ id: "OverviewReply" });

export const restoreRequestSchema = z
  .strictObject({
    after: z
      .string()
      .regex(/^[0-9a-f]{64}$/)
      .optional()
      .describe("The `next` of the call before; without it, from the beginning."),
    limit: z.number().int().min(1).max(MAX_RESTORED_AT_ONCE).optional().describe("Chats to go through in this call."),
  })
  .meta({ id: "RestoreRequest" });

export const restoreReplySchema = z
  .object({
    restored: z.number().int().describe("Chats that were not here, and are now."),
    present: z.number().int().describe("Chats that are here; they stay as they are."),
    deleted: z.number().int().describe("Chats that their owners deleted here: the archive forgets them again."),
    tokens: z.number().int().describe("Tokens that were not known here, and are now."),
    failed: z.array(z.object({ chat: z.string(), reason: z.string() })),
    next: z.string().nullable().describe("What to go on after; null when all have been gone through."),
  })
  .meta({ id: "RestoreReply" });
export type RestoreReply = z.infer<typeof restoreReplySchema>;

/** What a person has used of their limits. */
export const usageSchema = z
  .object({
    asksThisMinute: z.number().int(),
    answersNow: z.number().int(),
    tokensToday: z.number().describe("Settled, and held for what is being produced."),
    dollarsToday: z.number(),
  })
  .meta({ id: "Usage" });
export type Usage = z.infer<typeof usageSchema>;

export const meReplySchema = z
  .object({
    person: z.string(),
    tenant: z.string(),
    scopes: z.array(scopeSchema),
    admin: z.boolean(),
    limits: limitsSchema,
    usage: usageSchema,
  })
  .meta({ id: "MeReply" });
export type MeReply = z.infer<typeof meReplySchema>;

/** A chat with what reading it does not tell: how each answer was asked for, and whether it is shared. */
export const exportedChatSchema = z
  .object({
    ...chatReplySchema.shape,
    share: z.string().nullable().describe("The token of its link, where it is shared."),
    runs: z.array(z.object({ started: runStartedRecordSchema, ended: orNull(runEndedRecordSchema) })),
  })
  .meta({ id: "ExportedChat" });
export type ExportedChat = z.infer<typeof exportedChatSchema>;

const exported = { exportedAt: z.number(), chats: z.array(exportedChatSchema) };

/** All that is kept of a person. */
export const meExportSchema = z.object({ ...meReplySchema.shape, ...exported }).meta({ id: "MeExport" });

/** The same of somebody else, for the admin. */
export const personExportSchema = z
  .object({
    person: z.string(),
    tokens: z.array(tokenSummarySchema).describe("Those by which they come in, the newest first."),
    usage: usageSchema,
    ...exported,
  })
  .meta({ id: "PersonExport" });

export const shareReplySchema = z
  .object({
    token: z.string(),
    page: z.string().describe("Where a person reads it."),
    api: z.string().describe("Where a program does."),
  })
  .meta({ id: "ShareReply" });
export type ShareReply = z.infer<typeof shareReplySchema>;

/** A chat as somebody sees it who has only its link: what was said, and nothing of whose it is or what it cost. */
export const sharedChatSchema = z
  .object({
    title: z.string(),
    createdAt: z.number(),
    updatedAt: z.number(),
    running: z.boolean(),
    messages: z.array(chatMessageSchema.omit({ run: true, receipt: true })),
  })
  .meta({ id: "SharedChat" });
export type SharedChat = z.infer<typeof sharedChatSchema>;
