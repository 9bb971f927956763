// Proves PROTOCOL.md, "Who is asking": whatever reads by a token, a cookie or an assertion that expires is ended when it
// does, in each form of reading, and told as the end of the permission, never of the answer; which goes on.
import { evictDurableObject } from "cloudflare:test";
import { describe, expect, it } from "vitest";
import { madeTokenSchema } from "../../protocol/access.ts";
import { problemSchema } from "../../protocol/problems.ts";
import { generateReplySchema } from "../../protocol/requests.ts";
import { team } from "./access-team.ts";
import { deployment } from "./deployment.ts";
import { bearer, call, fresh, model, objectOf, type Person, post, problem, read } from "./kit.ts";
import { Socket, SseReader } from "./readers.ts";

/** Ends when it is stopped. */
const LONG = model("tokens-3000-rate-1");
/** On a busy machine what lets in expires on the way, and lives longer the next time. */
const PATIENCE_MS = 120_000;
const EXPIRED = "What let you in has expired.";
const admin = bearer("token-of-the-admin");

interface Guest extends Person {
  person: string;
  until: number;
}

/** Opens a reading by a token that lives hardly longer than that takes: longer, where it expired on the way. */
async function briefly(open: (guest: Guest) => Promise<Response>): Promise<{ guest: Guest; response: Response }> {
  for (let lifetime = 1_000; ; lifetime *= 3) {
    const until = Date.now() + lifetime;
    const made = await read(
      await admin.fetch("/api/admin/tokens", post({ name: "brief", expiresAt: until })),
      madeTokenSchema,
      201,
    );
    const guest = { ...bearer(made.token), person: `made:${made.id}`, until };
    const response = await open(guest);
    if (response.status !== 401) return { guest, response };
    const { detail } = problemSchema.parse(await response.clone().json());
    if (detail === EXPIRED) return { guest, response };
  }
}

const ask = (body: object, headers: Record<string, string> = {}) =>
  post({ prompt: fresh("expiry"), model: LONG, ...body }, headers);

/** Asks, and reads what came of it. */
const reading =
  (path: (run: { id: string; chatId: string }) => string, init: RequestInit = {}) =>
  async (guest: Guest): Promise<Response> => {
    const asked = await guest.fetch("/api/chat/generate", ask({}));
    if (asked.status === 401) return asked;
    return guest.fetch(path(await read(asked, generateReplySchema, 202)), init);
  };

/** Reads a chat in which nothing happens any more. */
const resting =
  (path: (chatId: string) => string, init: RequestInit = {}) =>
  async (guest: Guest): Promise<Response> => {
    const asked = await guest.fetch("/api/chat/generate", ask({ model: model("tokens-3-rate-0") }));
    if (asked.status === 401) return asked;
    const { id, chatId } = await read(asked, generateReplySchema, 202);
    const whole = await guest.fetch(`/api/chat/stream/${id}`);
    if (whole.status === 401) return whole;
    await new SseReader(whole).rest();
    return guest.fetch(path(chatId), init);
  };

/** It is over for the reader, and for nobody else: the answer goes on until it is stopped. */
async function goesOn({ fetch, person, until }: Guest, id: string): Promise<void> {
  expect(Date.now()).toBeGreaterThanOrEqual(until);
  await problem(await fetch(`/api/chat/stream/${id}`), "unauthenticated", 401);
  expect(await objectOf(id).status(person, 1)).toMatchObject({ ok: true, value: { state: "running" } });
  await objectOf(id).cancel(person, 1);
}

describe.concurrent("a reading by a token that expires", { timeout: PATIENCE_MS }, () => {
  it("of a run's events, or a chat's, closes without the run's end", async () => {
    let run = "";
    for (const which of ["id", "chatId"] as const) {
      const { guest, response } = await briefly(
        reading((asked) => {
          run = asked.id;
          return `/api/chat/stream/${asked[which]}`;
        }),
      );
      const records = await new SseReader(response).rest();
      expect(records.map(({ record }) => record.type)).not.toContain("run.ended");
      await goesOn(guest, run);
    }
  });

  it("of an answer that it asked for on the same call, as events, closes too", async () => {
    const { guest, response } = await briefly((who) =>
      who.fetch("/api/chat/generate", ask({}, { accept: "text/event-stream" })),
    );
    const id = response.headers.get("x-run-id") ?? "";
    const records = await new SseReader(response).rest();
    expect(records.map(({ record }) => record.type)).not.toContain("run.ended");
    await goesOn(guest, id);
  });

  it.each(["0", "1"])("of bare text (committed=%s) breaks off: nobody takes it for the whole", async (committed) => {
    const { guest, response } = await briefly((who) =>
      who.fetch(`/api/chat/generate?committed=${committed}`, ask({}, { accept: "text/plain" })),
    );
    const id = response.headers.get("x-run-id") ?? "";
    await expect(response.text()).rejects.toThrow();
    await goesOn(guest, id);
  });

  it("of completion chunks ends with an error, and not with [DONE]", async () => {
    const body = { model: LONG, stream: true, messages: [{ role: "user", content: fresh("expiry") }] };
    const { guest, response } = await briefly((who) => who.fetch("/v1/chat/completions", post(body)));
    const id = response.headers.get("x-run-id") ?? "";
    const last = (await response.text()).trim().split("\n\n").at(-1) ?? "";
    const error = { message: EXPIRED, type: "authentication_error", param: null, code: "unauthenticated" };
    expect(JSON.parse(last.replace("data: ", ""))).toEqual({ error });
    await goesOn(guest, id);
  });

  it("of a whole completion, or a plain read that waits, is refused when it expires", async () => {
    const body = { model: LONG, messages: [{ role: "user", content: fresh("expiry") }] };
    const whole = await briefly((who) => who.fetch("/v1/chat/completions", post(body)));
    expect(await whole.response.json()).toMatchObject({ status: 401, detail: EXPIRED });
    const poll = await briefly(resting((chatId) => `/api/chat/chunks/${chatId}?offset=now&wait=30`));
    expect(await problem(poll.response, "unauthenticated", 401)).toMatchObject({ detail: EXPIRED });
  });

  it("by a socket, of a run or a chat, told where to resume or not yet, is closed with 4401", async () => {
    const upgrade = { headers: { upgrade: "websocket" } };
    for (const path of [
      ({ id }: { id: string }) => `/ws/chat/${id}?offset=-1`,
      ({ chatId }: { chatId: string }) => `/ws/chat/${chatId}?offset=-1`,
    ]) {
      const { response } = await briefly(reading(path, upgrade));
      const socket = new Socket(response);
      const replica = await socket.rest();
      expect(replica.types()).not.toContain("run.ended");
      expect(await socket.closed).toEqual({ code: 4401, reason: EXPIRED });
    }
    for (const frame of [
      { type: "resume", offset: "-1" },
      { type: "cancel", run: `${"0".repeat(64)}.1` },
    ]) {
      const { guest, response } = await briefly(reading(({ id }) => `/ws/chat/${id}`, upgrade));
      const socket = new Socket(response);
      await scheduler.wait(guest.until - Date.now() + 1);
      socket.send(frame);
      expect([await socket.raw(), await socket.closed]).toEqual([undefined, { code: 4401, reason: EXPIRED }]);
    }
  });

  it("by a cookie that holds the token ends as well", async () => {
    const { guest, response } = await briefly(async (who) => {
      const asked = await who.fetch("/api/chat/generate", ask({}));
      if (asked.status === 401) return asked;
      const { id } = await read(asked, generateReplySchema, 202);
      return call(`/api/chat/stream/${id}`, { headers: { cookie: `__Host-keepstream=${who.token}` } });
    });
    const records = await new SseReader(response).rest();
    const id = records.map(({ record }) => ("run" in record ? record.run : "")).find(Boolean) ?? "";
    expect(records.map(({ record }) => record.type)).not.toContain("run.ended");
    await goesOn(guest, id);
  });
});

it("a socket of an object that sleeps is closed by the first thing that happens there after it, and gets none of it", {
  timeout: PATIENCE_MS,
}, async () => {
  let chat = "";
  const path = (chatId: string) => {
    chat = chatId;
    return `/ws/chat/${chatId}?offset=now`;
  };
  const { guest, response } = await briefly(resting(path, { headers: { upgrade: "websocket" } }));
  const socket = new Socket(response);
  await evictDurableObject(objectOf(chat));
  await scheduler.wait(guest.until - Date.now() + 1);
  await objectOf(chat).rename(guest.person, "Nobody hears of it");
  expect([await socket.raw(), await socket.closed]).toEqual([undefined, { code: 4401, reason: EXPIRED }]);
});

it("a reading by an assertion of Cloudflare Access ends when that expires", { timeout: PATIENCE_MS }, async () => {
  const access = await team();
  const fetch = deployment(access.settings);
  for (let seconds = 2; ; seconds *= 3) {
    const assertion = await access.assertion("ann@example.org", {}, `${seconds}s`);
    const headers = { "cf-access-jwt-assertion": assertion, accept: "text/event-stream" };
    const response = await fetch("/api/chat/generate", ask({}, headers));
    if (response.status === 401) continue;
    const id = response.headers.get("x-run-id") ?? "";
    const records = await new SseReader(response).rest();
    expect(records.map(({ record }) => record.type)).not.toContain("run.ended");
    await objectOf(id).cancel("access:ann@example.org", 1);
    return;
  }
});
