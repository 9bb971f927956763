// What is the deployment's own: the tokens that let people in, and what the archive brings back.
import { createRoute, z } from "@hono/zod-openapi";
import { uuidv7 } from "uuidv7";
import { personOfToken } from "../../durable-objects/tokens.ts";
import {
  madeTokenSchema,
  overviewReplySchema,
  personExportSchema,
  restoreReplySchema,
  restoreRequestSchema,
  SCOPES,
  type TokenSummary,
  tokenListReplySchema,
  tokenRequestSchema,
} from "../../protocol/access.ts";
import { digestOf } from "../../protocol/digest.ts";
import { MAX_RESTORED_AT_ONCE } from "../../protocol/limits.ts";
import { anonymous } from "../auth/identity.ts";
import { newToken } from "../auth/made-tokens.ts";
import { limitsOf } from "../limits.ts";
import { json, problems } from "../openapi.ts";
import { personExport } from "../person-export.ts";
import { expect, refuse } from "../problem.ts";
import { restorePage } from "../restore.ts";
import { createRouter } from "../router.ts";
import type { Services } from "../services.ts";
import { tierStates } from "../tiers/select.ts";

const overviewRoute = createRoute({
  method: "get",
  path: "/api/admin/overview",
  summary: "What this deployment is",
  responses: {
    200: json(overviewReplySchema, "The mode, tiers, providers, limits and how many tokens; no secret"),
    ...problems(403),
  },
});

const makeRoute = createRoute({
  method: "post",
  path: "/api/admin/tokens",
  summary: "Make a token",
  description: "The token itself is told in this reply and never again.",
  request: { body: { required: true, content: { "application/json": { schema: tokenRequestSchema } } } },
  responses: { 201: json(madeTokenSchema, "The token"), ...problems(400, 403, 409, 413, 415) },
});

const listRoute = createRoute({
  method: "get",
  path: "/api/admin/tokens",
  summary: "The tokens, the newest first",
  responses: { 200: json(tokenListReplySchema, "All of them, revoked ones too"), ...problems(403) },
});

const revokeRoute = createRoute({
  method: "delete",
  path: "/api/admin/tokens/{tokenId}",
  summary: "Revoke a token",
  description: "Whoever holds it can ask for nothing more at once, and read nothing more within five seconds.",
  request: { params: z.object({ tokenId: z.string().max(100) }) },
  responses: { 204: { description: "It is revoked" }, ...problems(400, 403, 404) },
});

const personParams = z.object({
  person: z.string().max(300).describe("Who, as `GET /api/me` and the list of tokens name them."),
});

const exportPersonRoute = createRoute({
  method: "get",
  path: "/api/admin/people/{person}/export",
  summary: "All that is kept of a person",
  description:
    "As `GET /api/me/export`, of somebody who can't ask for it: their token was lost, revoked or has expired.",
  request: { params: personParams },
  responses: { 200: json(personExportSchema, "The document"), ...problems(400, 403, 404) },
});

const erasePersonRoute = createRoute({
  method: "delete",
  path: "/api/admin/people/{person}",
  summary: "Erase all that is kept of a person",
  description: "As `DELETE /api/me`. Their tokens stay on the list, and good: revoke them first.",
  request: { params: personParams },
  responses: { 204: { description: "It is gone" }, ...problems(400, 403, 404) },
});

const restoreRoute = createRoute({
  method: "post",
  path: "/api/admin/restore",
  summary: "Bring back from the archive what is not here",
  description:
    "Goes through the chats that the archive has, a page with each call, and through the tokens with the first. Who is here " +
    "stays as they are; it may be called at any time, and again.",
  request: { body: { required: true, content: { "application/json": { schema: restoreRequestSchema } } } },
  responses: { 200: json(restoreReplySchema, "What became of this page"), ...problems(400, 403, 409, 413, 415, 503) },
});

export const adminRoutes = createRouter();

adminRoutes.openapi(overviewRoute, async (c) => {
  const { services } = c.var;
  const { settings, providers } = services;
  const tokens = await services.deployment().tokens();
  const now = Date.now();
  const revoked = tokens.filter(({ revokedAt }) => revokedAt !== null).length;
  const expired = tokens.filter(
    ({ revokedAt, expiresAt }) => revokedAt === null && expiresAt !== null && expiresAt <= now,
  ).length;
  const overview = {
    mode: settings.AUTH_MODE,
    tiers: tierStates(services).map(({ tier, off }) => ({ tier, available: off === null, reason: off?.text ?? null })),
    providers: providers.standings.map(({ provider, available, scripted, reason }) => ({
      provider,
      available,
      scripted,
      reason,
    })),
    limits: limitsOf(anonymous(""), settings, c.req.url),
    allowedOrigins: settings.ALLOWED_ORIGINS,
    tokens: { configured: settings.API_TOKENS.length, live: tokens.length - revoked - expired, expired, revoked },
  };
  return c.json(overview, 200);
});

adminRoutes.openapi(makeRoute, async (c) => {
  const { services } = c.var;
  const { name, person, tenant, scopes, limits, expiresAt } = c.req.valid("json");
  const id = uuidv7();
  const [before] = person === undefined ? [] : await services.deployment().tokensOf(person);
  if (person !== undefined && !before) {
    refuse("bad_request", "person: no token stands for them. GET /api/admin/tokens lists whom tokens stand for.");
  }
  const summary: TokenSummary = {
    id,
    name,
    person: person ?? personOfToken(id),
    tenant: tenant === undefined ? (before?.tenant ?? personOfToken(id)) : `org:${tenant}`,
    scopes: scopes ?? SCOPES,
    limits: limits ?? {},
    createdAt: Date.now(),
    expiresAt: expiresAt ?? null,
    revokedAt: null,
  };
  const token = newToken();
  expect(await services.deployment().addToken(summary, await digestOf(token)));
  return c.json({ ...summary, token }, 201);
});

adminRoutes.openapi(listRoute, async (c) => c.json({ tokens: await c.var.services.deployment().tokens() }, 200));

adminRoutes.openapi(revokeRoute, async (c) => {
  const { deployment, madeTokens, person } = c.var.services;
  const { tokenId } = c.req.valid("param");
  const whose = await deployment().revokeToken(tokenId);
  if (whose === null) refuse("not_found", "There is no such token. GET /api/admin/tokens lists them.");
  await person(whose).close(whose, tokenId);
  madeTokens.forget();
  return c.body(null, 204);
});

adminRoutes.openapi(restoreRoute, async (c) => {
  const { services } = c.var;
  const { after, limit } = c.req.valid("json");
  if (!services.archive) refuse("conflict", "There is no archive here: DATABASE_URL is not set.");
  return c.json(await restorePage(services.archive, services, after ?? null, limit ?? MAX_RESTORED_AT_ONCE), 200);
});

adminRoutes.openapi(exportPersonRoute, async (c) => {
  const { services } = c.var;
  const { person } = c.req.valid("param");
  const tokens = await tokensOfKnown(services, person);
  const usage = await services.person(person).usage(Date.now());
  const document = await personExport(services, person, { person, tokens, usage, exportedAt: Date.now() });
  c.header("content-type", "application/json");
  c.header("content-disposition", 'attachment; filename="keepstream.json"');
  return c.body(document) as never;
});

adminRoutes.openapi(erasePersonRoute, async (c) => {
  const { services } = c.var;
  const { person } = c.req.valid("param");
  await tokensOfKnown(services, person);
  await services.person(person).erase(person);
  return c.body(null, 204);
});

/** The tokens of a person; refused where nobody is known by that name. */
async function tokensOfKnown(services: Services, person: string): Promise<TokenSummary[]> {
  const tokens = await services.deployment().tokensOf(person);
  if (tokens.length === 0 && !(await services.person(person).isKnown())) {
    refuse("not_found", "Nothing is kept of such a person. GET /api/admin/tokens lists whom tokens stand for.");
  }
  return tokens;
}
