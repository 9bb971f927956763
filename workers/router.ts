// A router of the API: its requests are checked against their schemas, and what does not fit is told field by field.
import { OpenAPIHono } from "@hono/zod-openapi";
import { problemResponse } from "../protocol/problems.ts";
import type { AppEnv } from "./app-env.ts";
import { invalidRequest } from "./problem.ts";

export function createRouter(): OpenAPIHono<AppEnv> {
  return new OpenAPIHono<AppEnv>({
    defaultHook: async (result, c) => {
      if (result.success) return;
      // A request may come without a body; that is what was wrong with it then.
      const body = result.target === "json" ? await c.req.json().catch(() => ({})) : {};
      return problemResponse(invalidRequest(result.error, body), c.get("requestId"));
    },
  });
}
