// Workflows: what the bridge says of the temporal tier's workflows, and what the API hands on of it. A workflow's id is
// its run's id. Nothing of what a person wrote or a model said is in here, because nothing of it is in Temporal.
import { z } from "zod";
import { whySchema } from "./reasons.ts";
import {
  finishSchema,
  orNull,
  phaseSchema,
  providerNameSchema,
  receiptSchema,
  runErrorSchema,
  runStatusSchema,
} from "./records.ts";
import { generateRequestSchema, statusReplySchema } from "./requests.ts";

export const workflowStateSchema = z
  .enum(["running", "completed", "failed", "cancelled", "terminated", "timed-out"])
  .describe("How Temporal sees it. How the answer itself ended is its run's `state`.")
  .meta({ id: "WorkflowState" });
export type WorkflowState = z.infer<typeof workflowStateSchema>;

/** A workflow's steps, in their order: the names of its activities. */
export const workflowStepNameSchema = z
  .enum(["validatePrompt", "generateAnswer", "finalizeAnswer", "notifyChat"])
  .meta({ id: "WorkflowStepName" });
export type WorkflowStepName = z.infer<typeof workflowStepNameSchema>;

export const workflowFailureSchema = z
  .object({
    /** An error code of a run (`provider_overloaded`), or `worker_lost` when an attempt's worker was not heard of again. */
    code: z.string(),
    /** For a person. */
    message: z.string(),
  })
  .meta({ id: "WorkflowFailure" });
export type WorkflowFailure = z.infer<typeof workflowFailureSchema>;

/** How far an attempt had come at a moment: a heartbeat's details, and what the workflow is told now and then. */
export const checkpointSchema = z
  .object({
    time: z.number(),
    attempt: z.number().int(),
    phase: phaseSchema,
    /** Pieces handed to the log, and the length of the run's text with them. */
    chunks: z.number().int(),
    characters: z.number().int(),
    /** Why this attempt ends, where it does. */
    failure: orNull(workflowFailureSchema),
  })
  .meta({ id: "Checkpoint" });
export type Checkpoint = z.infer<typeof checkpointSchema>;

export const workflowSummarySchema = z
  .object({
    id: z.string(),
    chatId: z.string(),
    state: workflowStateSchema,
    provider: providerNameSchema,
    model: z.string(),
    startedAt: z.number(),
    closedAt: z.number().nullable(),
    /** The workflow's page in Temporal's own UI, where its address is known. */
    uiUrl: z.string().nullable(),
  })
  .meta({ id: "WorkflowSummary" });
export type WorkflowSummary = z.infer<typeof workflowSummarySchema>;

export const workflowSchema = z
  .object({
    ...workflowSummarySchema.shape,
    /** The step that is going on or waits for its next attempt; null between two of them and after the last. */
    step: orNull(workflowStepNameSchema),
    /** Of that step, from 1. */
    attempt: z.number().int(),
    /** 0 for a step that is tried until it is done. */
    maximumAttempts: z.number().int(),
    /** Why the attempt before the present one failed. */
    lastFailure: orNull(workflowFailureSchema),
    nextAttemptAt: z.number().nullable(),
    /** The worker's last sign of life in this step. */
    heartbeat: orNull(checkpointSchema),
    /** What Temporal keeps of it. */
    history: z.object({ events: z.number().int(), bytes: z.number().int() }),
  })
  .meta({ id: "Workflow" });
export type Workflow = z.infer<typeof workflowSchema>;

export const workflowListReplySchema = z
  .object({ workflows: z.array(workflowSummarySchema), cursor: z.string().nullable() })
  .meta({ id: "WorkflowListReply" });
export type WorkflowListReply = z.infer<typeof workflowListReplySchema>;

export const workflowStatusReplySchema = z
  .object({
    /** From the chat's log: it answers whether a worker runs or not. `phase` and `attempt` are the readers'. */
    ...statusReplySchema.shape,
    /** How far the answer is, where that can be known: 100 when it is complete, an estimate where the ask has a limit. */
    percent: z.number().nullable(),
    /** Null while Temporal can't be asked, or knows no such workflow; `reason` says which. */
    workflow: orNull(workflowSchema),
    reason: z.string().nullable(),
    why: orNull(whySchema),
  })
  .meta({ id: "WorkflowStatusReply" });
export type WorkflowStatusReply = z.infer<typeof workflowStatusReplySchema>;

export const workflowStepStateSchema = z.enum(["waiting", "running", "completed", "failed", "cancelled"]);

export const workflowStepSchema = z
  .object({
    name: workflowStepNameSchema,
    /** What Temporal's UI shows beside its name. */
    summary: z.string().nullable(),
    state: workflowStepStateSchema,
    scheduledAt: z.number(),
    startedAt: z.number().nullable(),
    endedAt: z.number().nullable(),
    /** 0 for one that is tried until it is done. */
    maximumAttempts: z.number().int(),
    /** In order; the last one is the present one, or the one that ended the step. */
    attempts: z.array(
      z.object({
        attempt: z.number().int(),
        startedAt: z.number().nullable(),
        endedAt: z.number().nullable(),
        failure: orNull(workflowFailureSchema),
      }),
    ),
  })
  .meta({ id: "WorkflowStep" });
export type WorkflowStep = z.infer<typeof workflowStepSchema>;

export const workflowTimelineReplySchema = z
  .object({
    id: z.string(),
    state: workflowStateSchema,
    startedAt: z.number(),
    closedAt: z.number().nullable(),
    /** Why the workflow failed, where it did. */
    failure: orNull(workflowFailureSchema),
    steps: z.array(workflowStepSchema),
    checkpoints: z.array(checkpointSchema),
  })
  .meta({ id: "WorkflowTimelineReply" });
export type WorkflowTimelineReply = z.infer<typeof workflowTimelineReplySchema>;

/** What the chat asks of the bridge: ids and names only. */
export const workflowStartSchema = z.strictObject({
  run: z.string(),
  chatId: z.string(),
  provider: providerNameSchema,
  model: z.string(),
  /** Stands for the chat's owner where workflows are listed; not the person's id. */
  owner: z.string(),
});
export type WorkflowStart = z.infer<typeof workflowStartSchema>;

/** What a list is narrowed by; each of them is a search attribute of Temporal's or a property it has. */
export const workflowFilterSchema = z.object({
  owner: z.string().optional(),
  chatId: z.string().optional(),
  state: workflowStateSchema.optional(),
  provider: providerNameSchema.optional(),
  model: z.string().max(200).optional(),
  limit: z.coerce.number().int().min(1).max(100).optional(),
  cursor: z.string().max(4_000).optional(),
});
export type WorkflowFilter = z.infer<typeof workflowFilterSchema>;

/** As any other ask; the tier is told by the address. */
export const workflowStartRequestSchema = generateRequestSchema
  .extend({ tier: z.literal("temporal").optional() })
  .meta({ id: "WorkflowStartRequest" });

const workflowLinksSchema = z.object({
  status: z.string(),
  chunks: z.string(),
  result: z.string(),
  timeline: z.string(),
  cancel: z.string(),
  /** The same run for readers: server-sent events, WebSocket, and its chat. */
  stream: z.string(),
  socket: z.string(),
  chat: z.string(),
});

export const workflowStartReplySchema = z
  .object({ id: z.string(), chatId: z.string(), links: workflowLinksSchema })
  .meta({ id: "WorkflowStartReply" });

export const workflowResultReplySchema = z
  .object({
    id: z.string(),
    chatId: z.string(),
    over: z.boolean().describe("False when the time to wait was up first."),
    state: z.union([z.literal("running"), runStatusSchema]),
    text: z.string().describe("What is promised so far: all of the answer when it is over."),
    finish: orNull(finishSchema),
    error: orNull(runErrorSchema),
    replacedBy: z.string().nullable(),
    receipt: orNull(receiptSchema),
    links: workflowLinksSchema,
  })
  .meta({ id: "WorkflowResultReply" });
export type WorkflowResultReply = z.infer<typeof workflowResultReplySchema>;
