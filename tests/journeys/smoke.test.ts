// Proves docs/deploy.md, "Is it well?": the smoke test passes what is well, as the documents' own test runs it, and nothing
// else; and says what it did not try.
import { afterAll, beforeAll, expect, it, vi } from "vitest";
import { report, smoke } from "../../deploy/smoke.ts";
import { Stack } from "./stack.ts";

const ADMIN_TOKEN = "the-admin-of-the-smoke-test";
const NOWHERE = "http://127.0.0.1:9";
let stack: Stack;

beforeAll(async () => {
  stack = await Stack.start({
    env: {
      ADMIN_TOKEN,
      DATABASE_URL: "postgresql://u:p@127.0.0.1/x",
      NEON_FETCH_ENDPOINT: `${NOWHERE}/sql`,
      UPSTASH_REDIS_REST_URL: NOWHERE,
      UPSTASH_REDIS_REST_TOKEN: "x",
      DEFAULT_MODEL: "scripted-tokens-0-rate-0",
    },
    args: [],
  });
}, 120_000);
afterAll(() => stack?.dispose());

it("a deployment whose parts are down, or whose model says nothing, does not pass", async () => {
  const checks = await smoke(stack.url, ADMIN_TOKEN, 0);
  const wrong = (name: RegExp) => checks.find((each) => name.test(each.name))?.wrong;
  expect(wrong(/each part/)).toMatch(/cache: .*archive: /);
  expect(wrong(/an answer/)).toBe("it has no text");
  expect(report(checks)).toBe(false);
});

it("without a token it says that no answer was asked for", async () => {
  const said = vi.spyOn(console, "log").mockImplementation(() => {});
  report(await smoke(stack.url, null, 0));
  const lines = said.mock.calls.map(([line]) => String(line));
  said.mockRestore();
  expect(lines).toContainEqual(expect.stringMatching(/^ {2}– an answer .*not tried: no token was given/));
  expect(lines).toContainEqual(expect.stringMatching(/^ {2}– temporal, not tried: /));
});
