// Where a request stands in its trace, and the line that tells of it when it is done.
import { getLogger } from "@logtape/logtape";
import type { Context } from "hono";
import { createMiddleware } from "hono/factory";
import { routePath } from "hono/route";
import { nextSpan, parseTrace, traceFields } from "../protocol/trace.ts";
import type { AppEnv } from "./app-env.ts";

const logger = getLogger(["keepstream", "edge"]);

/** A chat's id, with a run's number where it is a run's: a whole part of a path. The token of a shared chat is none. */
const TARGET = /\/(([0-9a-f]{64})(?:\.\d+)?)(?=\/|$)/;
/** What a producer sends several times a second. */
const OFTEN = "/internal/runs/:id/append";

/** Goes on with the caller's trace, or begins one. Addresses are told by their route: a path or a query may hold secrets. */
export const traceRequest = createMiddleware<AppEnv>(async (c, next) => {
  const parent = parseTrace(c.req.header("traceparent"));
  const span = nextSpan(parent, Math.random);
  c.set("trace", span);
  const began = Date.now();
  await next();
  const route = routePath(c, -1);
  const told = () => ({
    requestId: c.var.requestId,
    method: c.req.method,
    route,
    status: c.res.status,
    ms: Date.now() - began,
    ...targetOf(c),
    ...traceFields(span, parent),
  });
  if (route === OFTEN) logger.debug("request", told);
  else logger.info("request", told);
});

/** The chat and the run that it was about: those of its address, or those that it brought about. */
function targetOf(c: Context<AppEnv>): { chat?: string; run?: string } {
  const { headers } = c.res;
  const begun = headers.get("location") ?? `/${headers.get("x-run-id") ?? ""}`;
  const [, id, chat] = TARGET.exec(c.req.path) ?? TARGET.exec(begun) ?? [];
  return chat === undefined ? {} : { chat, ...(id !== chat && { run: id }) };
}
