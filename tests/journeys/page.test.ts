// The page in a real Chromium against the real stack: what a person does, and that not a byte is lost on the way.
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type ScriptedModel, startScriptedModel } from "../../local/model/server.ts";
import { fullText, markdownSource } from "../../local/model/text.ts";
import { launchChromium, openWindow, picture, withoutChromium } from "./browser.ts";
import { answers, ask, copied, ended, fits, grownTo, violations } from "./page-kit.ts";
import { Stack } from "./stack.ts";

const TOKENS = 400;
const MODEL = `scripted-markdown-${TOKENS}-rate-40`;

describe.skipIf(withoutChromium)(`the page${withoutChromium ? ` (skipped: ${withoutChromium})` : ""}`, () => {
  let browser: Browser;
  let model: ScriptedModel;
  let stack: Stack;

  beforeAll(async () => {
    model = await startScriptedModel();
    [browser, stack] = await Promise.all([
      launchChromium(),
      Stack.start({ scriptedModelUrl: model.url, page: true, env: { DEFAULT_MODEL: MODEL } }),
    ]);
  });

  afterAll(async () => {
    await browser?.close();
    await stack?.dispose();
    await model?.close();
  });

  test("an answer reloaded in mid-stream is what the model said, byte for byte, in two tabs", async () => {
    const { context, page, errors } = await openWindow(browser);
    await page.goto(stack.url);
    const prompt = "Rivers, with code and 🌊";
    await ask(page, prompt);
    await grownTo(answers(page), 60);
    await picture(page, "answer-streaming");
    await page.reload();
    await grownTo(answers(page), 120);

    const second = await context.newPage();
    await second.goto(page.url());
    await grownTo(answers(second), 160);
    expect(await answers(second).getAttribute("data-status")).toBe("running");
    await Promise.all([ended(answers(page)), ended(answers(second))]);

    const said = fullText(markdownSource(prompt, TOKENS));
    expect(await copied(page, answers(page))).toBe(said);
    await second.bringToFront();
    expect(await copied(second, answers(second))).toBe(said);
    expect(errors).toEqual([]);
    expect(model.counters().perPrompt[prompt]?.madeTwice).toBe(0);
    await context.close();
  });

  test("a killed server: the answer goes on by itself once it is back", async () => {
    const { context, page, errors } = await openWindow(browser);
    await page.goto(stack.url);
    const prompt = "What survives a crash?";
    await ask(page, prompt);
    await grownTo(answers(page), 200);
    await stack.kill();
    await stack.start();
    await ended(answers(page));
    expect(await copied(page, answers(page))).toBe(fullText(markdownSource(prompt, TOKENS)));
    expect(model.counters().perPrompt[prompt]?.madeTwice).toBe(0);
    await picture(page, "answer-after-crash");
    expect(errors).toEqual([]);
    await context.close();
  });

  test("stop, after a reload too; then answer again, and both versions are there", async () => {
    const { context, page } = await openWindow(browser);
    await page.goto(stack.url);
    await ask(page, "Say a great deal");
    await grownTo(answers(page), 40);
    await page.reload();
    await grownTo(answers(page), 60);
    await page.getByRole("button", { name: "Stop" }).click();
    await ended(answers(page), "cancelled");
    await page.getByRole("button", { name: "Answer again", exact: true }).first().click();
    await grownTo(answers(page), 20);
    await expect.poll(() => page.getByText("2 / 2").count(), { timeout: 20_000 }).toBeGreaterThan(0);
    await page.getByRole("button", { name: "Stop" }).click();
    await ended(answers(page), "cancelled");
    await context.close();
  });

  test("an error is told, with a Retry, and the chat goes on", async () => {
    const { context, page } = await openWindow(browser);
    await page.goto(stack.url);
    // The page sends the model it was given; a request of its own stands in for a model that has gone.
    await page.route("**/api/chat/generate", async (route) => {
      const body = JSON.parse(route.request().postData() ?? "{}");
      await route.continue({ postData: JSON.stringify({ ...body, model: "scripted-fault-401" }) });
    });
    await ask(page, "Will this work?");
    await ended(answers(page), "failed");
    await picture(page, "answer-failed");
    await page.unroute("**/api/chat/generate");
    await page.getByRole("button", { name: "Retry" }).click();
    await expect.poll(() => answers(page).last().getAttribute("data-status"), { timeout: 60_000 }).toBe("completed");
    await context.close();
  });

  describe.each([
    { name: "wide", width: 1440, height: 900 },
    { name: "phone", width: 390, height: 844 },
    { name: "narrow", width: 320, height: 640 },
  ])("$name", ({ name, width, height }) => {
    test.each([false, true])("looks right and has no accessibility violation (dark: %s)", async (dark) => {
      const { context, page, errors } = await openWindow(browser, { width, height, dark, locale: "fr-FR" });
      await page.goto(stack.url);
      await page.getByRole("textbox").last().waitFor();
      await picture(page, `empty-${name}-${dark ? "dark" : "light"}`);
      await page.getByRole("textbox").last().fill("Explique l’intelligence artificielle");
      await page.keyboard.press("Enter");
      await ended(answers(page));
      await picture(page, `answer-${name}-${dark ? "dark" : "light"}`);
      expect(await violations(page)).toEqual([]);
      await fits(page);
      expect(errors).toEqual([]);
      await context.close();
    });
  });
});
