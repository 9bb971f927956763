// The producers' door over HTTP: for the temporal tier's workers, who hold the deployment's bridge token. It is in
// PROTOCOL.md ("Producers"), and not in the OpenAPI document, which is for people's programs.
import type { Context } from "hono";
import { createMiddleware } from "hono/factory";
import type { z } from "zod";
import type { OutsideCall } from "../../durable-objects/producers-door.ts";
import { isSecret } from "../../protocol/digest.ts";
import {
  appendRequestSchema,
  endRequestSchema,
  notifyRequestSchema,
  termRequestSchema,
} from "../../protocol/producers.ts";
import type { AppEnv } from "../app-env.ts";
import { wholeBody } from "../body.ts";
import { expect, invalidRequest, Refusal, refuse } from "../problem.ts";
import { createRouter } from "../router.ts";
import { runTarget } from "../target.ts";

/** What each kind of reply is as a status; all others are 200. */
const STATUS: Record<string, 403 | 409> = { fenced: 403, gap: 409, hole: 409, refused: 409 };

const authorize = createMiddleware<AppEnv>(async (c, next) => {
  const token = c.var.services.settings.TEMPORAL_BRIDGE_TOKEN;
  if (!token) refuse("forbidden", "No producer may come in from outside: TEMPORAL_BRIDGE_TOKEN is not set.");
  const [, given] = /^Bearer (\S+)$/i.exec(c.req.header("authorization") ?? "") ?? [];
  if (!given || !(await isSecret(given, token))) refuse("unauthenticated", "This takes the deployment's bridge token.");
  await next();
});

async function body<Schema extends z.ZodType>(c: Context<AppEnv>, schema: Schema): Promise<z.infer<Schema>> {
  const json = await c.req.json().catch(() => refuse("bad_request", "The body is not JSON."));
  const parsed = schema.safeParse(json);
  if (!parsed.success) throw new Refusal(invalidRequest(parsed.error, json));
  return parsed.data;
}

type Asked = OutsideCall extends infer Call ? (Call extends { run: number } ? Omit<Call, "run"> : never) : never;

async function answer(c: Context<AppEnv>, asked: Asked): Promise<Response> {
  const { chat, run } = runTarget(c.var.services, c.req.param("id") ?? "");
  const reply = expect(await chat.produceOutside({ ...asked, run }));
  const kind = reply && "kind" in reply ? reply.kind : "";
  return c.json(reply, STATUS[kind] ?? 200);
}

export const internalRoutes = createRouter();

internalRoutes.use("/internal/*", authorize, wholeBody);
internalRoutes.get("/internal/runs/:id", (c) => answer(c, { kind: "look" }));
internalRoutes.post("/internal/runs/:id/epoch", async (c) => {
  const { nonce } = await body(c, termRequestSchema);
  return answer(c, { kind: "epoch", nonce });
});
internalRoutes.post("/internal/runs/:id/append", async (c) => {
  return answer(c, { kind: "append", request: await body(c, appendRequestSchema) });
});
internalRoutes.post("/internal/runs/:id/end", async (c) => {
  return answer(c, { kind: "end", request: await body(c, endRequestSchema) });
});
internalRoutes.post("/internal/runs/:id/notify", async (c) => {
  return answer(c, { kind: "notify", request: await body(c, notifyRequestSchema) });
});
