// What the answers of the asker's tenant cost, and what the cache spared.
import { createRoute, z } from "@hono/zod-openapi";
import { statsReplySchema, statsWindowSchema } from "../../protocol/requests.ts";
import { json, problems } from "../openapi.ts";
import { createRouter } from "../router.ts";
import { statsOf } from "../stats.ts";

const statsRoute = createRoute({
  method: "get",
  path: "/api/stats",
  summary: "What answers cost, and what the cache spared",
  description: "Of the asker's tenant: whoever may share answers with the asker.",
  request: { query: z.object({ window: statsWindowSchema.default("24h") }) },
  responses: { 200: json(statsReplySchema, "Totals, latencies and a time series"), ...problems(400) },
});

export const statsRoutes = createRouter();

statsRoutes.openapi(statsRoute, async (c) => {
  const { services, identity } = c.var;
  return c.json(await statsOf(services, identity.tenant, c.req.valid("query").window, Date.now()), 200);
});
