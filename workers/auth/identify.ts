// The door: whoever holds a bearer token (one of `API_TOKENS`, or a session's), or a session cookie, is let in as the
// person it stands for. Whoever has neither is given a session.
import { getCookie, setCookie } from "hono/cookie";
import { createMiddleware } from "hono/factory";
import type { AppEnv } from "../app-env.ts";
import { refuse } from "../problem.ts";
import type { Services } from "../services.ts";
import { anonymous, type Identity } from "./identity.ts";
import { createSession, verifySession } from "./session.ts";

const COOKIE = "keepstream";
/** As long as browsers keep one. */
const COOKIE_SECONDS = 400 * 24 * 3600;

async function bearer(services: Services, header: string): Promise<Identity | undefined> {
  const [, token] = /^Bearer (\S+)$/i.exec(header) ?? [];
  if (!token) return undefined;
  const configured = await services.apiToken(token);
  if (configured) return configured;
  const session = await verifySession(await services.sessionSecret(), token);
  return session && anonymous(session.person);
}

/** Sets `identity` for the routes behind it. */
export const identify = createMiddleware<AppEnv>(async (c, next) => {
  const { services } = c.var;
  const header = c.req.header("authorization");
  if (header !== undefined) {
    const identity = await bearer(services, header);
    if (!identity)
      refuse("unauthenticated", "The bearer token is not valid. Get one by POST /api/session, or send none.");
    c.set("identity", identity);
    await next();
    return;
  }
  const secret = await services.sessionSecret();
  const cookie = getCookie(c, COOKIE);
  const known = cookie && (await verifySession(secret, cookie));
  const session = known || (await createSession(secret));
  c.set("identity", anonymous(session.person));
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
