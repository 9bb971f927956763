// Fuzzes every operation of /openapi.json on the real stack: whatever is sent, the answer is one that is described, no
// answer is a 5xx, and the server is as good afterwards. SEED runs one again, FUZZ_REQUESTS says how many requests.
import { afterAll, beforeAll, expect, it } from "vitest";
import { chosenSeed } from "../journeys/seed.ts";
import { Stack } from "../journeys/stack.ts";
import { Random } from "../simulation/random.ts";
import { type Document, type Operation, operationsOf } from "./openapi.ts";
import { type Known, makeUp } from "./requests.ts";
import { type Got, type Sent, send } from "./wire.ts";

const REQUESTS = Number(process.env.FUZZ_REQUESTS ?? 1_200);
const AT_ONCE = 12;
/** More are forgotten, the oldest first. */
const KEPT = 40;
const ADMIN_TOKEN = "the-admin-of-the-fuzz";
/** They leave nobody to ask for the rest; `tests/conformance/me.workerd.test.ts` proves them. */
const LAST_WORDS = ["DELETE /api/me", "DELETE /api/session"];

let stack: Stack;
beforeAll(async () => {
  stack = await Stack.start({
    env: { ADMIN_TOKEN, DEFAULT_MODEL: "scripted-tokens-5-rate-0", PROVIDER_STALL_MS: "2000" },
  });
}, 120_000);
afterAll(() => stack?.dispose());

const shown = ({ method, path, headers, body }: Sent, { status, body: said }: Got) =>
  `${method} ${path}\n${JSON.stringify(headers)}\n${body?.slice(0, 2_000) ?? ""}\n→ ${status} ${said.slice(0, 2_000)}\n${
    status < 500 ? "" : stack.output.slice(-2_000)
  }`;

/** Remembers what a reply gave that a later request may name. */
function learn(known: Known, reply: unknown): void {
  if (typeof reply !== "object" || reply === null) return;
  for (const [name, value] of Object.entries(reply)) {
    for (const field of typeof value === "string" ? fieldsOf(name, value) : []) {
      const list = known.get(field) ?? [];
      if (!list.includes(value)) known.set(field, [...list, value].slice(-KEPT));
    }
    learn(known, value);
  }
}

function fieldsOf(name: string, value: string): string[] {
  if (/^[0-9a-f]{64}$/.test(value)) return ["id", "chatId"];
  if (/^[0-9a-f]{64}\.\d+$/.test(value)) return ["id"];
  if (/^[0-9a-f]{128}$/.test(value)) return ["token"];
  if (name === "id" && /^[0-9a-f-]{36}$/.test(value)) return ["tokenId"];
  // Whom a token stands for; the one who asks all this is not to be erased.
  if (value.startsWith("made:")) return ["person"];
  return ["offset", "cursor", "parent"].includes(name) ? [name] : [];
}

/** `parentId` fits what messages are called, `offset` and `from` and `last-event-id` are the same thing. */
function related(known: Known): Known {
  const offsets = known.get("offset") ?? [];
  return new Map([
    ...known,
    ["from", offsets],
    ["last-event-id", offsets],
    ["parentId", ["m1", "a1", "a2", ...(known.get("parent") ?? [])]],
    ["prompt", ["What is a Durable Object?", "é🧠"]],
    ["idempotency-key", ["key-1", "key-2"]],
  ]);
}

it(`answers ${REQUESTS} made-up requests as it says it does`, { timeout: 600_000 }, async () => {
  const seed = chosenSeed();
  console.log(`SEED=${seed}`);
  const random = new Random(seed);
  const origin = stack.url;
  const document = (await (await fetch(`${origin}/openapi.json`)).json()) as Document;
  const operations = operationsOf(document).filter(({ method, path }) => !LAST_WORDS.includes(`${method} ${path}`));
  const session = (await (await fetch(`${origin}/api/session`, { method: "POST" })).json()) as { token: string };
  const authorization = `Bearer ${session.token}`;
  const admin = `Bearer ${ADMIN_TOKEN}`;
  const known: Known = new Map();
  /** What has met success; the rest is asked gently until it has. */
  const worked = new Set<Operation>();

  const check = (operation: Operation, sent: Sent, got: Got) => {
    expect(got.status, shown(sent, got)).toBeLessThan(500);
    const wrong = got.open && got.status === 200 ? undefined : operation.wrong(got.status, got.contentType, got.body);
    expect(wrong, `${wrong}\n${shown(sent, got)}`).toBeUndefined();
    if (got.status !== 101) expect(got.requestId, shown(sent, got)).toMatch(/^[\w.-]{8,128}$/);
    if (got.contentType?.startsWith("application/json")) learn(known, JSON.parse(got.body));
    if (got.status < 400) worked.add(operation);
    else expect(JSON.parse(got.body).status, shown(sent, got)).toBe(got.status);
  };

  // Asks come first and often: all the rest is about them.
  const weighted = operations.flatMap((each) => (each.path.endsWith("/generate") ? [each, each, each, each] : [each]));
  for (let done = 0; done < REQUESTS; done += AT_ONCE) {
    const batch = Array.from({ length: AT_ONCE }, () => {
      const operation = done === 0 ? (weighted.find(({ body }) => body) as Operation) : random.pick(weighted);
      const sent = makeUp(operation, document, related(known), random, !worked.has(operation));
      const own = { authorization: operation.path.startsWith("/api/admin/") ? admin : authorization };
      return { operation, sent: { ...sent, headers: { ...own, ...sent.headers } } };
    });
    const answers = await Promise.all(batch.map(({ sent }) => send(origin, sent)));
    for (const [index, got] of answers.entries()) {
      const { operation, sent } = batch[index] as (typeof batch)[number];
      check(operation, sent, got);
    }
  }

  // It met success as well as refusal, wherever there can be any: workflows need a bridge, what comes back an archive.
  const possible = operations.filter(({ path }) => !/^\/api\/(workflows\/|admin\/restore$)/.test(path));
  expect(possible.filter((operation) => !worked.has(operation)).map(({ method, path }) => `${method} ${path}`)).toEqual(
    [],
  );
  const health = await fetch(`${origin}/health`);
  expect([health.status, ((await health.json()) as { status: string }).status]).toEqual([200, "ok"]);
  const answer = await fetch(`${origin}/api/chat/generate`, {
    method: "POST",
    headers: { "content-type": "application/json", accept: "text/plain", authorization },
    body: JSON.stringify({ prompt: "Still there?" }),
  });
  expect(await answer.text()).not.toBe("");
});

it("answers methods and addresses there are not", async () => {
  const methods = ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "HEAD", "TRACE"];
  const paths = [
    "/api",
    "/api/",
    "/api/chat",
    "/api/chats/",
    "/api/chat/status/",
    "/ws/chat/",
    "/api/%zz",
    "/api/chats/%",
    "//api/chats",
    "/api/../api/tiers",
    "/openapi.json",
    "/docs",
    "/health",
  ];
  for (const method of methods) {
    for (const path of paths) {
      const sent = { method, path, headers: {}, body: undefined };
      const got = await send(stack.url, sent);
      expect(got.status, shown(sent, got)).toBeLessThan(500);
      if (got.status === 405 && got.contentType === "application/problem+json")
        expect(got.allow, shown(sent, got)).toMatch(/^[A-Z]+(, [A-Z]+)*$/);
    }
  }
});
