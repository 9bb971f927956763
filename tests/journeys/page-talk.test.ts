// Talking, in a real Chromium against the real stack: where the reader is, what they typed, versions, other models,
// searching, deleting, being offline, and all of it without a mouse.
import type { Page } from "playwright-core";
import { expect, test } from "vitest";
import { picture } from "./browser.ts";
import { answers, ask, copied, ended, grownTo, PATIENCE, violations } from "./page-kit.ts";
import { onStage } from "./page-stage.ts";

/** What is asked for when nothing is to be seen growing. */
const AT_ONCE = "scripted-markdown-500-rate-0";
/** Grows for a while, and ends. */
const STEADY = "scripted-markdown-900-rate-100";
/** Only ever stopped. */
const ENDLESS = "scripted-markdown-9000-rate-120";
const OTHER = "scripted-fast";

const set = { models: [AT_ONCE, STEADY, ENDLESS], env: { DEFAULT_TIER: "mvp", REDIS_URL: "" } };

onStage("talking on the page", set, (stage) => {
  /** Where the reader is, once a scroll has come to rest. */
  const restingTop = (page: Page) =>
    page.locator(".scroller").evaluate(async (element) => {
      let top = element.scrollTop;
      for (let still = 0; still < 10; still++) {
        await new Promise((next) => requestAnimationFrame(next));
        if (element.scrollTop !== top) still = 0;
        top = element.scrollTop;
      }
      return top;
    });
  const fromEnd = (page: Page) =>
    page.locator(".scroller").evaluate((element) => element.scrollHeight - element.clientHeight - element.scrollTop);
  const deleted = (page: Page) => page.getByRole("button", { name: "Undo" });

  test("who scrolled up stays there while the answer grows, and comes back by one button", async () => {
    const { page } = await stage.open("/", { choice: ENDLESS });
    await ask(page, "A long answer");
    await expect
      .poll(() => page.locator(".scroller").evaluate((e) => e.scrollHeight - e.clientHeight), PATIENCE)
      .toBeGreaterThan(400);
    await expect.poll(() => fromEnd(page), PATIENCE).toBeLessThan(60);
    await page.mouse.move(700, 400);
    await page.mouse.wheel(0, -300);
    const before = await restingTop(page);
    expect(await fromEnd(page)).toBeGreaterThan(200);
    const length = Number(await answers(page).getAttribute("data-length"));
    await grownTo(answers(page), length + 300);
    expect(await restingTop(page)).toBe(before);
    await picture(page, "scrolled-up");
    await page.getByRole("button", { name: "Jump to latest" }).click();
    await grownTo(answers(page), length + 600);
    await expect.poll(() => fromEnd(page), PATIENCE).toBeLessThan(60);
    await page.keyboard.press("Escape");
    await ended(answers(page), "cancelled");
  });

  test("one chat after another, without a reload between them", async () => {
    const { page } = await stage.open("/", { choice: ENDLESS });
    for (const prompt of ["Rivers", "Lakes", "Seas"]) {
      await page.getByRole("link", { name: "New chat" }).first().click();
      await expect.poll(() => page.locator(".empty").count(), PATIENCE).toBe(1);
      await ask(page, prompt);
      await grownTo(answers(page), 100);
      await page.keyboard.press("Escape");
      await ended(answers(page), "cancelled");
    }
    await page.locator(".chat-link", { hasText: "Rivers" }).click();
    await page.locator(".bubble", { hasText: "Rivers" }).waitFor();
  });

  test("drafts and settings belong to their chat, through a reload", async () => {
    const { page } = await stage.open();
    await ask(page, "First chat");
    await ended(answers(page));
    const first = page.url();
    await page.locator("#composer").fill("half a thought");
    await page.getByRole("button", { name: "Settings of this chat" }).click();
    await page.getByRole("slider", { name: "Temperature" }).fill("1.2");
    await page.locator("#system-prompt").fill("Answer in verse.");
    await page.getByRole("link", { name: "New chat" }).first().click();
    await expect.poll(() => page.locator("#composer").inputValue(), PATIENCE).toBe("");
    await expect.poll(() => page.locator("#system-prompt").inputValue(), PATIENCE).toBe("");
    await page.goto(first);
    await page.reload();
    await expect.poll(() => page.locator("#composer").inputValue(), PATIENCE).toBe("half a thought");
    expect(await page.locator("#system-prompt").inputValue()).toBe("Answer in verse.");
    expect(await page.getByRole("slider", { name: "Temperature" }).inputValue()).toBe("1.2");
    await picture(page, "settings");
    expect(await violations(page)).toEqual([]);
  });

  test("an edit is a branch, another model a version; both stay", async () => {
    const { page } = await stage.open();
    await ask(page, "Rivers");
    await ended(answers(page));
    await page.locator(".question").hover();
    await page.getByRole("button", { name: "Edit", exact: true }).click();
    await page.getByRole("textbox", { name: "Edit your message" }).fill("Lakes");
    await page.getByRole("button", { name: "Save and ask again" }).click();
    await ended(answers(page));
    await page.locator(".question .branches").getByText("2 / 2").waitFor();
    await page.getByRole("button", { name: "Previous version" }).click();
    await page.locator(".bubble", { hasText: "Rivers" }).waitFor();

    await page.getByRole("button", { name: "Answer again with…" }).click();
    await page.getByRole("option", { name: OTHER }).first().click();
    await page.locator(".answer-foot .branches").getByText("2 / 2").waitFor();
    await ended(answers(page));
    await page.locator(".receipt button.pills").click();
    expect(await page.locator(".receipt-detail").textContent()).toContain(OTHER);
    await picture(page, "versions");
    expect(await violations(page)).toEqual([]);
  });

  test("titles and contents are searched, a chat is renamed, exported, deleted, and brought back", async () => {
    const { context, page } = await stage.open();
    await ask(page, "The zebra crossing of Abbey Road");
    await ended(answers(page));
    const chat = page.url();
    await page.locator("h1 button").click();
    await page.getByRole("textbox", { name: "Title of this chat" }).fill("Crossings");
    await page.keyboard.press("Enter");
    await page.locator(".chat-link", { hasText: "Crossings" }).waitFor();

    await page.getByRole("link", { name: "New chat" }).first().click();
    await page.keyboard.press("Control+k");
    await page.getByRole("combobox", { name: "Search chats" }).fill("zebr");
    await page.locator(".search-hit mark").first().waitFor();
    await picture(page, "search");
    expect(await violations(page)).toEqual([]);
    await page.keyboard.press("Enter");
    await expect.poll(() => page.url(), PATIENCE).toContain(chat);

    const saved = page.waitForEvent("download");
    await page.getByRole("button", { name: "Share and export" }).click();
    await page.getByRole("menuitem", { name: "Export as Markdown" }).click();
    expect((await saved).suggestedFilename()).toMatch(/\.md$/);

    await page.getByRole("button", { name: "Actions for Crossings" }).focus();
    await page.keyboard.press("Enter");
    await page.getByRole("menuitem", { name: "Delete" }).click();
    await expect.poll(() => page.locator(".chat-link", { hasText: "Crossings" }).count(), PATIENCE).toBe(0);
    await deleted(page).click();
    await page.locator(".chat-link", { hasText: "Crossings" }).waitFor();
    expect(
      (await context.request.get(`${stage.stack.url}/api/chats/${chat.split("/c/")[1]?.split("#")[0]}`)).status(),
    ).toBe(200);
  });

  test("a chat is read by its link, and no more once the link was taken back", async () => {
    const { page } = await stage.open();
    await ask(page, "Rivers for everybody");
    await ended(answers(page));
    await page.getByRole("button", { name: "Share and export" }).click();
    await page.getByRole("menuitem", { name: "Share by a link…" }).click();
    await page.getByRole("button", { name: "Make a link" }).click();
    const link = await page.getByRole("textbox", { name: "Link to this chat" }).inputValue();
    await picture(page, "share");
    expect(await violations(page)).toEqual([]);

    const stranger = await stage.open(link, { width: 390, height: 844 });
    await stranger.page.locator(".bubble", { hasText: "Rivers for everybody" }).waitFor();
    await stranger.page.locator(".shared-messages .markdown h3").first().waitFor();
    await picture(stranger.page, "shared");
    expect(await violations(stranger.page)).toEqual([]);

    await page.getByRole("button", { name: "Take the link back" }).click();
    await page.getByText("The link leads nowhere any more.").waitFor();
    await stranger.page.reload();
    await stranger.page.getByText("This link leads nowhere").waitFor();
  });

  test("offline and back: the answer is whole, and the page says where it stands", async () => {
    const { context, page } = await stage.open("/", { choice: STEADY });
    await ask(page, "Going under a tunnel");
    await grownTo(answers(page), 100);
    await context.setOffline(true);
    await page.getByText("You are offline.").first().waitFor();
    await picture(page, "offline");
    await context.setOffline(false);
    await ended(answers(page));
    const run = (await answers(page).getAttribute("data-run")) ?? "";
    const chat = await (await context.request.get(`${stage.stack.url}/api/chats/${run.split(".")[0]}`)).json();
    expect(await copied(page, answers(page))).toBe(chat.messages.at(-1).text);
    await page.getByText("Every word is kept.").waitFor();
  });

  test("by keyboard alone: ask, stop, answer again, versions, tier, model, export, search", async () => {
    const { page } = await stage.open("/", { choice: ENDLESS });
    /** Tabs on until the focus is where it is wanted. */
    async function tabTo(name: string | RegExp, role: "button" | "radio" = "button"): Promise<void> {
      const wanted = page.getByRole(role, { name }).first();
      for (let step = 0; step < 80; step++) {
        if (await wanted.evaluate((element) => element === document.activeElement)) return;
        await page.keyboard.press("Tab");
      }
      throw new Error(`The keyboard does not reach ${name}`);
    }
    await page.keyboard.type("Asked by keyboard");
    await page.keyboard.press("Enter");
    await grownTo(answers(page), 20);
    await page.keyboard.press("Escape");
    await ended(answers(page), "cancelled");

    await tabTo(/^Model: /);
    await page.keyboard.press("Enter");
    await page.getByRole("combobox", { name: "Choose a model" }).waitFor();
    await page.keyboard.type(AT_ONCE);
    await page.keyboard.press("Enter");
    await tabTo("Answer again");
    await page.keyboard.press("Enter");
    await page.locator(".answer-foot .branches").getByText("2 / 2").waitFor();
    await ended(answers(page));
    await tabTo("Previous version");
    await page.keyboard.press("Enter");
    await page.locator(".answer-foot .branches").getByText("1 / 2").waitFor();

    // A tier that is off is reached too: it says why, and is not taken.
    await tabTo(/^MVP$/, "radio");
    await page.keyboard.press("ArrowRight");
    await page.getByRole("radio", { name: "Redis", checked: true }).waitFor();
    await page.keyboard.press("ArrowRight");
    await page.locator(".tooltip", { hasText: "TEMPORAL_BRIDGE_URL" }).waitFor();
    await page.getByRole("radio", { name: "Redis", checked: true }).waitFor();

    await tabTo("Share and export");
    await page.keyboard.press("Enter");
    await page.getByRole("menuitem").first().waitFor();
    const saved = page.waitForEvent("download");
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press("Enter");
    await saved;

    await page.keyboard.press("Control+k");
    await page.keyboard.type("keyboard");
    await page.locator(".search-hit").first().waitFor();
    await page.keyboard.press("Escape");
    await page.keyboard.press("Control+/");
    await page.getByRole("dialog", { name: "Keyboard shortcuts" }).waitFor();
    await picture(page, "help");
    expect(await violations(page)).toEqual([]);
    await page.keyboard.press("Escape");
    await page.keyboard.press("Shift+Escape");
    expect(await page.locator("#composer").evaluate((element) => element === document.activeElement)).toBe(true);
    await page.keyboard.press("Control+Shift+O");
    await expect.poll(() => new URL(page.url()).pathname, PATIENCE).toBe("/");
  });

  test("who wants no motion gets none", async () => {
    const { page } = await stage.open("/", { choice: ENDLESS });
    await page.emulateMedia({ reducedMotion: "reduce" });
    await ask(page, "Still water");
    await grownTo(answers(page), 20);
    const moving = await page.evaluate(
      () => document.getAnimations().filter(({ effect }) => Number(effect?.getComputedTiming().duration) > 20).length,
    );
    expect(moving).toBe(0);
    await page.keyboard.press("Escape");
    await ended(answers(page), "cancelled");
  });
});
