// Pictures of every view and state of the page, to be looked at: `node tests/journeys/page-gallery.ts [name…]`, at two
// widths, in both themes and both languages. They go to `test-artifacts/gallery`.
import type { Page } from "playwright-core";
import { startScriptedModel } from "../../local/model/server.ts";
import { temporalProgram } from "../temporal.ts";
import { launchChromium, type OpenWindow, openWindow, picture } from "./browser.ts";
import { Stack } from "./stack.ts";

const FAST = "scripted-markdown-260-rate-0";
const SLOW = "scripted-markdown-900-rate-60";
const BROKEN = "scripted-fault-401";
const QUESTION = {
  en: "Explain artificial intelligence with a table and a short example",
  fr: "Explique l’intelligence artificielle avec un tableau et un court exemple",
} as const;
const LOOKS = [
  { name: "wide-light", width: 1440, height: 900, dark: false, lang: "en" },
  { name: "wide-dark", width: 1440, height: 900, dark: true, lang: "fr" },
  { name: "phone-light", width: 390, height: 844, dark: false, lang: "fr" },
  { name: "phone-dark", width: 390, height: 844, dark: true, lang: "en" },
] as const;
type Look = (typeof LOOKS)[number];

const only = process.argv.slice(2);
const model = await startScriptedModel({ listed: [FAST, SLOW, BROKEN] });
const stack = await Stack.start({
  page: true,
  scriptedModelUrl: model.url,
  temporal: temporalProgram !== undefined,
  env: {
    REDIS_URL: "",
    POSTGRES_URL: "",
    DEFAULT_PROVIDER: "openai",
    DEFAULT_MODEL: FAST,
    DEFAULT_TIER: "redis",
  },
});
const browser = await launchChromium();

const ended = (page: Page, status = "completed"): Promise<void> =>
  page.locator(`[data-run][data-status=${status}]`).last().waitFor();

const grownTo = (page: Page, length: number) =>
  page.waitForFunction(
    (least) => Number(document.querySelector<HTMLElement>("[data-run]")?.dataset.length ?? 0) > least,
    length,
  );

interface Scene extends OpenWindow {
  look: Look;
  ask(tier?: string, model?: string, prompt?: string): Promise<void>;
  go(path: string): Promise<void>;
}

async function scene(look: Look): Promise<Scene> {
  const opened = await openWindow(browser, { ...look, locale: look.lang === "fr" ? "fr-FR" : "en-GB" });
  const { page } = opened;
  const go = async (path: string) => {
    await page.goto(new URL(path, stack.url).href);
    await page.locator("h1, #composer").first().waitFor();
  };
  return {
    ...opened,
    look,
    go,
    async ask(tier = "redis", model = FAST, prompt = QUESTION[look.lang]) {
      await page.evaluate(
        ([tier, model]) =>
          localStorage.setItem("keepstream.settings", JSON.stringify({ new: { provider: "openai", model, tier } })),
        [tier, model],
      );
      await go("/");
      await page.locator("#composer").fill(prompt);
      await page.keyboard.press("Enter");
    },
  };
}

/** What a state looks like once this was done. */
const STATES: Record<string, (scene: Scene) => Promise<void>> = {
  async empty({ page, go }) {
    await go("/");
    await page.locator(".starter").first().waitFor();
  },
  async streaming({ page, ask, look }) {
    // The README's picture is the first; asked again, the redis tier would have the answer at once.
    await ask(look.name === "wide-light" ? "redis" : "mvp", "scripted", "How does a Durable Object keep state?");
    await grownTo(page, 420);
  },
  async answer({ page, ask }) {
    await ask("mvp");
    await ended(page);
  },
  async receipt({ page }) {
    await page.locator("button.pills").click();
    await page.locator(".receipt-detail").scrollIntoViewIfNeeded();
  },
  async error({ page, ask }) {
    await ask("mvp", BROKEN);
    await ended(page, "failed");
  },
  async hit({ page, ask }) {
    await ask();
    await ended(page);
    await ask();
    await page.locator(".receipt [data-tone=cache]").waitFor();
  },
  async panel({ page }) {
    await page.locator(".open-panel").click();
    await page.locator(".panel").waitFor();
  },
  async models({ page }) {
    const inPanel = page.locator(".model-button.in-panel");
    const button = (await inPanel.isVisible()) ? inPanel : page.locator(".model-button.in-header");
    await button.click();
    await page.locator(".models .model").first().waitFor();
  },
  async tiers({ page, go }) {
    await go("/");
    const menu = page.locator(".tier-menu");
    await page.locator(".tier-menu:visible, .tiers:visible").first().waitFor();
    if (await menu.isVisible()) await menu.click();
    else await page.locator(".tiers [role=radio], .tiers label").nth(1).hover();
    await page.locator(".tooltip, .menu").first().waitFor();
  },
  async share({ page, ask }) {
    await ask("mvp");
    await ended(page);
    await page.locator(".open-export").click();
    await page.getByRole("menuitem").first().click();
    await page.locator("[role=dialog] button.primary, [role=dialog] .button").first().click();
    await page.locator("[role=dialog] input").waitFor();
  },
  async shared({ page }) {
    const link = await page
      .locator("[role=dialog] input")
      .inputValue({ timeout: 2_000 })
      .catch(() => null);
    if (link) await page.goto(link);
    await page.locator("h1").waitFor();
  },
  async search({ page, go }) {
    await go("/");
    await page.keyboard.press("Control+k");
    await page.locator("[role=dialog] input").fill("a");
    await page.locator(".search-hit").first().waitFor();
  },
  async nothingFound({ page, go }) {
    await go("/");
    await page.keyboard.press("Control+k");
    await page.locator("[role=dialog] input").fill("xylophone");
    await page.locator(".search-none").waitFor();
  },
  async help({ page, go }) {
    await go("/");
    await page.keyboard.press("Control+/");
    await page.locator("[role=dialog]").waitFor();
  },
  async drawer({ page, go, look }) {
    await go("/");
    if (look.width < 860) await page.locator(".open-drawer").click();
    await page.waitForTimeout(300);
  },
  async stats({ page, go }) {
    await go("/stats");
    await page.locator("[data-figure=answers]").waitFor();
    await page.waitForTimeout(1_500);
  },
  async temporal({ page, ask, look }) {
    if (!temporalProgram) return;
    await ask("temporal", SLOW, "An essay");
    await grownTo(page, 400);
    if (look.width > 860 && !(await page.locator(".panel").isVisible())) await page.locator(".open-panel").click();
    if (look.width > 860) await page.locator(".workflow-beside .steps li").first().waitFor();
  },
  async beside({ page }) {
    if (!temporalProgram) return;
    if (!(await page.locator(".panel").isVisible())) await page.locator(".open-panel").click();
    await page.locator(".workflow-beside .steps li").first().waitFor();
  },
  async workflows({ page, go }) {
    await go("/workflows");
    await page.locator("h1").waitFor();
    if (temporalProgram) await page.locator(".workflow-name").first().click();
    await page.waitForTimeout(1_500);
  },
  async compare({ page, go }) {
    await go("/compare");
    await page.locator(".cost-total").first().waitFor();
  },
  async status({ page, go }) {
    await go("/status");
    await page.locator("[data-part-name]").first().waitFor();
  },
  async access({ page, go }) {
    await go("/access");
    await page.locator(".access-form").first().waitFor();
  },
  async missing({ go }) {
    await go("/nowhere");
  },
  async gone({ page, go }) {
    await go(`/shared/${"0".repeat(32)}`);
    await page.locator(".problem, .nothing, .view-none").first().waitFor();
  },
  async states({ page, go }) {
    await go("/states");
    await page.locator("[data-sample]").first().waitFor();
  },
  async offline({ page, ask, context }) {
    await ask("mvp", SLOW, "A tunnel");
    await grownTo(page, 200);
    await context.setOffline(true);
    await page
      .locator(".connection-note, [data-connection]")
      .first()
      .waitFor({ timeout: 5_000 })
      .catch(() => {});
    await page.waitForTimeout(1_000);
  },
};

async function settled(page: Page): Promise<void> {
  await page.evaluate(async () => {
    await document.fonts.ready;
  });
  await page.waitForTimeout(250);
}

try {
  for (const look of LOOKS) {
    const here = await scene(look);
    await here.go("/");
    for (const [name, bring] of Object.entries(STATES)) {
      if (only.length > 0 && !only.includes(name)) continue;
      try {
        await bring(here);
      } catch (error) {
        console.log(`${look.name} ${name}: ${String(error).split("\n")[0]}`);
      }
      await settled(here.page);
      await picture(here.page, `gallery/${look.name}-${name}`);
    }
    if (here.errors.length > 0) console.log(look.name, here.errors);
    await here.context.close();
  }
} finally {
  await browser.close();
  await stack.dispose();
  await model.close();
}
