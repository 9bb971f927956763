import { describe, expect, test } from "vitest";
import { problemSchema } from "../protocol/problems.ts";
import type { Workflow, WorkflowFilter, WorkflowStart } from "../protocol/workflows.ts";
import { createApp } from "./app.ts";
import { BadQuestion, type Temporal, Unreachable } from "./temporal.ts";

const RUN = `${"a".repeat(64)}.1`;
const TOKEN = "a-token-for-this-test";
const workflow = { id: RUN } as Workflow;

/** The bridge in front of a Temporal that knows one workflow, or can't be reached. */
function bridge(reachable = true) {
  const asked: (WorkflowStart | WorkflowFilter)[] = [];
  const answer = async <T>(value: T): Promise<T> => {
    if (!reachable) throw new Unreachable("Temporal at x does not answer.");
    return value;
  };
  const temporal: Temporal = {
    start: (start) => answer(void asked.push(start)).then(() => workflow),
    describe: (run) => answer(run === RUN ? workflow : null),
    list: async (filter) => {
      if (filter.cursor) throw new BadQuestion("The cursor is not one that was given here.");
      return answer(void asked.push(filter)).then(() => ({ workflows: [], cursor: null }));
    },
    timeline: () => answer(null),
    cancel: (run) => answer(run === RUN ? workflow : null),
    ping: () => answer(undefined),
    close: async () => {},
  };
  const app = createApp({ temporal, token: TOKEN, log: () => {} });
  const authorization = `Bearer ${TOKEN}`;
  const call = (path: string, init: RequestInit = {}) => app.request(path, { headers: { authorization }, ...init });
  const post = (path: string, body: unknown) => call(path, { method: "POST", body: JSON.stringify(body) });
  return { app, asked, call, post };
}

async function problem(response: Response) {
  expect(response.headers.get("content-type")).toBe("application/problem+json");
  const { code } = problemSchema.parse(await response.json());
  return [response.status, code];
}

const start = { run: RUN, chatId: "c", provider: "openai", model: "m", owner: "o" } as const;

describe("the bridge", () => {
  test("answers those who have its token", async () => {
    const { app, call } = bridge();
    for (const authorization of ["", "Bearer wrong", `Basic ${TOKEN}`]) {
      for (const [method, path] of [
        ["GET", "/workflows"],
        ["POST", "/workflows"],
        ["GET", `/workflows/${RUN}`],
      ] as const) {
        expect(await problem(await app.request(path, { method, headers: { authorization } }))).toEqual([
          401,
          "unauthenticated",
        ]);
      }
    }
    expect((await call(`/workflows/${RUN}`)).status).toBe(200);
  });

  test("starts and cancels", async () => {
    const { asked, post } = bridge();
    expect(await (await post("/workflows", start)).json()).toEqual(workflow);
    expect(asked).toEqual([start]);
    const cancelled = await post(`/workflows/${RUN}/cancel`, undefined);
    expect([cancelled.status, await cancelled.json()]).toEqual([202, workflow]);
  });

  test("takes nothing but ids and names, so that no prompt can get into a history", async () => {
    const { asked, post } = bridge();
    expect(await problem(await post("/workflows", { ...start, prompt: "Why?" }))).toEqual([400, "bad_request"]);
    expect(await problem(await post("/workflows", { ...start, run: "1" }))).toEqual([400, "bad_request"]);
    expect(await problem(await post("/workflows", "not an object"))).toEqual([400, "bad_request"]);
    expect(asked).toEqual([]);
  });

  test("lists by what it is asked for", async () => {
    const { asked, call } = bridge();
    expect((await call("/workflows?owner=o&state=running&limit=7")).status).toBe(200);
    expect(asked).toEqual([{ owner: "o", state: "running", limit: 7 }]);
    expect(await problem(await call("/workflows?limit=0"))).toEqual([400, "bad_request"]);
    expect(await problem(await call("/workflows?state=asleep"))).toEqual([400, "bad_request"]);
    expect(await problem(await call("/workflows?cursor=made-up"))).toEqual([400, "bad_request"]);
  });

  test("says what there is not", async () => {
    const { call } = bridge();
    expect(await problem(await call(`/workflows/${"b".repeat(64)}.1`))).toEqual([404, "unknown_run"]);
    expect(await problem(await call(`/workflows/${RUN}/timeline`))).toEqual([404, "unknown_run"]);
    expect(await problem(await call("/nothing"))).toEqual([404, "not_found"]);
  });

  test("says that Temporal does not answer, and how it is to those who look after it", async () => {
    const { app, call, post } = bridge(false);
    expect(await problem(await post("/workflows", start))).toEqual([503, "tier_unavailable"]);
    expect(await problem(await call(`/workflows/${RUN}`))).toEqual([503, "tier_unavailable"]);
    expect(await problem(await app.request("/health"))).toEqual([503, "tier_unavailable"]);
    const metrics = await (await app.request("/metrics")).text();
    expect(metrics).toContain("keepstream_temporal_reachable 0");
    expect(metrics).toMatch(/keepstream_bridge_http_request\w*_count\{[^}]*status="503"/);
    expect((await bridge().app.request("/health")).status).toBe(200);
  });
});
