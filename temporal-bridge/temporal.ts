// Temporal, as the bridge asks it. Every question has a deadline and none is put to a worker, so the answers are the same
// whether one runs or not.
import { createHmac } from "node:crypto";
import { Client, Connection, WorkflowExecutionAlreadyStartedError } from "@temporalio/client";
import { defineSearchAttributeKey } from "@temporalio/common";
import type {
  Workflow,
  WorkflowFilter,
  WorkflowListReply,
  WorkflowStart,
  WorkflowTimelineReply,
} from "../protocol/workflows.ts";
import { SEARCH_ATTRIBUTES, type SearchAttribute } from "./attributes.ts";
import { WORKFLOW_TYPE, type WorkflowInput } from "./contract.ts";
import { failureOf, STATUS_NAMES, summaryOf, timelineOf, workflowOf } from "./history.ts";
import type { Log } from "./log.ts";
import type { BridgeSettings } from "./settings.ts";

export interface Temporal {
  /** Starts a run's workflow, or finds it started, whether it goes on or has ended. `trace` is the span that does. */
  start(start: WorkflowStart, trace?: string): Promise<Workflow>;
  describe(run: string): Promise<Workflow | null>;
  list(filter: WorkflowFilter): Promise<WorkflowListReply>;
  timeline(run: string): Promise<WorkflowTimelineReply | null>;
  /** Null when there is no such workflow. Cancelling one that has ended changes nothing. */
  cancel(run: string): Promise<Workflow | null>;
  /** Rejects when Temporal can't be reached. */
  ping(): Promise<void>;
  close(): Promise<void>;
}

/** Temporal can't be reached, or does not answer in time. */
export class Unreachable extends Error {}

/** It was asked for something that makes no sense. */
export class BadQuestion extends Error {}

const DEADLINE_MS = 4_000;
const PAGE = 50;
/** gRPC's codes. */
const NOT_FOUND = 5;
const INVALID_ARGUMENT = 3;
const KEYWORD = 2;
const CLOSE_EVENT = 2;

export function connectTemporal(settings: BridgeSettings, log: Log): Temporal {
  const { address, namespace, apiKey, tls, taskQueue, uiUrl } = settings;
  const connection = Connection.lazy({ address, tls, ...(apiKey && { apiKey }) });
  const client = new Client({ connection, namespace });
  const { workflowService, operatorService } = connection;
  let attributesKnown = false;
  let attributesUsable = true;

  const uiOf = (workflowId: string, runId: string) =>
    uiUrl ? `${uiUrl}/namespaces/${namespace}/workflows/${encodeURIComponent(workflowId)}/${runId}/history` : null;

  // One that is made up would be put to Temporal again and again until the deadline, so a cursor has a seal.
  const sealOf = (token: Uint8Array) =>
    createHmac("sha256", settings.token).update(token).digest("base64url").slice(0, 16);
  const sealed = (token: Uint8Array) => `${Buffer.from(token).toString("base64url")}.${sealOf(token)}`;
  function opened(cursor: string): Uint8Array {
    const [text = "", seal] = cursor.split(".");
    const token = Buffer.from(text, "base64url");
    if (seal !== sealOf(token)) throw new BadQuestion("The cursor is not one that was given here.");
    return token;
  }

  /** Whatever is asked is answered within the deadline, one way or the other. */
  async function within<T>(question: () => Promise<T>): Promise<T> {
    try {
      return await connection.withDeadline(Date.now() + DEADLINE_MS, question);
    } catch (error) {
      const code = codeOf(error);
      if (code === NOT_FOUND || code === INVALID_ARGUMENT || error instanceof WorkflowExecutionAlreadyStartedError)
        throw error;
      throw new Unreachable(`Temporal at ${address} does not answer.`, { cause: error });
    }
  }

  /** Null for what Temporal does not know. */
  async function known<T>(question: () => Promise<T>): Promise<T | null> {
    return within(question).catch((error) => {
      if (codeOf(error) === NOT_FOUND) return null;
      throw error;
    });
  }

  /** The attributes by which workflows are found are made where they are missing and that is allowed. */
  async function ensureAttributes(): Promise<void> {
    if (attributesKnown) return;
    attributesKnown = true;
    try {
      const { customAttributes } = await within(() => operatorService.listSearchAttributes({ namespace }));
      const missing = SEARCH_ATTRIBUTES.filter((name) => !customAttributes?.[name]);
      if (missing.length === 0) return;
      const searchAttributes = Object.fromEntries(missing.map((name) => [name, KEYWORD]));
      await within(() => operatorService.addSearchAttributes({ namespace, searchAttributes }));
      log("search attributes added", { missing }, "info");
    } catch (error) {
      if (error instanceof Unreachable) attributesKnown = false;
      log("search attributes could not be looked after; see docs/tiers/temporal.md", { error: String(error) });
    }
  }

  async function start(asked: WorkflowStart, trace: string | undefined): Promise<void> {
    const { run, chatId, provider, model, owner } = asked;
    const values: Record<SearchAttribute, string> = { ChatId: chatId, Provider: provider, Model: model, Owner: owner };
    const attributes = SEARCH_ATTRIBUTES.map((name) => ({
      key: defineSearchAttributeKey(name, "KEYWORD"),
      value: values[name],
    }));
    const input: WorkflowInput = { run, provider, model, ...(trace && { trace }) };
    await within(() =>
      client.workflow.start(WORKFLOW_TYPE, {
        workflowId: run,
        taskQueue,
        args: [input],
        workflowIdConflictPolicy: "USE_EXISTING",
        workflowIdReusePolicy: "REJECT_DUPLICATE",
        // A worker that dies with a workflow task in hand is not waited for.
        workflowTaskTimeout: "2s",
        memo: { chatId, provider, model },
        staticSummary: `${model} at ${provider}`,
        ...(attributesUsable && { typedSearchAttributes: attributes }),
      }),
    );
  }

  /** Why a workflow ended, where it failed. */
  async function closeFailure(workflowId: string, runId: string) {
    const execution = { workflowId, runId };
    const question = { namespace, execution, historyEventFilterType: CLOSE_EVENT };
    const reply = await known(() => workflowService.getWorkflowExecutionHistory(question));
    return failureOf(reply?.history?.events?.at(-1)?.workflowExecutionFailedEventAttributes?.failure);
  }

  async function describeRaw(run: string) {
    const reply = await known(() =>
      workflowService.describeWorkflowExecution({ namespace, execution: { workflowId: run } }),
    );
    const info = reply?.workflowExecutionInfo;
    return reply && info ? { info, pending: reply.pendingActivities ?? [], summary: summaryOf(info, uiOf) } : null;
  }

  async function describe(run: string): Promise<Workflow | null> {
    const raw = await describeRaw(run);
    if (!raw) return null;
    const { info, pending, summary } = raw;
    const failed = summary.state === "failed" ? await closeFailure(run, info.execution?.runId ?? "") : null;
    return workflowOf(summary, info, pending, failed);
  }

  return {
    async start(asked, trace) {
      await ensureAttributes();
      try {
        await start(asked, trace);
      } catch (error) {
        if (codeOf(error) === INVALID_ARGUMENT && attributesUsable && /search attribute/i.test(String(error))) {
          attributesUsable = false;
          log("workflows are started without search attributes; see docs/tiers/temporal.md", { error: String(error) });
          await start(asked, trace);
        } else if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
      }
      const workflow = await describe(asked.run);
      if (!workflow) throw new Unreachable("Temporal does not know yet what it has just started.");
      return workflow;
    },

    describe,

    async list(filter) {
      const nextPageToken = filter.cursor ? opened(filter.cursor) : new Uint8Array();
      const question = { namespace, query: queryOf(filter), pageSize: filter.limit ?? PAGE, nextPageToken };
      const reply = await within(() => workflowService.listWorkflowExecutions(question));
      const cursor = reply.nextPageToken?.length ? sealed(reply.nextPageToken) : null;
      return { workflows: (reply.executions ?? []).map((info) => summaryOf(info, uiOf)), cursor };
    },

    async timeline(run) {
      const raw = await describeRaw(run);
      if (!raw) return null;
      const runId = raw.info.execution?.runId ?? undefined;
      const history = await known(() => client.workflow.getHandle(run, runId).fetchHistory());
      if (!history) return null;
      const { id, state, startedAt, closedAt } = raw.summary;
      return { id, state, startedAt, closedAt, ...timelineOf(history.events ?? [], raw.pending) };
    },

    async cancel(run) {
      const execution = { workflowId: run };
      const question = { namespace, workflowExecution: execution, identity: "bridge", requestId: `cancel ${run}` };
      await known(() => workflowService.requestCancelWorkflowExecution(question));
      return describe(run);
    },

    async ping() {
      await within(() => workflowService.getSystemInfo({}));
      await ensureAttributes();
    },

    close: () => connection.close(),
  };
}

function codeOf(error: unknown): number | undefined {
  const { code, cause } = error as { code?: unknown; cause?: { code?: unknown } };
  const found = code ?? cause?.code;
  return typeof found === "number" ? found : undefined;
}

/** A list's filter in Temporal's query language, every value quoted. */
export function queryOf({ owner, chatId, state, provider, model }: WorkflowFilter): string {
  const is = (name: string, value: string | undefined) =>
    value === undefined ? [] : [`${name} = '${value.replace(/\\/g, "\\\\").replace(/'/g, "\\'")}'`];
  return [
    ...is("WorkflowType", WORKFLOW_TYPE),
    ...is("Owner", owner),
    ...is("ChatId", chatId),
    ...is("ExecutionStatus", state && STATUS_NAMES[state]),
    ...is("Provider", provider),
    ...is("Model", model),
  ].join(" AND ");
}
