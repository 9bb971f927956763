// The views beside the chat, in a real Chromium against the real stack: what the cache spares, how the figures move, what
// a workflow is doing, how the parts are, and what each tier would cost.
import type { Page } from "playwright-core";
import { describe, expect, test } from "vitest";
import { withoutTemporal } from "../temporal.ts";
import { picture } from "./browser.ts";
import { answers, ask, ended, fits, grownTo, PATIENCE, violations } from "./page-kit.ts";
import { onStage } from "./page-stage.ts";

/** Each view, and what is on it once it is all there. */
const VIEWS = {
  "/stats": "[data-figure=answers]",
  "/workflows": ".workflow-list table, .view-none",
  "/compare": ".cost-total",
  "/status": "[data-part-name]",
  "/access": ".access-form",
  "/states": "[data-sample]",
};
const ADMIN_TOKEN = "the-admin-of-the-page";
const AT_ONCE = "scripted-markdown-300-rate-0";
/** Grows for a while, and ends. */
const STEADY = "scripted-markdown-300-rate-20";
/** Only ever stopped. */
const ENDLESS = "scripted-markdown-9000-rate-40";

const set = {
  models: [AT_ONCE, STEADY, ENDLESS],
  temporal: !withoutTemporal,
  env: { ADMIN_TOKEN, REDIS_URL: "", DEFAULT_TIER: "redis" },
};

onStage("the views", set, (stage) => {
  const figure = async (page: Page, name: string) =>
    Number((await page.locator(`[data-figure="${name}"]`).textContent())?.replace(/[^\d.]/g, ""));

  test("the same question again comes from the cache, and says what that spared; asked at once, it is made once", async () => {
    const { page } = await stage.open("/");
    await ask(page, "What is a delta?");
    await ended(answers(page));
    await page.getByRole("link", { name: "New chat" }).first().click();
    await page.locator(".empty").waitFor();
    await ask(page, "What is a delta?");
    await ended(answers(page));
    await page
      .locator(".receipt")
      .getByText(/CACHE HIT · .* saved/)
      .waitFor();
    await picture(page, "cache-hit");
    expect(await violations(page)).toEqual([]);

    // Answering again is asking for another answer: the kept one is not given.
    await page.getByRole("button", { name: "Answer again", exact: true }).click();
    await page.locator(".answer-foot .branches").getByText("2 / 2").waitFor();
    await ended(answers(page));
    expect(await page.locator(".receipt").getByText("CACHE HIT").count()).toBe(0);

    const [one, other] = await Promise.all([stage.open("/", { choice: STEADY }), stage.open("/", { choice: STEADY })]);
    await ask(one.page, "What is an estuary?");
    await grownTo(answers(one.page), 20);
    await ask(other.page, "What is an estuary?");
    await ended(answers(other.page));
    await other.page
      .locator(".receipt")
      .getByText(/COLLAPSED/)
      .first()
      .waitFor();
    await picture(other.page, "cache-collapsed");
  });

  test("the statistics move as answers come, and have a table for each chart", async () => {
    const { context, page } = await stage.open("/stats");
    await page.locator("[data-figure=answers]").waitFor();
    const stats = await (await context.request.get(`${stage.stack.url}/api/stats`)).json();
    if (stats.source === "none") {
      // A deployment that counts nothing says so, and the page with it.
      await page.getByText(stats.note).waitFor();
      return;
    }
    const before = await figure(page, "answers");
    for (let n = 0; n < 2; n++) {
      const body = { prompt: "What is a meander?", tier: "redis", model: "scripted-markdown-50-rate-0" };
      const reply = await context.request.post(`${stage.stack.url}/api/chat/generate`, { data: body });
      await context.request.get(`${stage.stack.url}/api/chat/stream/${(await reply.json()).id}`);
    }
    await expect.poll(() => figure(page, "answers"), PATIENCE).toBeGreaterThanOrEqual(before + 2);
    await expect.poll(() => figure(page, "hit-rate"), PATIENCE).toBeGreaterThan(0);
    await page.getByText("The same as a table").first().click();
    expect(await page.locator(".twin table tbody tr").count()).toBeGreaterThan(0);
    for (const metric of ["Tokens", "Money", "Answers"]) await page.getByRole("radio", { name: metric }).click();
    await picture(page, "statistics");
    expect(await violations(page)).toEqual([]);
  });

  test("the comparison is worked out anew with each figure, and can be put back", async () => {
    const { page } = await stage.open("/compare");
    const total = (tier: string) => page.locator(`[data-tier=${tier}] .cost-total`).textContent();
    await page.locator(".cost-total").first().waitFor();
    const before = await total("mvp");
    await page.getByRole("spinbutton", { name: "Users a day" }).fill("50000");
    await expect.poll(() => total("mvp"), PATIENCE).not.toBe(before);
    const cold = await total("redis");
    await page.getByRole("slider", { name: "Answered from the cache" }).fill("90");
    await expect.poll(() => total("redis"), PATIENCE).not.toBe(cold);
    await page.reload();
    await page.locator(".cost-total").first().waitFor();
    expect(await page.getByRole("spinbutton", { name: "Users a day" }).inputValue()).toBe("50000");
    await picture(page, "comparison");
    await page.getByRole("button", { name: "Back to the measured figures" }).click();
    await expect.poll(() => page.getByRole("spinbutton", { name: "Users a day" }).inputValue(), PATIENCE).toBe("1000");
  });

  test("the admin makes a token on the page, somebody comes in by it, and it is revoked", async () => {
    const { page } = await stage.open("/access");
    const comeIn = async (on: Page, token: string) => {
      await on.getByLabel("Your token").fill(token);
      await on.getByRole("button", { name: "Come in" }).click();
      await on.locator("#composer").waitFor();
      await on.goto(`${stage.stack.url}/access`);
    };
    await comeIn(page, ADMIN_TOKEN);
    await page.getByLabel("Name", { exact: true }).fill("Ann");
    await page.getByLabel("Good for so many days").fill("7");
    await page.getByLabel("rename, share, delete").uncheck();
    await page.getByRole("button", { name: "Make a token" }).click();
    const token = (await page.locator(".access-secret").textContent()) ?? "";
    expect(token).toMatch(/^ks_[\w-]{43}$/);
    await page.locator("[data-token=Ann][data-state=live]").waitFor();
    await picture(page, "tokens");
    expect(await violations(page)).toEqual([]);

    const ann = await stage.open("/access");
    await comeIn(ann.page, token);
    await ann.page.getByText("made:").waitFor();
    expect(await ann.page.getByRole("heading", { name: "Tokens" }).count()).toBe(0);
    await ann.page.close();

    await page.getByRole("button", { name: "Revoke the token of Ann" }).click();
    await page.locator("[data-token=Ann][data-state=revoked]").waitFor();

    // Another one for the same person, who is exported by either.
    await page.getByLabel("Name", { exact: true }).fill("Ann again");
    await page.getByLabel("Whose chats").selectOption({ label: "as Ann" });
    await page.getByRole("button", { name: "Make a token" }).click();
    await page.locator("[data-token='Ann again'][data-state=live]").waitFor();
    const [again, first] = await Promise.all(
      ["Ann again", "Ann"].map((name) =>
        page.getByRole("link", { name: `Export all that is kept of ${name}`, exact: true }).getAttribute("href"),
      ),
    );
    expect(again).toMatch(/^\/api\/admin\/people\/made%3A[\w-]+\/export$/);
    expect(again).toBe(first);
    await page.getByRole("button", { name: "Go out" }).click();
    await page.locator("#composer").waitFor();
  });

  test("the status names every part, and the language changes where one stands", async () => {
    const { page } = await stage.open("/status");
    await page.locator("[data-part-name=durable-objects][data-state=ok]").waitFor();
    await page.getByRole("button", { name: "Language: EN" }).click();
    await page.getByRole("menuitem", { name: "Français" }).click();
    await page.getByRole("heading", { name: "État du service" }).waitFor();
    expect(await page.locator("html").getAttribute("lang")).toBe("fr");
    expect(await page.title()).toContain("État du service");
    await picture(page, "status");
  });

  describe.skipIf(withoutTemporal)(`workflows${withoutTemporal ? ` (skipped: ${withoutTemporal})` : ""}`, () => {
    test("one is watched beside its chat and in the list, another is cancelled", async () => {
      const { page } = await stage.open("/", { choice: STEADY });
      await page.getByRole("radio", { name: "Temporal" }).click();
      await ask(page, "An essay on rivers");
      await grownTo(answers(page), 40);
      await page.getByRole("button", { name: "Settings of this chat" }).click();
      await page.locator(".workflow-beside .steps li").first().waitFor();
      await picture(page, "workflow-beside");
      expect(await violations(page)).toEqual([]);
      await ended(answers(page));
      const run = (await answers(page).getAttribute("data-run")) ?? "";

      await page.getByRole("link", { name: "Workflows" }).click();
      await page.locator(`[data-workflow="${run}"][data-state=completed]`).waitFor();
      await page.locator(`[data-workflow="${run}"] .workflow-name`).click();
      await page.locator(`[data-detail="${run}"] .workflow-events tbody tr`).first().waitFor();
      await picture(page, "workflows");
      expect(await violations(page)).toEqual([]);
      // On a phone too, without a table that has to be pushed aside.
      await page.setViewportSize({ width: 390, height: 844 });
      for (const table of await page.locator(".table-scroll").all()) {
        expect(await table.evaluate(({ scrollWidth, clientWidth }) => scrollWidth - clientWidth)).toBe(0);
      }
      await fits(page);
      await page.setViewportSize({ width: 1440, height: 900 });

      const other = await stage.open("/", { choice: ENDLESS });
      await other.page.getByRole("radio", { name: "Temporal" }).click();
      await ask(other.page, "A very long essay, to be cancelled");
      await grownTo(answers(other.page), 20);
      const second = (await answers(other.page).getAttribute("data-run")) ?? "";
      await other.page.goto(`${stage.stack.url}/workflows/${second}`);
      await other.page.getByRole("button", { name: "Cancel", exact: true }).click();
      await other.page.locator(`[data-detail="${second}"] .progress-bar[data-state=cancelled]`).waitFor();
      await picture(other.page, "workflow-cancelled");
    });
  });

  test.each([
    { width: 320, height: 640, dark: true, locale: "fr-FR" },
    { width: 390, height: 844, dark: false, locale: "en-GB" },
    { width: 1440, height: 900, dark: false, locale: "fr-FR" },
    { width: 1440, height: 900, dark: false, locale: "en-GB" },
    { width: 1440, height: 900, dark: true, locale: "fr-FR" },
    { width: 1440, height: 900, dark: true, locale: "en-GB" },
    { width: 3840, height: 2160, dark: false, locale: "fr-FR" },
  ])("every view fits and has no violation at $width px (dark: $dark, $locale)", async (look) => {
    const { context } = await stage.open("/", look);
    const looks = async (view: string, there: string) => {
      const page = await context.newPage();
      await page.goto(`${stage.stack.url}${view}`);
      await page.locator(there).first().waitFor();
      await page.evaluate(async () => void (await document.fonts.ready));
      const { width, dark, locale } = look;
      await picture(page, `view${view.replace("/", "-")}-${width}-${dark ? "dark" : "light"}-${locale.slice(0, 2)}`);
      expect(await violations(page), view).toEqual([]);
      await fits(page);
      await page.close();
    };
    await Promise.all(Object.entries(VIEWS).map(([view, there]) => looks(view, there)));
  });
});
