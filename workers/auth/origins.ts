// Which pages may call. A browser says by `Origin` on whose behalf it asks; the deployment's own page and those of
// `ALLOWED_ORIGINS` may do all that their caller may, others nothing that changes anything or opens a socket. So a cookie
// is of no use to a page of somebody else's. Whatever is not a browser sends no `Origin`.
import type { Context } from "hono";
import { createMiddleware } from "hono/factory";
import type { AppEnv } from "../app-env.ts";
import { refuse } from "../problem.ts";

const SAFE = new Set(["GET", "HEAD", "OPTIONS"]);
const ONE_DAY = "86400";

const ALLOW = {
  "access-control-allow-methods": "GET, POST, PATCH, DELETE",
  "access-control-max-age": ONE_DAY,
};
const HEADERS =
  "authorization, content-type, idempotency-key, last-event-id, traceparent, x-chat-id, x-request-id, user-agent, openai-organization, openai-project";
/** What OpenAI's SDKs tell of themselves with every request. */
const OF_SDKS = /^x-stainless-[a-z-]{1,40}$/;
const EXPOSED =
  "x-request-id, x-run-id, x-chat-id, location, retry-after, ratelimit, ratelimit-policy, cache-status, age, content-disposition";

/** The page's own host, whatever stands in front of this Worker and ends TLS for it. */
function isOwn(c: Context<AppEnv>, origin: string): boolean {
  return URL.canParse(origin) && new URL(origin).host === new URL(c.req.url).host;
}

/** The headers that a page may send, with those of an SDK that it asks for. */
function allowedHeaders(asked: string): string {
  const names = asked.split(",").map((name) => name.trim().toLowerCase());
  return [HEADERS, ...names.filter((name) => OF_SDKS.test(name))].join(", ");
}

export const checkOrigin = createMiddleware<AppEnv>(async (c, next) => {
  const origin = c.req.header("origin");
  if (origin === undefined || isOwn(c, origin)) return next();
  const allowed = c.var.services.settings.ALLOWED_ORIGINS.includes(origin);
  if (allowed && c.req.method === "OPTIONS" && c.req.header("access-control-request-method")) {
    const headers = {
      ...ALLOW,
      "access-control-allow-headers": allowedHeaders(c.req.header("access-control-request-headers") ?? ""),
      "access-control-allow-origin": origin,
      vary: "origin, access-control-request-headers",
    };
    return new Response(null, { status: 204, headers });
  }
  if (!allowed && (!SAFE.has(c.req.method) || c.req.header("upgrade"))) {
    refuse("forbidden", `Pages of ${origin.slice(0, 100)} may not do that here. ALLOWED_ORIGINS names those that may.`);
  }
  await next();
  if (!allowed || c.res.status === 101) return;
  c.header("access-control-allow-origin", origin);
  c.header("access-control-expose-headers", EXPOSED);
  c.header("vary", "origin", { append: true });
});
