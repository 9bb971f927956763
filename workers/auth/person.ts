// Who is asking: the holder of a bearer token (one of `API_TOKENS`, or a session's), or of a session cookie. Whoever
// has neither is given a session.
import { getCookie, setCookie } from "hono/cookie";
import { createMiddleware } from "hono/factory";
import type { AppEnv } from "../app-env.ts";
import { refuse } from "../problem.ts";
import { createSession, verifySession } from "./session.ts";

const COOKIE = "keepstream";
/** As long as browsers keep one. */
const COOKIE_SECONDS = 400 * 24 * 3600;

async function tokenPerson(token: string): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(token)));
  return `token:${[...digest.slice(0, 16)].map((byte) => byte.toString(16).padStart(2, "0")).join("")}`;
}

async function bearerPerson(header: string, secret: string, tokens: string[]): Promise<string | undefined> {
  const [, token] = /^Bearer (\S+)$/i.exec(header) ?? [];
  if (!token) return undefined;
  if (tokens.includes(token)) return tokenPerson(token);
  return (await verifySession(secret, token))?.person;
}

/** Sets `person` for the routes behind it. */
export const identify = createMiddleware<AppEnv>(async (c, next) => {
  const { sessionSecret, settings } = c.var.services;
  const secret = await sessionSecret();
  const header = c.req.header("authorization");
  if (header !== undefined) {
    const person = await bearerPerson(header, secret, settings.API_TOKENS);
    if (!person)
      refuse("unauthenticated", "The bearer token is not valid. Get one by POST /api/session, or send none.");
    c.set("person", person);
    await next();
    return;
  }
  const cookie = getCookie(c, COOKIE);
  const known = cookie && (await verifySession(secret, cookie));
  const session = known || (await createSession(secret));
  c.set("person", session.person);
  if (!known) c.set("newSession", session.token);
  await next();
});

/**
 * Gives whoever has no session yet one to keep. Only where something of theirs was made: a page's first requests go out
 * together, and were each to bring a person of its own, the last to arrive would own nothing.
 */
export const keepSession = createMiddleware<AppEnv>(async (c, next) => {
  await next();
  // After the route: a response that comes from an object does not carry over headers that were set before it.
  if (c.var.newSession === undefined || !c.res.ok) return;
  const secure = new URL(c.req.url).protocol === "https:";
  const options = { path: "/", httpOnly: true, sameSite: "Lax", secure, maxAge: COOKIE_SECONDS } as const;
  setCookie(c, COOKIE, c.var.newSession, options);
});
