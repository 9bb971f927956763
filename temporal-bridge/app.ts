// The bridge's API: workflows for those who hold the deployment's bridge token; health and metrics for those who look
// after it.
import { prometheus } from "@hono/prometheus";
import { Hono } from "hono";
import { bodyLimit } from "hono/body-limit";
import { collectDefaultMetrics, Gauge, Registry } from "prom-client";
import type { z } from "zod";
import { isSecret } from "../protocol/digest.ts";
import { parseTarget } from "../protocol/ids.ts";
import { type Failure, problemStatus, toProblem } from "../protocol/problems.ts";
import { nextSpan, parseTrace, traceFields } from "../protocol/trace.ts";
import { workflowFilterSchema, workflowStartSchema } from "../protocol/workflows.ts";
import type { Log } from "./log.ts";
import { BadQuestion, type Temporal, Unreachable } from "./temporal.ts";

export interface AppOptions {
  temporal: Temporal;
  token: string;
  log: Log;
}

const MAX_BODY_BYTES = 10_000;

class Refusal extends Error {
  readonly failure: Failure;
  constructor(failure: Failure) {
    super(failure.detail);
    this.failure = failure;
  }
}

export function createApp({ temporal, token, log }: AppOptions): Hono {
  const app = new Hono();
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const reachable = new Gauge({
    name: "keepstream_temporal_reachable",
    help: "Whether Temporal answered when it was last asked for the health check.",
    registers: [registry],
  });
  const { printMetrics, registerMetrics } = prometheus({ registry, prefix: "keepstream_bridge_" });

  app.use(registerMetrics);
  app.onError((error) => {
    if (error instanceof Refusal) return problem(error.failure);
    if (error instanceof BadQuestion) return problem({ code: "bad_request", detail: error.message });
    if (error instanceof Unreachable) return problem({ code: "tier_unavailable", detail: error.message }, 503);
    log("unexpected", { error: String(error) });
    return problem({ code: "internal", detail: "Something went wrong in the bridge; its log says what." });
  });
  app.notFound((c) =>
    problem({ code: "not_found", detail: `There is no ${c.req.method} ${c.req.path.slice(0, 100)}.` }),
  );

  app.get("/health", async (c) => {
    const before = Date.now();
    try {
      await temporal.ping();
      reachable.set(1);
      return c.json({ status: "ok", temporal: { latencyMs: Date.now() - before } });
    } catch (error) {
      reachable.set(0);
      const detail = error instanceof Error ? error.message : String(error);
      return problem({ code: "tier_unavailable", detail }, 503);
    }
  });
  app.get("/metrics", printMetrics);

  app.use("/workflows/*", async (c, next) => {
    const [, given] = /^Bearer (\S+)$/i.exec(c.req.header("authorization") ?? "") ?? [];
    if (!given || !(await isSecret(given, token)))
      refuse("unauthenticated", "This takes the deployment's bridge token.");
    await next();
  });
  app.use("/workflows/*", bodyLimit({ maxSize: MAX_BODY_BYTES }));

  app.post("/workflows", async (c) => {
    const body: unknown = await c.req.json().catch(() => refuse("bad_request", "The body is not JSON."));
    const start = checked(workflowStartSchema, body);
    const run = runId(start.run);
    const parent = parseTrace(c.req.header("traceparent"));
    const span = nextSpan(parent, Math.random);
    const workflow = await temporal.start(start, span);
    log("workflow started", { run, ...traceFields(span, parent) }, "info");
    return c.json(workflow);
  });
  app.get("/workflows", async (c) => c.json(await temporal.list(checked(workflowFilterSchema, c.req.query()))));
  app.get("/workflows/:id", async (c) => c.json(found(await temporal.describe(runId(c.req.param("id"))))));
  app.get("/workflows/:id/timeline", async (c) => c.json(found(await temporal.timeline(runId(c.req.param("id"))))));
  app.post("/workflows/:id/cancel", async (c) => c.json(found(await temporal.cancel(runId(c.req.param("id")))), 202));
  return app;
}

function problem(failure: Failure, status: number = problemStatus(failure.code)): Response {
  const body = JSON.stringify({ ...toProblem(failure, ""), status });
  return new Response(body, { status, headers: { "content-type": "application/problem+json" } });
}

function refuse(code: Failure["code"], detail: string): never {
  throw new Refusal({ code, detail });
}

function found<T>(value: T | null): T {
  return value ?? refuse("unknown_run", "Temporal knows no such workflow.");
}

function runId(id: string): string {
  return parseTarget(id)?.run ? id : refuse("bad_request", "A workflow's id is its run's id.");
}

function checked<Schema extends z.ZodType>(schema: Schema, value: unknown): z.infer<Schema> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  return refuse(
    "bad_request",
    parsed.error.issues.map(({ path, message }) => `${path.join(".")}: ${message}`).join("; "),
  );
}
