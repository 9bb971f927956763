// What all routes share in the OpenAPI document.
import type { z } from "@hono/zod-openapi";
import { problemSchema } from "../protocol/problems.ts";
import { streamEventSchema } from "../protocol/requests.ts";

const MEANING: Record<number, string> = {
  400: "The request is not valid",
  401: "The bearer token is not valid",
  403: "It belongs to somebody else, or this caller may not do that",
  404: "There is no such thing",
  405: "This address does not take that method",
  409: "The state does not allow that",
  413: "The request is too large",
  415: "The body is not JSON",
  422: "The request can't be carried out here",
  424: "The answer did not end well",
  429: "A limit was reached",
  500: "Something went wrong here",
  503: "What is behind it can't be reached",
};

/** The problem responses a route may give; every route may give 401, 403, 429, 500 and 503. */
export function problems(...statuses: number[]) {
  return problemsAs(problemSchema, ...statuses);
}

/** The same, where a problem says more than usual. */
export function problemsAs(schema: z.ZodType, ...statuses: number[]) {
  const content = { "application/problem+json": { schema } };
  const all = [...new Set([...statuses, 401, 403, 429, 500, 503])];
  return Object.fromEntries(all.map((status) => [status, { description: MEANING[status] ?? "Problem", content }]));
}

export function json<Schema extends z.ZodType>(schema: Schema, description: string) {
  return { description, content: { "application/json": { schema } } };
}

/** A response that is a stream of records; its schema is that of each event. */
export const eventStream = { "text/event-stream": { schema: streamEventSchema } };
