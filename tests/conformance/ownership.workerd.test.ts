// Proves PROTOCOL.md, "Who is asking": a chat is its owner's. On every address somebody else learns nothing but that.
import { beforeAll, describe, expect, it } from "vitest";
import { ask, call, ended, fresh, model, type Person, person, post, problem } from "./kit.ts";

let owner: Person;
let other: Person;
let chatId: string;
let id: string;

beforeAll(async () => {
  [owner, other] = [await person(), await person()];
  ({ chatId, id } = await ask(owner, { prompt: fresh("secret"), model: model("tokens-3-rate-0") }));
  await ended(owner, id);
});

const json = { "content-type": "application/json" };
const upgrade = { upgrade: "websocket" };
const addresses = (): [string, RequestInit?][] => [
  [`/api/chat/status/${id}`],
  [`/api/chat/status/${chatId}.99`],
  [`/api/chat/chunks/${id}`],
  [`/api/chat/chunks/${chatId}?wait=5&offset=now`],
  [`/api/chat/stream/${id}`],
  [`/api/chat/stream/${chatId}`],
  [`/api/chat/stream/${chatId}.99`],
  [`/api/chat/stream/${id}?offset=ffffffffffff`],
  [`/ws/chat/${id}`, { headers: upgrade }],
  [`/ws/chat/${chatId}?offset=-1`, { headers: upgrade }],
  [`/api/chat/cancel/${id}`, { method: "POST" }],
  [`/api/chat/cancel/${chatId}.99`, { method: "POST" }],
  [`/api/chats/${chatId}`],
  [`/api/chats/${chatId}`, { method: "PATCH", headers: json, body: '{"title":"mine"}' }],
  [`/api/chats/${chatId}`, { method: "DELETE" }],
  [`/api/chats/${chatId}/export`],
  [`/api/chats/${chatId}/export?format=json`],
  [`/api/chats/${chatId}/share`, { method: "POST" }],
  [`/api/chats/${chatId}/share`, { method: "DELETE" }],
  ...["application/json", "text/event-stream", "text/plain"].map((accept): [string, RequestInit] => [
    "/api/chat/generate",
    post({ prompt: "x", chatId, parentId: "a1", model: model("tokens-3-rate-0") }, { accept }),
  ]),
  ["/api/chat/generate", post({ chatId, parentId: "m1", model: model("tokens-3-rate-0") })],
];

describe("somebody else", () => {
  it("gets not_yours everywhere, and changes nothing", async () => {
    const before = await (await owner.fetch(`/api/chats/${chatId}`)).text();
    for (const [path, init] of addresses()) {
      const refused = await problem(await other.fetch(path, init), "not_yours", 403);
      expect(JSON.stringify(refused)).not.toContain("secret");
    }
    expect(await (await owner.fetch(`/api/chats/${chatId}`)).text()).toBe(before);
    expect(await (await other.fetch("/api/chats")).json()).toEqual({ chats: [], cursor: null });
  });

  it("with a valid id and no identity is a stranger too", async () => {
    for (const [path, init] of addresses()) {
      await problem(await call(path, init), "not_yours", 403);
    }
  });
});

it("the owner is let in on each of them", async () => {
  for (const [path, init] of addresses().filter(([path]) => !/\.99|ffff|wait=/.test(path))) {
    if (init?.method === "DELETE") continue;
    const response = await owner.fetch(path, init);
    expect([path, response.status < 300 || response.status === 101]).toEqual([path, true]);
    response.webSocket?.accept();
    response.webSocket?.close();
    if (response.headers.get("content-type")?.startsWith("text/event-stream")) await response.body?.cancel();
    else await response.text();
  }
});
