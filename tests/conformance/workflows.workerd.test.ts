// Proves PROTOCOL.md, "Workflows", as far as the log alone answers: here Temporal can't be reached, and a run's chat
// produces it itself. What Temporal says is in `tests/journeys/temporal.test.ts`, with a real one.
import { createExecutionContext } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { scriptedText } from "../../local/model/text.ts";
import { chunksReplySchema, sessionReplySchema } from "../../protocol/requests.ts";
import {
  workflowResultReplySchema,
  workflowStartReplySchema,
  workflowStatusReplySchema,
} from "../../protocol/workflows.ts";
import { createApp } from "../../workers/app.ts";
import { ask, bearer, call, fresh, model, type Person, person, post, problem, read } from "./kit.ts";

const app = createApp();
/** Nothing listens there, so the tier is on and its bridge is not. */
const environment: Env = Object.assign(Object.create(null), env, { TEMPORAL_BRIDGE_URL: "http://127.0.0.1:9" });

/** Somebody new, at a deployment with the temporal tier. */
async function asker(): Promise<Person> {
  const at = async (path: string, init?: RequestInit) =>
    app.fetch(new Request(`https://keepstream.test${path}`, init), environment, createExecutionContext());
  const { token } = await read(await at("/api/session", { method: "POST" }), sessionReplySchema, 201);
  const fetch: Person["fetch"] = async (path, init = {}) => {
    const headers = new Headers(init.headers);
    headers.set("authorization", `Bearer ${token}`);
    return at(path, { ...init, headers });
  };
  return { token, fetch };
}

async function start(who: Person, prompt: string, words: string, more: object = {}) {
  const body = post({ prompt, model: model(words), ...more });
  return read(await who.fetch("/api/workflows/start", body), workflowStartReplySchema, 202);
}

const result = async (who: Person, id: string, wait: number, status = 200) =>
  read(await who.fetch(`/api/workflows/${id}/result?wait=${wait}`), workflowResultReplySchema, status);

describe.concurrent("a start", () => {
  it("answers 202 with where to ask, and is an ask of the temporal tier", async () => {
    const who = await asker();
    const response = await who.fetch(
      "/api/workflows/start",
      post({ prompt: fresh("start"), model: model("tokens-5") }),
    );
    const location = response.headers.get("location");
    const { id, chatId, links } = await read(response, workflowStartReplySchema, 202);
    expect(location).toBe(links.status);
    for (const name of ["status", "chunks", "result", "timeline", "cancel"] as const) {
      expect(links[name]).toBe(`/api/workflows/${id}/${name}`);
    }
    const status = await read(await who.fetch(links.status), workflowStatusReplySchema);
    expect(status).toMatchObject({ id, chatId, tier: "temporal" });
  });

  it("with an Idempotency-Key starts nothing twice", async () => {
    const who = await asker();
    const body = { prompt: fresh("once"), model: model("tokens-5") };
    const one = async () => {
      const response = await who.fetch("/api/workflows/start", post(body, { "idempotency-key": "one" }));
      return (await read(response, workflowStartReplySchema, 202)).id;
    };
    expect(await one()).toBe(await one());
  });

  it("is refused another tier, and where the tier is off", async () => {
    const body = { prompt: fresh("refused"), model: model("tokens-5") };
    const response = await (await asker()).fetch("/api/workflows/start", post({ ...body, tier: "mvp" }));
    await problem(response, "bad_request", 400);
    await problem(await (await person()).fetch("/api/workflows/start", post(body)), "tier_unavailable", 422);
  });
});

describe.concurrent("a result", () => {
  it("is the whole answer, once it is over", async () => {
    const who = await asker();
    const prompt = fresh("result");
    const { id, chatId } = await start(who, prompt, "tokens-40-rate-200");
    const reply = await result(who, id, 20);
    expect(reply).toMatchObject({ id, chatId, over: true, state: "completed", finish: "stop", error: null });
    expect(reply.text).toBe(scriptedText(prompt, 40));
    expect(reply.receipt).toMatchObject({ tier: "temporal", outputTokens: 40 });
    expect((await read(await who.fetch(reply.links.status), workflowStatusReplySchema)).percent).toBe(100);
  });

  it("says that it is not over when the time to wait is up, with what is promised by then", async () => {
    const who = await asker();
    const prompt = fresh("not yet");
    const { id } = await start(who, prompt, "tokens-200-rate-4", { maxOutputTokens: 200 });
    let reply = { text: "" };
    while (reply.text.length < 20) {
      const response = await who.fetch(`/api/workflows/${id}/result?wait=0.5`);
      expect(response.headers.get("retry-after")).toBe("1");
      reply = await read(response, workflowResultReplySchema, 202);
      expect(reply).toMatchObject({ over: false, state: "running", receipt: null });
    }
    expect(scriptedText(prompt, 200).startsWith(reply.text)).toBe(true);
    const { percent } = await read(await who.fetch(`/api/workflows/${id}/status`), workflowStatusReplySchema);
    expect(percent).toBeGreaterThan(0);
    expect(percent).toBeLessThan(100);
    await who.fetch(`/api/workflows/${id}/cancel`, { method: "POST" });
    expect(await result(who, id, 0)).toMatchObject({ over: true, state: "cancelled" });
  });

  it("is waited for within bounds", async () => {
    const who = await asker();
    const { id } = await start(who, fresh("bounds"), "tokens-5");
    await problem(await who.fetch(`/api/workflows/${id}/result?wait=31`), "bad_request", 400);
  });
});

describe.concurrent("while Temporal can't be reached", () => {
  it("status and chunks come from the log, and say what is not known", async () => {
    const who = await asker();
    const { id } = await start(who, fresh("log"), "tokens-20-rate-0");
    await result(who, id, 20);
    const status = await read(await who.fetch(`/api/workflows/${id}/status`), workflowStatusReplySchema);
    expect(status).toMatchObject({
      state: "completed",
      workflow: null,
      reason: expect.stringContaining("bridge"),
      why: { code: "temporal_down" },
    });
    const own = await read(await who.fetch(`/api/workflows/${id}/chunks`), chunksReplySchema);
    expect(own).toEqual(await read(await who.fetch(`/api/chat/chunks/${id}`), chunksReplySchema));
    const [{ offset = "" } = {}] = own.records.slice(-1);
    const rest = await read(await who.fetch(`/api/workflows/${id}/chunks?offset=${offset}`), chunksReplySchema);
    expect(rest).toMatchObject({ records: [], live: false });
  });

  it("list and timeline say so", async () => {
    const who = await asker();
    const { id } = await start(who, fresh("unreachable"), "tokens-5");
    for (const path of ["/api/workflows/list", `/api/workflows/${id}/timeline`]) {
      const response = await who.fetch(path);
      expect(response.headers.get("retry-after")).toBe("5");
      await problem(response, "temporal_unreachable", 503);
    }
  });

  it("an answer can be stopped", async () => {
    const who = await asker();
    const { id } = await start(who, fresh("stop"), "tokens-500-rate-20");
    const response = await who.fetch(`/api/workflows/${id}/cancel`, { method: "POST" });
    expect(await response.json()).toEqual({ id, state: "cancelled" });
  });
});

describe.concurrent("a workflow", () => {
  it("is its asker's own", async () => {
    const { id } = await start(await asker(), fresh("own"), "tokens-5");
    const other = await asker();
    for (const what of ["status", "chunks", "result?wait=0", "timeline"]) {
      await problem(await other.fetch(`/api/workflows/${id}/${what}`), "not_yours", 403);
    }
    await problem(await other.fetch(`/api/workflows/${id}/cancel`, { method: "POST" }), "not_yours", 403);
    await problem(await other.fetch(`/api/workflows/${"0".repeat(64)}.1/status`), "unknown_chat", 404);
  });

  it("belongs to runs of this tier only, and to none where the tier is off", async () => {
    const who = await person();
    const { id } = await ask(who, { prompt: fresh("mvp"), model: model("tokens-5") });
    for (const what of ["status", "chunks", "result", "timeline"]) {
      const refusal = await problem(await who.fetch(`/api/workflows/${id}/${what}`), "unknown_run", 404);
      expect(refusal.detail).toContain("mvp");
    }
    await problem(await who.fetch("/api/workflows/list"), "tier_unavailable", 422);
    await problem(await call(`/api/workflows/${id}/status`, bearerOf("nobody")), "unauthenticated", 401);
    await problem(await bearer(who.token).fetch("/api/workflows/list?state=odd"), "bad_request", 400);
  });
});

const bearerOf = (token: string): RequestInit => ({ headers: { authorization: `Bearer ${token}` } });
