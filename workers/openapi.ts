// What all routes share in the OpenAPI document.
import type { z } from "@hono/zod-openapi";
import { problemSchema } from "../protocol/problems.ts";
import { streamEventSchema } from "../protocol/requests.ts";

const problem = { "application/problem+json": { schema: problemSchema } };

const MEANING: Record<number, string> = {
  400: "The request is not valid",
  401: "The bearer token is not valid",
  403: "It belongs to somebody else",
  404: "There is no such thing",
  405: "This address does not take that method",
  409: "The state does not allow that",
  413: "The request is too large",
  415: "The body is not JSON",
  422: "The request can't be carried out here",
  429: "A limit was reached",
  500: "Something went wrong here",
};

/** The problem responses a route may give; every route may give 401 and 500. */
export function problems(...statuses: number[]) {
  const all = [...new Set([...statuses, 401, 500])];
  return Object.fromEntries(
    all.map((status) => [status, { description: MEANING[status] ?? "Problem", content: problem }]),
  );
}

export function json<Schema extends z.ZodType>(schema: Schema, description: string) {
  return { description, content: { "application/json": { schema } } };
}

/** A response that is a stream of records; its schema is that of each event. */
export const eventStream = { "text/event-stream": { schema: streamEventSchema } };
