import { cloudflareTest } from "@cloudflare/vitest-plugin";
import solid from "vite-plugin-solid";
import { configDefaults, defineConfig } from "vitest/config";
import type { StoreSettings } from "./tests/stores/control.ts";

const elsewhere = [...configDefaults.exclude, "**/*.workerd.test.ts", "web/**", "tests/journeys/**", "tests/fuzz/**"];

/**
 * Every provider is the scripted model, and a silent one is given up soon. What is left blank here is blank for the
 * tests, whatever a `.dev.vars` on this machine says.
 */
const scriptedEnv = (url: string, stores: StoreSettings) => ({
  OPENAI_API_KEY: "scripted",
  OPENAI_BASE_URL: `${url}/v1`,
  OPENAI_MODELS: "",
  OPENAI_BACKGROUND: "",
  ANTHROPIC_API_KEY: "scripted",
  ANTHROPIC_BASE_URL: url,
  ANTHROPIC_MODELS: "",
  COMPATIBLE_API_KEY: "",
  COMPATIBLE_BASE_URL: `${url}/v1`,
  COMPATIBLE_MODELS: "",
  SCRIPTED_PROVIDERS: "openai,anthropic,compatible",
  DEFAULT_TIER: "mvp",
  DEFAULT_PROVIDER: "",
  DEFAULT_MODEL: "",
  PROVIDER_STALL_MS: "2000",
  AUTH_MODE: "open",
  ALLOW_OPEN: "",
  ADMIN_TOKEN: "token-of-the-admin",
  API_TOKENS: "token-of-one-script, token-of-another, team:token-of-the-team",
  ACCESS_TEAM_DOMAIN: "",
  ACCESS_AUD: "",
  ALLOWED_ORIGINS: "https://friend.example",
  ASKS_PER_MINUTE: "off",
  ANSWERS_AT_ONCE: "off",
  TOKENS_PER_DAY: "off",
  DOLLARS_PER_DAY: "off",
  BODY_SECONDS: "",
  UPSTASH_REDIS_REST_URL: stores.UPSTASH_REDIS_REST_URL,
  UPSTASH_REDIS_REST_TOKEN: stores.UPSTASH_REDIS_REST_TOKEN,
  CACHE_TTL_SECONDS: "",
  // A busy machine is no outage.
  CACHE_LOOK_UP_MS: "10000",
  DATABASE_URL: stores.DATABASE_URL,
  NEON_FETCH_ENDPOINT: stores.NEON_FETCH_ENDPOINT,
  EVICT_AFTER_DAYS: "",
  TEMPORAL_BRIDGE_URL: "",
  TEMPORAL_BRIDGE_TOKEN: "only-for-tests-only-for-tests",
  TEMPORAL_ADDRESS: "",
  EDGE_URL: "",
  SESSION_SECRET: "only-for-tests-only-for-tests",
  LOG_LEVEL: "error",
  LOG_PROMPTS: "",
});

/** What the Worker imports. One that is missing here costs time; one of hono's that is, is another copy of it. */
const WORKER_PACKAGES = [
  "@anthropic-ai/sdk",
  "@cloudflare/containers",
  "@hono/zod-openapi",
  "@logtape/logtape",
  "@neondatabase/serverless",
  "@pydantic/genai-prices",
  "@upstash/redis/cloudflare",
  "canonicalize",
  "drizzle-orm",
  "drizzle-orm/neon-http",
  "drizzle-orm/pg-core",
  "eventsource-parser",
  "hono",
  "hono/accepts",
  "hono/route",
  "hono/cookie",
  "hono/factory",
  "hono/html",
  "hono/http-exception",
  "jose",
  "openai",
  "tokenx",
  "uuidv7",
  "zod",
];

const PAGE_JOURNEYS = "tests/journeys/page*.test.ts";
/** Where other work shares the machine, what needs a server may fail of that alone; CI lists what needed a second try. */
const retry = process.env.KEEPSTREAM_REQUIRE === "all" ? 1 : 0;
const journey = {
  environment: "node",
  retry,
  globalSetup: ["./tests/page.setup.ts"],
  testTimeout: 120_000,
  hookTimeout: 120_000,
};

export default defineConfig({
  test: {
    projects: [
      {
        // Pure modules and Node programs.
        test: {
          name: "unit",
          environment: "node",
          include: ["**/*.test.ts"],
          exclude: elsewhere,
          globalSetup: ["./tests/stores.setup.ts"],
          testTimeout: 30_000,
        },
      },
      {
        // Inside real workerd, with real Durable Objects.
        plugins: [
          cloudflareTest(({ inject }) => ({
            wrangler: { configPath: "./wrangler.toml" },
            miniflare: { bindings: scriptedEnv(inject("scriptedModelUrl"), inject("stores").settings) },
          })),
        ],
        test: {
          name: "workerd",
          retry,
          include: ["**/*.workerd.test.ts"],
          globalSetup: ["./tests/scripted-model.setup.ts", "./tests/access-keys.setup.ts", "./tests/stores.setup.ts"],
          // Bundled once instead of fetched module by module in each file: the first request of a file takes 2 s, not 8.
          deps: { optimizer: { ssr: { enabled: true, include: WORKER_PACKAGES } } },
          testTimeout: 30_000,
          hookTimeout: 30_000,
          setupFiles: ["./tests/conformance/outgoing.ts"],
          // Most of them wait for the scripted model most of the time.
          maxConcurrency: 16,
          // One workerd for all files: each test has a person and a chat of its own.
          isolate: false,
        },
      },
      {
        plugins: [solid()],
        test: { name: "page", environment: "jsdom", include: ["web/**/*.test.{ts,tsx}"] },
      },
      {
        // Whole journeys against the running stack: the launcher, workerd, the scripted model. They mostly wait.
        test: {
          ...journey,
          name: "journeys",
          include: ["tests/journeys/**/*.test.ts", "tests/fuzz/**/*.test.ts"],
          exclude: [...configDefaults.exclude, PAGE_JOURNEYS],
          maxWorkers: 2,
          sequence: { groupOrder: 1 },
        },
      },
      {
        // Those in Chromium, which keep the machine busy: one after the other.
        test: {
          ...journey,
          name: "page-journeys",
          include: [PAGE_JOURNEYS],
          maxWorkers: 1,
          sequence: { groupOrder: 2 },
        },
      },
    ],
  },
});
