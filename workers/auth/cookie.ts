// The cookie that says who is asking. Over TLS its name keeps other hosts of the same domain from setting it.
import type { Context } from "hono";
import { deleteCookie, setCookie } from "hono/cookie";
import { createMiddleware } from "hono/factory";
import type { AppEnv } from "../app-env.ts";

/** As long as browsers keep one. */
const COOKIE_SECONDS = 400 * 24 * 3600;

const isSecure = (url: string): boolean => new URL(url).protocol === "https:";

export const cookieName = (url: string): string => (isSecure(url) ? "__Host-keepstream" : "keepstream");

const options = (url: string) => ({ path: "/", httpOnly: true, sameSite: "Lax", secure: isSecure(url) }) as const;

export function keepCookie(c: Context<AppEnv>, secret: string): void {
  const { url } = c.req;
  setCookie(c, cookieName(url), secret, { ...options(url), maxAge: COOKIE_SECONDS });
}

export function dropCookie(c: Context<AppEnv>): void {
  deleteCookie(c, cookieName(c.req.url), options(c.req.url));
}

/**
 * Gives whoever has no session yet one to keep. Only where something of theirs was made: a page's first requests go out
 * together, and were each to bring a person of its own, the last to arrive would own nothing.
 */
export const keepSession = createMiddleware<AppEnv>(async (c, next) => {
  await next();
  // After the route: a response that comes from an object does not carry over headers that were set before it.
  if (c.var.newSession !== undefined && c.res.ok) keepCookie(c, c.var.newSession);
});
