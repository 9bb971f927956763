import { cloudflareTest } from "@cloudflare/vitest-plugin";
import solid from "vite-plugin-solid";
import { configDefaults, defineConfig } from "vitest/config";

const elsewhere = [...configDefaults.exclude, "**/*.workerd.test.ts", "web/**", "tests/journeys/**"];

/** Every provider is the scripted model, and a silent one is given up soon. */
const scriptedEnv = (url: string) => ({
  OPENAI_API_KEY: "scripted",
  OPENAI_BASE_URL: `${url}/v1`,
  ANTHROPIC_API_KEY: "scripted",
  ANTHROPIC_BASE_URL: url,
  COMPATIBLE_BASE_URL: `${url}/v1`,
  SCRIPTED_PROVIDERS: "openai,anthropic,compatible",
  PROVIDER_STALL_MS: "2000",
});

export default defineConfig({
  test: {
    projects: [
      {
        // Pure modules and Node programs.
        test: { name: "unit", environment: "node", include: ["**/*.test.ts"], exclude: elsewhere, testTimeout: 30_000 },
      },
      {
        // Inside real workerd, with real Durable Objects.
        plugins: [cloudflareTest({ wrangler: { configPath: "./wrangler.toml" } })],
        test: {
          name: "workerd",
          include: ["**/*.workerd.test.ts"],
          globalSetup: ["./tests/scripted-model.setup.ts"],
          testTimeout: 30_000,
        },
      },
      {
        plugins: [solid()],
        test: { name: "page", environment: "jsdom", include: ["web/**/*.test.{ts,tsx}"] },
      },
      {
        // Whole journeys against the running stack: the launcher, workerd, the scripted model, Chromium.
        test: {
          name: "journeys",
          environment: "node",
          include: ["tests/journeys/**/*.test.ts"],
          testTimeout: 120_000,
          hookTimeout: 120_000,
          fileParallelism: false,
        },
      },
    ],
  },
});
