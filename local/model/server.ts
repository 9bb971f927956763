/**
 * The scripted model: a local HTTP server that speaks OpenAI Responses, chat completions and Anthropic Messages, answers
 * from a script and counts what it does. It is no LLM and says so. `node local/model/server.ts --port N` runs it alone.
 */
import { randomBytes } from "node:crypto";
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { parseArgs } from "node:util";
import { createAdaptorServer, type HttpBindings } from "@hono/node-server";
import { Hono } from "hono";
import { messages } from "./anthropic.ts";
import { chatCompletions } from "./chat-completions.ts";
import { Counters, type CountersSnapshot } from "./counters.ts";
import { listModels, retrieveModel } from "./models.ts";
import { cancelResponse, createResponse, ResponseStore, retrieveResponse } from "./openai-responses.ts";
import { Pacer } from "./pace.ts";
import type { Machine } from "./request.ts";
import { FaultLedger, LISTED_MODELS } from "./script.ts";

export interface ScriptedModel {
  /** Without a path: `http://127.0.0.1:43121`. OpenAI's SDK wants `${url}/v1`, Anthropic's wants `url`. */
  url: string;
  port: number;
  counters(): CountersSnapshot;
  /** Cuts every stream and stops listening. */
  close(): Promise<void>;
}

const ABOUT = `Scripted model (not an LLM) for Keepstream.
POST /v1/responses · POST /v1/chat/completions · POST /v1/messages · GET /v1/models · GET /_counters · POST /_counters/reset
`;

interface ScriptedModelOptions {
  /** 0, the default, takes a free one. */
  port?: number;
  /** 127.0.0.1 by default. */
  host?: string;
  /** Models to offer beside the usual ones; whether offered or not, every name of the grammar answers. */
  listed?: readonly string[];
}

/** Starts a scripted model; rejects with the reason (EADDRINUSE …) when it cannot listen. */
export async function startScriptedModel(options: ScriptedModelOptions = {}): Promise<ScriptedModel> {
  const counters = new Counters();
  const ledger = new FaultLedger();
  const pacer = new Pacer();
  const store = new ResponseStore();
  const run = randomBytes(4).toString("hex");
  let ids = 0;
  const newId = (prefix: string) => `${prefix}${run}${(++ids).toString(16).padStart(16, "0")}`;
  const listed = [...LISTED_MODELS, ...(options.listed ?? [])];
  const machine: Machine = { counters, ledger, pacer, newId, listed };

  const app = new Hono<{ Bindings: HttpBindings }>();
  app.post("/v1/responses", (call) => createResponse(machine, store, call));
  app.get("/v1/responses/:id", (call) => retrieveResponse(machine, store, call, call.req.param("id")));
  app.post("/v1/responses/:id/cancel", (call) => cancelResponse(machine, store, call, call.req.param("id")));
  app.post("/v1/chat/completions", (call) => chatCompletions(machine, call));
  app.post("/v1/messages", (call) => messages(machine, call));
  app.get("/v1/models", (call) => listModels(machine, call));
  app.get("/v1/models/:id", (call) => retrieveModel(machine, call, call.req.param("id")));
  app.get("/_counters", (call) => call.json(counters.snapshot()));
  app.post("/_counters/reset", (call) => {
    counters.reset();
    ledger.reset();
    return call.json(counters.snapshot());
  });
  app.get("/", (call) => call.text(ABOUT));
  app.notFound((call) => {
    const message = `Unknown request URL: ${call.req.method} ${call.req.path}.`;
    return call.json({ error: { message, type: "invalid_request_error", param: null, code: "unknown_url" } }, 404);
  });

  const server = createAdaptorServer({ fetch: app.fetch, overrideGlobalObjects: false }) as Server;
  // Longer than any client keeps an idle connection, so none is closed under a request.
  server.keepAliveTimeout = 120_000;
  const host = options.host ?? "127.0.0.1";
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(options.port ?? 0, host, resolve);
  });
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://${host.includes(":") ? `[${host}]` : host}:${port}`,
    port,
    counters: () => counters.snapshot(),
    close: async () => {
      pacer.close();
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
    },
  };
}

if (import.meta.main) {
  const { values } = parseArgs({ options: { port: { type: "string" }, host: { type: "string" } } });
  const port = Number(values.port ?? 0);
  if (!Number.isInteger(port) || port < 0 || port > 65_535) {
    console.error(`--port takes a number from 0 (any free port) to 65535, not "${values.port}".`);
    process.exit(2);
  }
  const model = await startScriptedModel({ port, ...(values.host === undefined ? {} : { host: values.host }) });
  console.log(`Scripted model (not an LLM) at ${model.url}`);
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => void model.close());
}
