// Proves docs/operations.md, "Logs and traces": one run of the redis tier and one of the temporal tier are followed through
// every process that had a part in them, by the run's id and by the trace that the asker began; and nothing that was said, no
// key and no token is in any line, nor in what Temporal keeps, before a person's erasure and after it.
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type ScriptedModel, startScriptedModel } from "../../local/model/server.ts";
import type { GenerateRequest } from "../../protocol/requests.ts";
import { parseTrace } from "../../protocol/trace.ts";
import { withoutTemporal } from "../temporal.ts";
import { Client } from "./client.ts";
import { eventually, Stack } from "./stack.ts";
import { payloadsOf, temporalReady } from "./temporal-server.ts";

const TRACE = "4bf92f3577b34da6a3ce929d0e0e4736";
const ASKER = `00-${TRACE}-00f067aa0ba902b7-01`;
const SECRETS = {
  ADMIN_TOKEN: "admin-token-of-the-watched",
  API_TOKENS: "team:api-token-of-the-watched",
  SESSION_SECRET: "session-secret-of-the-watched",
  TEMPORAL_BRIDGE_TOKEN: "bridge-token-of-the-watched",
  OPENAI_API_KEY: "openai-key-of-the-watched",
};
const SAID = "unmistakable-prompt";

interface Line extends Record<string, unknown> {
  program: string;
  message: string;
  trace?: string;
  span?: string;
  parent?: string;
}

/** In front of the model: takes down which trace each request to it is part of. */
async function startListener(target: string): Promise<{ url: string; traces: string[]; server: Server }> {
  const traces: string[] = [];
  const server = createServer(async (request, response) => {
    const trace = request.headers.traceparent;
    if (typeof trace === "string") traces.push(trace);
    const body = request.method === "POST" ? await new Response(request as never).text() : undefined;
    const headers = { "content-type": "application/json", authorization: request.headers.authorization ?? "" };
    const reply = await fetch(target + request.url, {
      method: request.method ?? "GET",
      headers,
      ...(body && { body }),
    });
    response.writeHead(reply.status, Object.fromEntries(reply.headers));
    for await (const chunk of reply.body ?? []) response.write(chunk);
    response.end();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, traces, server };
}

describe.skipIf(withoutTemporal)(`logs and traces${withoutTemporal ? ` (skipped: ${withoutTemporal})` : ""}`, () => {
  let model: ScriptedModel;
  let listener: Awaited<ReturnType<typeof startListener>>;
  let stack: Stack;
  let client: Client;
  const answers: string[] = [];

  beforeAll(async () => {
    model = await startScriptedModel();
    listener = await startListener(model.url);
    const env = {
      ...SECRETS,
      LOG_LEVEL: "info",
      OPENAI_BASE_URL: `${listener.url}/v1`,
      SCRIPTED_PROVIDERS: "openai",
      REDIS_URL: "",
    };
    stack = await Stack.start({ scriptedModelUrl: model.url, temporal: true, env });
    client = await Client.join(stack.url);
    await temporalReady(client);
  }, 300_000);

  afterAll(async () => {
    await stack?.dispose();
    listener?.server.closeAllConnections();
    listener?.server.close();
    await model?.close();
  });

  const lines = (): Line[] =>
    stack.output.split("\n").flatMap((line) => {
      const [, json] = /^\[\w+\] (\{.*\})$/.exec(line) ?? [];
      return json ? [JSON.parse(json) as Line] : [];
    });
  const told = (lines: Line[]) => lines.map(({ program, message }) => `${program}: ${message}`);

  async function watched(tier: GenerateRequest["tier"]) {
    const body = { prompt: `${SAID} ${tier}`, tier, provider: "openai" as const, model: "scripted-tokens-20-rate-0" };
    const { id, chatId } = (await (await client.post(body, { traceparent: ASKER })).json()) as Record<string, string>;
    await eventually("the run ends", async () => (await client.status(id ?? "")).state === "completed");
    const { messages } = await client.chat(chatId ?? "");
    answers.push(messages.at(-1)?.text ?? "");
    await eventually("its end is in the log", () =>
      lines().some(({ message, run }) => message === "run ended" && run === id),
    );
    return id ?? "";
  }

  /** Every line of the run has the asker's trace, and a line above it, up to the asker. */
  function expectOneTree(of: Line[]) {
    const spans = new Set([ASKER.split("-")[2], ...of.map(({ span }) => span)]);
    for (const line of of) {
      expect(line).toMatchObject({ trace: TRACE, span: expect.stringMatching(/^[0-9a-f]{16}$/) });
      if (line.parent) expect(spans, JSON.stringify(line)).toContain(line.parent);
    }
  }

  it("a run of the redis tier is told from its ask to its end, by its id, and to the provider", async () => {
    const before = listener.traces.length;
    const id = await watched("redis");
    const own = lines().filter(({ run }) => run === id);
    expect(told(own)).toEqual(
      expect.arrayContaining(["edge: request", "chat: run started", "chat: follows an answer", "chat: run ended"]),
    );
    const [ask] = own.filter(({ message }) => message === "request");
    expect(ask).toMatchObject({ route: "/api/chat/generate", status: 202, requestId: expect.any(String) });
    // The answer is another object's; its lines have the answer's name, and the same trace.
    const answer = own.find(({ message }) => message === "follows an answer")?.answer;
    const made = lines().filter((line) => line.program === "answer" && line.answer === answer);
    expect(told(made)).toContain("answer: provider answered");
    const whole = [...own.filter(({ message }) => message !== "request"), ...made, ask as Line];
    expectOneTree(whole);
    const [request] = listener.traces.slice(before).filter((trace) => trace.includes(TRACE));
    expect(request?.split("-")[2]).toBe(made.find(({ message }) => message === "provider answered")?.span);
  });

  it("a run of the temporal tier is told by edge, bridge, worker and edge again, by its id, and to the provider", async () => {
    const before = listener.traces.length;
    const id = await watched("temporal");
    await eventually("its last step is in the log", () =>
      lines().some(({ step, message, run }) => step === "notifyChat" && message === "step done" && run === id),
    );
    const own = lines().filter(({ run, trace }) => run === id && trace === TRACE);
    expect(told(own)).toEqual(
      expect.arrayContaining([
        "edge: request",
        "chat: run started",
        "bridge: workflow started",
        "worker: step done",
        "worker: provider answered",
        "chat: run ended",
      ]),
    );
    const steps = own.filter(({ program, step }) => program === "worker" && step);
    expect(steps.map(({ step }) => step)).toEqual(["validatePrompt", "generateAnswer", "finalizeAnswer", "notifyChat"]);
    const inside = own.filter(({ route }) => String(route).startsWith("/internal/"));
    expect(inside.map(({ route }) => route)).toEqual(
      expect.arrayContaining(["/internal/runs/:id", "/internal/runs/:id/epoch", "/internal/runs/:id/end"]),
    );
    expectOneTree(own);
    // What the edge was asked from inside hangs below the step that asked.
    const spans = steps.map(({ span }) => span);
    for (const { parent } of inside) expect(spans).toContain(parent);
    const [request] = listener.traces.slice(before).filter((trace) => trace.includes(TRACE));
    expect(request?.split("-")[2]).toBe(own.find(({ message }) => message === "provider answered")?.span);
  });

  it("an asker without a trace begins one, and one that is none is not passed on", async () => {
    const before = listener.traces.length;
    const prompt = `${SAID} untraced`;
    const reply = await client.post(
      { prompt, provider: "openai", model: "scripted-tokens-3-rate-0" },
      { traceparent: "x" },
    );
    const { id } = (await reply.json()) as { id: string };
    await eventually("the run ends", async () => (await client.status(id)).state === "completed");
    const [trace] = listener.traces.slice(before);
    expect(parseTrace(trace)).toBe(trace);
    expect(trace).not.toContain(TRACE);
  });

  it("nothing that was said, no key and no token is in any line, nor in anything that Temporal keeps", async () => {
    expect(answers.every((text) => text.length > 20)).toBe(true);
    const secret = [
      SAID,
      ...answers,
      client.token,
      ...Object.values(SECRETS).map((value) => value.replace("team:", "")),
    ];
    const kept = await payloadsOf(stack);
    expect(kept.length).toBeGreaterThan(0);
    // The check would see them.
    expect(kept.join("\n")).toContain("scripted-tokens-20-rate-0");
    for (const each of secret) {
      expect(stack.output.includes(each), each).toBe(false);
      expect(kept.filter((text) => text.includes(each))).toEqual([]);
    }
  });
});
