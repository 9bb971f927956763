// Proves PROTOCOL.md, "The door over HTTP". The chat of these runs would produce them itself, having no bridge; whoever
// comes in by the door takes them over.
import { createExecutionContext } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import {
  type AppendRequest,
  appendReplySchema,
  type EndRequest,
  endReplySchema,
  runLookSchema,
  termReplySchema,
} from "../../protocol/producers.ts";
import { type GenerateReply, generateReplySchema, sessionReplySchema } from "../../protocol/requests.ts";
import { createApp } from "../../workers/app.ts";
import { call, fresh, model, post, problem, read } from "./kit.ts";
import { SseReader } from "./readers.ts";

const TOKEN = "only-for-tests-only-for-tests";
const SLOW = model("ttft-20000");

function deployment(settings: Record<string, string>) {
  const app = createApp();
  const environment: Env = Object.assign(Object.create(null), env, settings);
  return async (path: string, init?: RequestInit) =>
    app.fetch(new Request(`https://keepstream.test${path}`, init), environment, createExecutionContext());
}

/** Where the tier is on: the Worker believes that there is a bridge. */
const fetch = deployment({ TEMPORAL_BRIDGE_URL: "http://127.0.0.1:9" });

interface Begun extends GenerateReply {
  token: string;
}

async function begin(tier: "temporal" | "mvp" = "temporal"): Promise<Begun> {
  const { token } = await read(await fetch("/api/session", { method: "POST" }), sessionReplySchema, 201);
  const body = post({ prompt: fresh("door"), tier, model: SLOW }, { authorization: `Bearer ${token}` });
  return { token, ...(await read(await fetch("/api/chat/generate", body), generateReplySchema, 202)) };
}

const door = (id: string, what: string, body: unknown, token = TOKEN) =>
  call(`/internal/runs/${id}${what}`, body === undefined ? bare(token) : post(body, bare(token).headers));
const bare = (token: string) => ({ headers: { authorization: `Bearer ${token}` } });

async function takeTerm(id: string, nonce = "nonce-of-this") {
  const reply = await read(await door(id, "/epoch", { nonce }), termReplySchema);
  if (reply.kind !== "term") throw new Error(`The run has ended: ${reply.status}`);
  return reply;
}

async function append(id: string, request: Partial<AppendRequest> & { epoch: number }, status = 200) {
  const body = { phase: null, batch: null, flush: false, resign: false, ...request };
  return read(await door(id, "/append", body), appendReplySchema, status);
}

const text = (seq: number, at: number, words: string): AppendRequest["batch"] => ({
  seq,
  what: { kind: "text", deltas: [{ at, text: words }], bookmark: null },
});

const receipt = {
  tier: "temporal",
  provider: "openai",
  model: SLOW,
  cache: "off",
  inputTokens: 1,
  outputTokens: 2,
  estimated: false,
  cost: 0,
  firstTokenMs: 987_654,
  totalMs: 987_654,
  requests: 1,
  recoveries: [],
};

const ending = (epoch: number) => ({
  epoch,
  ended: { status: "completed", finish: "stop", error: null, receipt } as unknown as EndRequest["ended"],
  replace: false,
});

describe("the door", () => {
  it("opens to the bridge token only, and to no one where there is none", async () => {
    const { id, token } = await begin();
    await problem(await call(`/internal/runs/${id}`), "unauthenticated", 401);
    await problem(await door(id, "", undefined, token), "unauthenticated", 401);
    const closed = await deployment({ TEMPORAL_BRIDGE_TOKEN: "" })(`/internal/runs/${id}`, bare(TOKEN));
    await problem(closed, "forbidden", 403);
  });

  it("refuses runs of other tiers, runs that are not there, and what makes no sense", async () => {
    const [own, { id }] = [await begin("mvp"), await begin()];
    await problem(await door(own.id, "", undefined), "conflict", 409);
    await problem(await door(`${id.split(".")[0]}.99`, "/epoch", { nonce: "12345678" }), "unknown_run", 404);
    await problem(await door(`${"0".repeat(64)}.1`, "/epoch", { nonce: "12345678" }), "unknown_chat", 404);
    await problem(await door(id, "/append", { epoch: "2" }), "bad_request", 400);
    await problem(await door(id, "/epoch", { nonce: "short" }), "bad_request", 400);
    const ended = { status: "completed", finish: "stop", error: null };
    for (const odd of [{ inputTokens: 12.5 }, { outputTokens: -1 }, { requests: 1e300 }, { totalMs: 0.5 }]) {
      const body = { epoch: 2, ended: { ...ended, receipt: { ...receipt, ...odd } }, replace: false };
      await problem(await door(id, "/end", body), "bad_request", 400);
    }
  });

  it("shows what was asked without a word of it", async () => {
    const { id } = await begin();
    const look = await read(await door(id, "", undefined), runLookSchema);
    expect(look).toMatchObject({ started: { tier: "temporal", model: SLOW }, recovery: "replace", ended: null });
    expect(look.asked).toBeGreaterThan(4);
  });
});

describe("a producer outside", () => {
  it("takes over, writes, and ends the run, each step as often as it likes", async () => {
    const { id, token } = await begin();
    const reader = new SseReader(await call(`/api/chat/stream/${id}`, bare(token)));
    const term = await takeTerm(id);
    expect(await takeTerm(id)).toMatchObject({ epoch: term.epoch });
    const { epoch, turns } = term;
    expect(turns.at(-1)?.text).toContain("door");

    expect(await append(id, { epoch, batch: text(0, 0, "Be") })).toEqual({
      kind: "appended",
      expected: 1,
      promised: 0,
    });
    expect(await append(id, { epoch, batch: text(2, 6, "ca") }, 409)).toMatchObject({ kind: "gap", expected: 1 });
    expect(await append(id, { epoch, batch: text(1, 3, "ca") }, 409)).toEqual({ kind: "hole", length: 2 });
    expect(await append(id, { epoch, batch: text(1, 2, "cause"), flush: true })).toMatchObject({ promised: 2 });
    expect(await append(id, { epoch, batch: text(1, 2, "cause") })).toMatchObject({ kind: "duplicate" });
    expect(await append(id, { epoch, batch: text(2, 0, "X") }, 409)).toEqual({ kind: "refused", through: 7 });
    expect(await append(id, { epoch: epoch - 1 }, 403)).toEqual({ kind: "fenced", ended: null });
    const phase = { phase: "generating", attempt: 1, detail: null } as const;
    expect(await append(id, { epoch, phase })).toEqual({ kind: "appended", expected: 2, promised: 2 });
    await append(id, { epoch, phase });

    const ended = { kind: "ended", status: "completed", replacedBy: null };
    expect(await read(await door(id, "/end", ending(epoch)), endReplySchema)).toEqual(ended);
    expect(await read(await door(id, "/end", ending(epoch)), endReplySchema)).toEqual(ended);
    expect(await append(id, { epoch }, 403)).toEqual({ kind: "fenced", ended: "completed" });
    expect(await read(await door(id, "/epoch", { nonce: "another-nonce" }), termReplySchema)).toEqual(ended);

    const records = (await reader.rest()).map(({ record }) => record);
    const end = records.at(-1);
    expect(records.filter((record) => record.type === "run.phase" && record.phase === "generating")).toHaveLength(1);
    expect(records.flatMap((record) => (record.type === "delta" ? [record.text] : [])).join("")).toBe("Because");
    // Of times only the edge can tell.
    expect(end).toMatchObject({
      type: "run.ended",
      status: "completed",
      receipt: { tier: "temporal", outputTokens: 2 },
    });
    expect(end?.type === "run.ended" && end.receipt.totalMs).toBeLessThan(987_654);
  });

  it("may say that nobody will end the run, or that it was stopped", async () => {
    const { id } = await begin();
    for (const notice of [{ failure: null }, { failure: null, cancelled: true }]) {
      const reply = await door(id, "/notify", notice);
      expect([reply.status, await reply.json()]).toEqual([200, null]);
    }
    await problem(await door(id, "/notify", {}), "bad_request", 400);
  });

  it("is followed by another, who is told what is there and whether anything was lost", async () => {
    const { id } = await begin();
    const first = await takeTerm(id, "nonce-of-one");
    await append(id, { epoch: first.epoch, batch: text(0, 0, "Because") });
    const second = await takeTerm(id, "nonce-of-two");
    expect(second).toMatchObject({ epoch: first.epoch + 1, text: "Because", resigned: false, before: { seq: 0 } });
    expect(await append(id, { epoch: first.epoch, batch: text(1, 7, "!") }, 403)).toMatchObject({ kind: "fenced" });
    await append(id, { epoch: second.epoch, batch: text(0, 7, " of"), resign: true });
    expect(await takeTerm(id, "nonce-of-three")).toMatchObject({ text: "Because of", resigned: true });
    const fourth = await takeTerm(id, "nonce-of-four");
    await append(id, { epoch: fourth.epoch, resign: true });
    expect(await takeTerm(id, "nonce-of-five")).toMatchObject({ resigned: false });
  });
});
