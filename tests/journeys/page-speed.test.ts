// What the page costs: to load, while a long answer comes, and with a long chat. Bytes and counts are what they are on any
// machine. Times are the main thread's processor time, which other work on the machine does not lengthen, and are held
// against a yardstick that is measured in the same Chromium: a slow machine has a slow yardstick. All of them are printed.
import { gzipSync } from "node:zlib";
import type { BrowserContext, Page } from "playwright-core";
import { expect, test } from "vitest";
import type { ChatReply, GenerateReply } from "../../protocol/requests.ts";
import { picture } from "./browser.ts";
import { counted, drawnToRest, watchDrawing } from "./drawing.ts";
import { loadedSlowly } from "./load-figures.ts";
import { type MainThread, traced, yardstick } from "./main-thread.ts";
import { answers, ask, copied, ended, grownTo } from "./page-kit.ts";
import { onStage } from "./page-stage.ts";

/** Script of a first load, gzipped bytes. */
const FIRST_LOAD = 90_000;
/** A task of the main thread, ms, where the yardstick takes `YARDSTICK`. */
const LONGEST_TASK = 50;
/** Opening a chat of a thousand messages, ms of the main thread, the same. */
const OPENING = 300;
/** What the yardstick takes on the machine that the figures of docs/design/page.md are from, ms. */
const YARDSTICK = 50;

/** Messages that are drawn when a chat is opened, and in one task at any time. */
const MOST_AT_FIRST = 24;
const MOST_A_TASK = 4;

const MESSAGES = 1_000;
const LONG = "scripted-markdown-5000-rate-200";

const SHORT = "scripted-markdown-60-rate-0";

const set = { models: [LONG, SHORT], env: { DEFAULT_TIER: "mvp" } };

onStage("what the page costs", set, (stage) => {
  /** An answer asked for without the page, by the person whose window it is. */
  async function asked(context: BrowserContext, body: object): Promise<GenerateReply> {
    const reply = await context.request.post(`${stage.stack.url}/api/chat/generate`, { data: body });
    expect(reply.status()).toBe(202);
    return reply.json();
  }

  /** Gzipped bytes of all scripts that loading an address fetches. */
  async function firstLoad(page: Page, path: string): Promise<number> {
    const sizes: Promise<number>[] = [];
    page.on("response", (response) => {
      if (response.request().resourceType() !== "script") return;
      sizes.push(response.body().then((body) => gzipSync(body, { level: 9 }).length));
    });
    await page.goto(`${stage.stack.url}${path}`);
    await page.locator("#composer").waitFor();
    await page.waitForLoadState("networkidle");
    return (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0);
  }

  /** Says what was measured, and what it comes to where the yardstick takes what it should. */
  function scaled(what: string, ms: number, stick: number): number {
    const there = (ms * YARDSTICK) / stick;
    console.log(
      `${what}: ${ms} ms; the yardstick took ${stick} ms, so ${there.toFixed(1)} ms where it takes ${YARDSTICK}`,
    );
    return there;
  }

  test("a first load is small, on an empty page and on a chat's own address", async () => {
    const { context } = await stage.open();
    const { chatId } = await asked(context, { prompt: "Rivers", model: SHORT });
    for (const path of ["/", `/c/${chatId}`]) {
      const page = await context.newPage();
      const bytes = await firstLoad(page, path);
      console.log(`first load of ${path.slice(0, 3)}: ${bytes} bytes of script, gzipped`);
      expect(bytes).toBeLessThanOrEqual(FIRST_LOAD);
      await page.close();
    }
  });

  test("over a slow network to a slow machine: it is there, nothing jumps, and it answers", async () => {
    const { context } = await stage.open();
    const page = await context.newPage();
    const figures = await loadedSlowly(page, stage.stack.url);
    console.log("slow 4G, four times slower processor:", figures);
    // What moves under the reader's finger does so on any machine.
    expect(figures.shift).toBeLessThanOrEqual(0.1);
    await page.evaluate(() =>
      localStorage.setItem(
        "keepstream.settings",
        '{"new":{"provider":"openai","model":"scripted-markdown-60-rate-0"}}',
      ),
    );
    await ask(page, "Over a thin wire");
    await grownTo(answers(page), 20);
  });

  test("5,000 tokens at 200 a second: no long task, and the text is the log's", async () => {
    const { context, page } = await stage.open();
    await watchDrawing(page);
    const before = await yardstick(stage.browser);
    const cost = await traced(page, async () => {
      await ask(page, "A very long answer about rivers");
      await grownTo(answers(page), 10_000);
      await picture(page, "long-answer");
      await ended(answers(page));
    });
    const stick = Math.max(before, await yardstick(stage.browser));
    console.log("a 5,000-token answer:", cost, await counted(page));
    const run = (await answers(page).getAttribute("data-run")) ?? "";
    const reply = await context.request.get(`${stage.stack.url}/api/chats/${run.split(".")[0]}`);
    const chat: ChatReply = await reply.json();
    expect(await copied(page, answers(page))).toBe(chat.messages.at(-1)?.text);
    expect((await counted(page)).growthsAFrame).toBeLessThanOrEqual(1);
    expect(scaled("its longest task", cost.longest, stick)).toBeLessThanOrEqual(LONGEST_TASK);
  });

  test("a chat of 1,000 messages opens at once, and is read from end to beginning", async () => {
    const { context, page } = await stage.open();
    let chatId: string | undefined;
    for (let n = 0; n < MESSAGES / 2; n++) {
      const reply = await context.request.post(`${stage.stack.url}/api/chat/generate`, {
        data: { prompt: `Question ${n}`, model: "scripted-markdown-40-rate-0", ...(chatId && { chatId }) },
        headers: { accept: "text/event-stream" },
      });
      chatId = reply.headers()["x-chat-id"];
    }
    const sticks = [await yardstick(stage.browser)];
    const costs: MainThread[] = [];
    for (let n = 0; n < 3; n++) {
      await page.goto(stage.stack.url);
      await page.locator(".chat-link").first().waitFor();
      await watchDrawing(page);
      const cost = await traced(page, async () => {
        await page.locator(".chat-link").first().click();
        await page.locator(".bubble", { hasText: `Question ${MESSAGES / 2 - 1}` }).waitFor();
        await drawnToRest(page);
      });
      costs.push(cost);
    }
    const opened = await page.locator("article").count();
    console.log("opening 1,000 messages from the list:", costs, "drawn:", opened, await counted(page));
    await picture(page, "long-chat");
    await page.mouse.move(700, 400);
    const scrolled = await traced(page, async () => {
      for (let step = 0; step < 40; step++) {
        await page.mouse.wheel(0, -2_500);
        await page.waitForTimeout(40);
      }
      await drawnToRest(page);
    });
    sticks.push(await yardstick(stage.browser));
    const { messagesATask } = await counted(page);
    console.log("scrolling up 40 screens:", scrolled, "drawn:", await page.locator("article").count(), {
      messagesATask,
    });
    expect(opened).toBeLessThanOrEqual(MOST_AT_FIRST);
    expect(messagesATask).toBeLessThanOrEqual(MOST_A_TASK);
    expect(await page.locator("article").count()).toBeGreaterThan(opened);
    const stick = Math.max(...sticks);
    // The least of three: what else the machine does only adds to it.
    const least = Math.min(...costs.map(({ total }) => total));
    expect(scaled("opening it", least, stick)).toBeLessThanOrEqual(OPENING);
    expect(scaled("the longest task of scrolling", scrolled.longest, stick)).toBeLessThanOrEqual(LONGEST_TASK);
  }, 600_000);
});
