// The door, as every request goes through it: sets `identity` for the routes behind it, or refuses.
import type { Context } from "hono";
import { getCookie } from "hono/cookie";
import { createMiddleware } from "hono/factory";
import type { AppEnv } from "../app-env.ts";
import { expect, refuse } from "../problem.ts";
import { brakeStranger } from "./brake.ts";
import { cookieName } from "./cookie.ts";
import { anonymous, type Identity } from "./identity.ts";
import { needOf } from "./needs.ts";
import { closedToStrangers } from "./open.ts";
import { createSession } from "./session.ts";

const HOW = {
  open: "Get one by POST /api/session, or send none.",
  token: "Send Authorization: Bearer with a token of this deployment.",
  access: "Come through Cloudflare Access, or send Authorization: Bearer with a token of this deployment.",
} as const;

/** Whoever proved to be somebody. A bearer token that is nobody's is refused; a cookie that is nobody's is none. */
async function proven(c: Context<AppEnv>): Promise<Identity | undefined> {
  const { door, settings } = c.var.services;
  const stranger = () => brakeStranger(c);
  const header = c.req.header("authorization");
  if (header !== undefined) {
    const [, token] = /^Bearer (\S+)$/i.exec(header) ?? [];
    const identity = token && (await door.secret(token, stranger));
    if (!identity) refuse("unauthenticated", `The bearer token is not valid. ${HOW[settings.AUTH_MODE]}`);
    return identity;
  }
  const assertion = c.req.header("cf-access-jwt-assertion");
  const cookie = getCookie(c, cookieName(c.req.url));
  return (
    (assertion && expect(await door.assertion(assertion))) ||
    (cookie && (await door.secret(cookie, stranger))) ||
    undefined
  );
}

export const identify = createMiddleware<AppEnv>(async (c, next) => {
  const { services } = c.var;
  const mode = services.settings.AUTH_MODE;
  const need = needOf(c.req.method, c.req.path);
  const identity = (await proven(c)) ?? (mode === "open" ? await somebodyNew(c) : undefined);
  if (identity) c.set("identity", identity);
  else if (need !== "nobody") refuse("unauthenticated", `Nobody is known to be asking. ${HOW[mode]}`);
  if (need !== "nobody" && need !== "anybody") {
    const allowed = need === "admin" ? identity?.admin : identity?.scopes.includes(need);
    if (!allowed) refuse("forbidden", `This needs ${need === "admin" ? "the admin's token" : `the scope ${need}`}.`);
  }
  const closed = need === "ask" && identity && closedToStrangers(services, identity, c.req.url);
  if (closed) refuse("forbidden", closed);
  await next();
});

async function somebodyNew(c: Context<AppEnv>): Promise<Identity> {
  const session = await createSession(await c.var.services.sessionSecret());
  c.set("newSession", session.token);
  return anonymous(session.person);
}
