// What this deployment can do, and how it is: models, tiers, health.
import { createRoute } from "@hono/zod-openapi";
import { because, type Reason, unset } from "../../protocol/reasons.ts";
import { type HealthReply, healthReplySchema, modelsReplySchema, tiersReplySchema } from "../../protocol/requests.ts";
import { json, problems } from "../openapi.ts";
import { createRouter } from "../router.ts";
import type { Services } from "../services.ts";
import { CACHE_SETTINGS } from "../tiers/redis.ts";
import { tierStates } from "../tiers/select.ts";
import { bridgeSettings } from "../tiers/temporal.ts";

const modelsRoute = createRoute({
  method: "get",
  path: "/api/models",
  summary: "Models that can be asked, and why others can't",
  responses: { 200: json(modelsReplySchema, "Models and providers"), ...problems() },
});

const tiersRoute = createRoute({
  method: "get",
  path: "/api/tiers",
  summary: "Tiers, and why one is off",
  responses: { 200: json(tiersReplySchema, "Tiers"), ...problems() },
});

const healthRoute = createRoute({
  method: "get",
  path: "/health",
  summary: "How each part is",
  responses: {
    ...problems(),
    200: json(healthReplySchema, "Chats can be answered"),
    503: json(healthReplySchema, "No chat can be answered"),
  },
});

export const discoveryRoutes = createRouter();

discoveryRoutes.openapi(modelsRoute, async (c) => c.json(await c.var.services.models.all(), 200));

discoveryRoutes.openapi(tiersRoute, async (c) => {
  const { services } = c.var;
  const tiers = tierStates(services).map(async ({ tier, off }) => {
    const down = off || tier !== "redis" ? undefined : await redisWithout(services);
    return {
      tier,
      available: off === null,
      degraded: down !== undefined,
      reason: off?.text ?? down?.detail ?? null,
      why: off?.why ?? down?.why ?? null,
      default: tier === services.settings.DEFAULT_TIER,
    };
  });
  return c.json({ tiers: await Promise.all(tiers) }, 200);
});

discoveryRoutes.openapi(healthRoute, async (c) => {
  const health = await healthOf(c.var.services);
  return health.status === "down" ? c.json(health, 503) : c.json(health, 200);
});

type Part = HealthReply["parts"][number];

const well = (name: string, latencyMs: number | null): Part => ({
  name,
  status: "ok",
  latencyMs,
  detail: null,
  why: null,
});
const notWell = (name: string, status: "down" | "off", { text, why }: Reason): Part => ({
  name,
  status,
  latencyMs: null,
  detail: text,
  why,
});

async function healthOf(services: Services): Promise<HealthReply> {
  const [objects, models, cache, archive, temporal] = await Promise.all([
    objectsPart(services),
    services.models.all(),
    cachePart(services),
    archivePart(services),
    temporalPart(services),
  ]);
  const providers = models.providers.map(({ provider, available, reason, why }): Part => {
    const configured = services.providers.standings.some((each) => each.provider === provider && each.available);
    const status = available ? "ok" : configured ? "down" : "off";
    return { name: provider, status, latencyMs: null, detail: reason, why };
  });
  const answering = objects.status === "ok" && providers.some(({ status }) => status === "ok");
  const parts = [objects, ...providers, cache, archive, temporal];
  const whole = parts.every(({ status }) => status !== "down");
  return { status: answering ? (whole ? "ok" : "degraded") : "down", parts };
}

/** What the redis tier is without now, though it answers all the same. */
async function redisWithout(services: Services): Promise<Part | undefined> {
  const parts = await Promise.all([cachePart(services), archivePart(services)]);
  return parts.find(({ status }) => status === "down");
}

/** Whether answers can be kept and found: without that they are made, each time. */
async function cachePart({ cache, probes, settings }: Services): Promise<Part> {
  const name = "cache";
  if (!cache) return notWell(name, "off", unset(CACHE_SETTINGS));
  const { latencyMs, error } = await probes.cache();
  if (error === null) return well(name, latencyMs);
  const text = `The cache did not answer within ${settings.cache.lookUpMs} ms; answers are made without it.`;
  return notWell(name, "down", because(text, "cache_down"));
}

/** Whether answers can be kept for good: without that they wait in their chats until they can. */
async function archivePart({ archive, probes }: Services): Promise<Part> {
  const name = "archive";
  if (!archive) return notWell(name, "off", unset(["DATABASE_URL"]));
  const { latencyMs, error } = await probes.archive();
  if (error === null) return well(name, latencyMs);
  const text = "The archive does not answer; what it has to learn waits in the chats.";
  return notWell(name, "down", because(text, "archive_down"));
}

/** Whether workflows can be started and looked at: answers under way go on without that. */
async function temporalPart(services: Services): Promise<Part> {
  const name = "temporal";
  if (!services.bridge) return notWell(name, "off", unset(bridgeSettings(services)));
  const { latencyMs, error } = await services.probes.bridge();
  if (error === null) return well(name, latencyMs);
  return notWell(name, "down", because(error, "temporal_down"));
}

/** Whether Durable Objects answer: without them there is no chat. */
async function objectsPart({ probes }: Services): Promise<Part> {
  const name = "durable-objects";
  const { latencyMs, error } = await probes.objects();
  if (error === null) return well(name, latencyMs);
  return notWell(name, "down", because(error, "objects_down"));
}
