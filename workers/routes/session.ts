// Coming in and going out: a token for whoever keeps no cookies, and a cookie for whoever has a token.
import { createRoute } from "@hono/zod-openapi";
import { sessionReplySchema } from "../../protocol/requests.ts";
import { dropCookie, keepCookie } from "../auth/cookie.ts";
import { createSession } from "../auth/session.ts";
import { json, problems } from "../openapi.ts";
import { refuse } from "../problem.ts";
import { createRouter } from "../router.ts";

const enterRoute = createRoute({
  method: "post",
  path: "/api/session",
  summary: "Come in",
  description:
    "Without a bearer token: one for a new anonymous person, where the deployment is open to them; send it as " +
    "`Authorization: Bearer …`. With one: the same token as a cookie, so that a browser comes in by it.",
  responses: { 201: json(sessionReplySchema, "The token"), ...problems(403) },
});

const leaveRoute = createRoute({
  method: "delete",
  path: "/api/session",
  summary: "Go out: the browser forgets its cookie",
  responses: { 204: { description: "It is forgotten" }, ...problems(403) },
});

export const sessionRoutes = createRouter();

sessionRoutes.openapi(enterRoute, async (c) => {
  const { services, identity } = c.var;
  const [, token] = /^Bearer (\S+)$/i.exec(c.req.header("authorization") ?? "") ?? [];
  if (token) {
    keepCookie(c, token);
    return c.json({ person: identity.person, token }, 201);
  }
  if (services.settings.AUTH_MODE !== "open") {
    refuse("unauthenticated", "This deployment knows its people: send Authorization: Bearer with a token of yours.");
  }
  return c.json(await createSession(await services.sessionSecret()), 201);
});

sessionRoutes.openapi(leaveRoute, (c) => {
  dropCookie(c);
  return c.body(null, 204);
});
