// The caller themselves: who they are here, what they may use and have used.
import { createRoute } from "@hono/zod-openapi";
import { meReplySchema } from "../../protocol/access.ts";
import { limitsOf } from "../limits.ts";
import { json, problems } from "../openapi.ts";
import { createRouter } from "../router.ts";

const meRoute = createRoute({
  method: "get",
  path: "/api/me",
  summary: "Who you are here, and what you may use",
  responses: { 200: json(meReplySchema, "You"), ...problems() },
});

export const meRoutes = createRouter();

meRoutes.openapi(meRoute, async (c) => {
  const { identity, services } = c.var;
  const { person, tenant, scopes, admin } = identity;
  const limits = limitsOf(identity, services.settings, c.req.url);
  const usage = await services.person(person).usage(Date.now());
  return c.json({ person, tenant, scopes: [...scopes], admin, limits, usage }, 200);
});
