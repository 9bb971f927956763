// The pages under their policies, in a real Chromium: what is ours works, what is not does not run.
import { expect, test } from "vitest";
import { PATIENCE_MS } from "./browser.ts";
import { onStage } from "./page-stage.ts";

onStage("policies", {}, (stage) => {
  test.each([
    ["/", "textbox"],
    ["/docs", "heading"],
    ["/docs/errors", "heading"],
  ] as const)("%s works, and runs no script but ours", async (path, role) => {
    const page = await stage.browser.newPage();
    const blocked: string[] = [];
    page.on("console", (message) => {
      if (/content security policy/i.test(message.text())) blocked.push(message.text());
    });
    const response = await page.goto(stage.stack.url + path);
    const headers = response?.headers() ?? {};
    expect(headers["content-security-policy"]).toMatch(/script-src 'self';/);
    expect(headers["content-security-policy"]).toMatch(/frame-ancestors 'none'/);
    expect(headers["x-content-type-options"]).toBe("nosniff");
    await page.getByRole(role).first().waitFor({ timeout: PATIENCE_MS });
    expect(blocked).toEqual([]);

    await page.evaluate(() => {
      const script = document.createElement("script");
      script.textContent = "window.foreign = true";
      document.body.append(script);
      const handler = document.createElement("div");
      handler.innerHTML = '<img src="/nothing" onerror="window.foreign = true">';
      document.body.append(handler);
    });
    // Both attempts are reported: what would have run by then did not.
    await expect.poll(() => blocked.length, { timeout: PATIENCE_MS }).toBeGreaterThan(1);
    expect(await page.evaluate(() => "foreign" in window)).toBe(false);
    await page.close();
  });

  test("the chosen theme is there before the first paint", async () => {
    const page = await stage.browser.newPage();
    await page.addInitScript(() => localStorage.setItem("keepstream.theme", "dark"));
    await page.goto(stage.stack.url);
    expect(await page.evaluate(() => document.documentElement.dataset.theme)).toBe("dark");
    await page.close();
  });
});
