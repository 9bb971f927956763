// What every response tells the browser that got it. A page's own policy, where it has one, stays.
import { createMiddleware } from "hono/factory";
import type { AppEnv } from "./app-env.ts";

/** Of what is not a page: it may load nothing and be shown in nothing. */
const NOT_A_PAGE = "default-src 'none'; frame-ancestors 'none'";

/** Of the API's own pages. Scripts come from files of ours only. */
export const PAGE_POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self' data:; " +
  "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

export const securityHeaders = createMiddleware<AppEnv>(async (c, next) => {
  await next();
  if (c.res.status === 101) return;
  c.header("x-content-type-options", "nosniff");
  c.header("referrer-policy", "no-referrer");
  if (!c.res.headers.has("content-security-policy")) c.header("content-security-policy", NOT_A_PAGE);
  if (!c.res.headers.has("cache-control")) c.header("cache-control", "no-store");
  if (new URL(c.req.url).protocol === "https:") c.header("strict-transport-security", "max-age=31536000");
});
