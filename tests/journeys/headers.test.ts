// The pages under their policies, in a real Chromium: what is ours works, what is not does not run.
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { launchChromium, withoutChromium } from "./browser.ts";
import { Stack } from "./stack.ts";

describe.skipIf(withoutChromium)(`policies${withoutChromium ? ` (skipped: ${withoutChromium})` : ""}`, () => {
  let browser: Browser;
  let stack: Stack;

  beforeAll(async () => {
    [browser, stack] = await Promise.all([launchChromium(), Stack.start({ page: true })]);
  });
  afterAll(async () => {
    await browser?.close();
    await stack?.dispose();
  });

  test.each([
    ["/", "textbox"],
    ["/docs", "heading"],
    ["/docs/errors", "heading"],
  ] as const)("%s works, and runs no script but ours", async (path, role) => {
    const page = await browser.newPage();
    const blocked: string[] = [];
    page.on("console", (message) => {
      if (/content security policy/i.test(message.text())) blocked.push(message.text());
    });
    const response = await page.goto(stack.url + path);
    const headers = response?.headers() ?? {};
    expect(headers["content-security-policy"]).toMatch(/script-src 'self';/);
    expect(headers["content-security-policy"]).toMatch(/frame-ancestors 'none'/);
    expect(headers["x-content-type-options"]).toBe("nosniff");
    await page.getByRole(role).first().waitFor({ timeout: 60_000 });
    expect(blocked).toEqual([]);

    await page.evaluate(() => {
      const script = document.createElement("script");
      script.textContent = "window.foreign = true";
      document.body.append(script);
      const handler = document.createElement("div");
      handler.innerHTML = '<img src="/nothing" onerror="window.foreign = true">';
      document.body.append(handler);
    });
    await page.waitForTimeout(300);
    expect(await page.evaluate(() => "foreign" in window)).toBe(false);
    expect(blocked.length).toBeGreaterThan(0);
    await page.close();
  });

  test("the chosen theme is there before the first paint", async () => {
    const page = await browser.newPage();
    await page.addInitScript(() => localStorage.setItem("keepstream.theme", "dark"));
    await page.goto(stack.url);
    expect(await page.evaluate(() => document.documentElement.dataset.theme)).toBe("dark");
    await page.close();
  });
});
