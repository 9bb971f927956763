// Proves PROTOCOL.md, "Errors", for a corpus of bad input over every operation of the description and the sockets: each is
// a problem of the caller's, told as one, and nothing of the inside comes out.
import { beforeAll, describe, expect, it } from "vitest";
import { problemSchema } from "../../protocol/problems.ts";
import { answer, bearer, call, fresh, model, type Person } from "./kit.ts";

/** What only the inside knows. */
const INSIDE =
  /token-of-the-admin|only-for-tests|SQLITE|sqlite_|\bat \S+ \(|\.ts:\d|node_modules|durable-objects|workers\/|Error: |\[object/;

const HUGE = "x".repeat(5_000);
/** Ids, tokens, offsets and queries as nobody sane sends them. */
const VALUES = [
  "",
  "x",
  "0",
  "-1",
  "null",
  "undefined",
  "NaN",
  "1e309",
  "%00",
  "%ff%fe",
  "%2e%2e%2f%2e%2e%2fetc%2fpasswd",
  "..%5c..%5cwindows",
  "'%20OR%201=1;--",
  "%22%3E%3Cscript%3Ealert(1)%3C/script%3E",
  "$%7Bjndi:ldap://x%7D",
  "%F0%9F%A7%A0",
  "%ED%A0%80",
  "0".repeat(64),
  `${"0".repeat(64)}.1`,
  `${"f".repeat(64)}.99999999999999999999`,
  `${"a".repeat(64)}.0`,
  "A".repeat(64),
  HUGE,
];

const BODIES: (string | Uint8Array)[] = [
  "",
  "{",
  "[]",
  "null",
  "true",
  '"text"',
  "-0",
  "[[[[[[[[[[[[[[[[[[[[[[[[",
  `${"[".repeat(20_000)}${"]".repeat(20_000)}`,
  '{"__proto__":{"admin":true},"constructor":{"prototype":{"x":1}}}',
  '{"prompt":null}',
  '{"prompt":""}',
  '{"prompt":{"$gt":""}}',
  '{"prompt":["x"]}',
  '{"prompt":"x","chatId":7}',
  '{"prompt":"x","chatId":"../../x"}',
  '{"prompt":"x","parentId":{}}',
  '{"prompt":"x","temperature":1e400}',
  '{"prompt":"x","maxOutputTokens":-1}',
  '{"prompt":"x","model":"\\u0000"}',
  '{"prompt":"x","cache":{"mode":"x"}}',
  '{"prompt":"x","tier":"__proto__"}',
  '{"title":""}',
  '{"title":7}',
  '{"title":{"toString":"x"}}',
  '{"name":"","scopes":"read"}',
  '{"name":"x","limits":{"asksPerMinute":-1}}',
  '{"name":"x","expiresAt":"tomorrow"}',
  '{"name":"x","person":7}',
  '{"name":"x","person":"admin"}',
  '{"name":"x","person":"made:nobody"}',
  '{"name":"x","expiresAt":1e300}',
  '{"after":7}',
  '{"after":"../../x"}',
  '{"after":"","limit":1}',
  '{"limit":0}',
  '{"limit":1e9}',
  '{"messages":[]}',
  '{"model":"x","messages":[{"role":"god","content":"x"}]}',
  '{"model":"x","messages":[{"role":"user","content":[{"type":"image_url"}]}]}',
  '{"prompt":"\\ud800"',
  new Uint8Array([0xff, 0xfe, 0x00, 0xd8]),
  new Uint8Array([0xef, 0xbb, 0xbf, 0x7b]),
];

const HEADERS: Record<string, string>[] = [
  { "last-event-id": "nonsense" },
  { "last-event-id": HUGE },
  { "idempotency-key": "" },
  { "idempotency-key": HUGE },
  { accept: "*" },
  { accept: ";;;q=,," },
  { accept: HUGE },
  { "content-type": "application/json; charset=nonsense" },
  { "content-type": ";" },
  { "x-request-id": "<script>" },
  { origin: "nonsense" },
  { origin: "https://evil.example" },
  { cookie: "__Host-keepstream=%00; =; ;;" },
  { cookie: `__Host-keepstream=${HUGE}` },
  { authorization: "Bearer ks_x" },
  { authorization: `Bearer ${HUGE}` },
  { "cf-access-jwt-assertion": "a.b.c" },
  { traceparent: "00-zz-zz-zz" },
  { "x-chat-id": "../.." },
  { "x-reading": '{"person":"admin"}' },
];

interface Operation {
  method: string;
  path: string;
  parameters: { name: string; in: string }[];
}

let admin: Person;
let id: string;
let operations: Operation[];

beforeAll(async () => {
  admin = bearer("token-of-the-admin");
  ({ id } = await answer(admin, { prompt: fresh("corpus"), model: model("tokens-3-rate-0") }));
  const { paths } = await (await call("/openapi.json")).json<{
    paths: Record<string, Record<string, { parameters?: Operation["parameters"] }>>;
  }>();
  operations = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, { parameters = [] }]) => ({
      method: method.toUpperCase(),
      path,
      parameters,
    })),
  );
});

/** What the caller did, where something of the inside came out or it was no fault of theirs; empty when all is well. */
async function judge(what: string, path: string, init: RequestInit): Promise<string[]> {
  const response = await admin.fetch(path, init);
  response.webSocket?.accept();
  response.webSocket?.close();
  if (response.status < 400) {
    await response.body?.cancel();
    return [];
  }
  const text = await response.text();
  const wrong = [];
  // 503 is what a part that is not set up says.
  if (response.status >= 500 && response.status !== 503)
    wrong.push(`${what}: ${response.status} ${text.slice(0, 200)}`);
  const problem = problemSchema.loose().safeParse(JSON.parse(text));
  if (!problem.success) wrong.push(`${what}: no problem: ${text.slice(0, 200)}`);
  if (INSIDE.test(text)) wrong.push(`${what}: tells of the inside: ${text.slice(0, 300)}`);
  return wrong;
}

const template = (path: string, value: string) => path.replace(/\{\w+\}/g, value);
/** Erasing the admin, or going out as one, is no bad input. */
const harmless = ({ method, path }: Operation) => method !== "DELETE" || path.includes("{");

describe("a corpus of bad input", () => {
  it("in every address", async () => {
    const wrong = await Promise.all(
      operations
        .filter(({ path }) => path.includes("{"))
        .flatMap(({ method, path }) =>
          VALUES.map((value) => {
            const headers = path.startsWith("/ws/") ? { upgrade: "websocket" } : {};
            return judge(`${method} ${path} ${value.slice(0, 40)}`, template(path, value), { method, headers });
          }),
        ),
    );
    expect(wrong.flat()).toEqual([]);
  });

  it("in every query", async () => {
    const wrong = await Promise.all(
      operations.filter(harmless).flatMap(({ method, path, parameters }) =>
        parameters
          .filter((each) => each.in === "query")
          .flatMap(({ name }) =>
            VALUES.map((value) =>
              judge(
                `${method} ${path}?${name}=${value.slice(0, 40)}`,
                `${template(path, id)}?${name}=${value}&${name}=`,
                {
                  method,
                },
              ),
            ),
          ),
      ),
    );
    expect(wrong.flat()).toEqual([]);
  });

  it("in every body", async () => {
    const wrong = await Promise.all(
      operations
        .filter(({ method }) => method === "POST" || method === "PATCH")
        .flatMap(({ method, path }) =>
          BODIES.map((body) =>
            judge(`${method} ${path} ${String(body).slice(0, 60)}`, template(path, "x"), {
              method,
              headers: { "content-type": "application/json" },
              body,
            }),
          ),
        ),
    );
    expect(wrong.flat()).toEqual([]);
  });

  it("in every header", async () => {
    const wrong = await Promise.all(
      operations.filter(harmless).flatMap(({ method, path }) =>
        HEADERS.map((headers) => {
          const json = method === "POST" || method === "PATCH" ? { body: '{"prompt":""}' } : {};
          const all = { "content-type": "application/json", ...headers };
          // Not the admin's: theirs is among the headers.
          const address = template(path, "x");
          const what = `${method} ${path} ${JSON.stringify(headers).slice(0, 80)}`;
          return judge(what, address, { method, headers: all, ...json });
        }),
      ),
    );
    expect(wrong.flat()).toEqual([]);
  });

  it("by every method, at addresses that are none", async () => {
    const wrong = await Promise.all(
      ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"].flatMap((method) =>
        [
          "/api",
          "/api/",
          "/api//",
          "/api/chat",
          "/api/%2e%2e/x",
          `/api/${HUGE}`,
          "/ws",
          "/ws/chat/",
          "/internal/x",
          "/v1/x",
        ].map(async (path) => {
          const response = await call(path, { method });
          const text = await response.text();
          return response.status >= 500 || INSIDE.test(text) ? [`${method} ${path}: ${response.status} ${text}`] : [];
        }),
      ),
    );
    expect(wrong.flat()).toEqual([]);
  });

  it("in every frame of a socket", async () => {
    const frames: (string | ArrayBuffer)[] = [
      ...BODIES.filter((body) => typeof body === "string"),
      '{"type":"resume"}',
      '{"type":"resume","offset":7}',
      '{"type":"resume","offset":"ffffffffffff"}',
      `{"type":"resume","offset":"${HUGE}"}`,
      '{"type":"cancel"}',
      '{"type":"cancel","run":"x"}',
      `{"type":"cancel","run":"${"0".repeat(64)}.1"}`,
      '{"type":"__proto__"}',
      "\u0000",
      new ArrayBuffer(3),
    ];
    for (const frame of frames) {
      const { webSocket } = await admin.fetch(`/ws/chat/${id}`, { headers: { upgrade: "websocket" } });
      if (!webSocket) throw new Error("The handshake was refused.");
      const closed = new Promise<CloseEvent>((resolve) => webSocket.addEventListener("close", resolve));
      webSocket.accept();
      webSocket.send(frame);
      const { code, reason } = await closed;
      expect([String(frame).slice(0, 60), [4400, 4404].includes(code), INSIDE.test(reason)]).toEqual([
        String(frame).slice(0, 60),
        true,
        false,
      ]);
      webSocket.close();
    }
    expect((await admin.fetch(`/api/chat/status/${id}`)).status).toBe(200);
  });
});
