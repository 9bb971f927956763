// What the page costs: to load, while a long answer comes, and with a long chat. Processor time of the main thread and
// bytes, which other work on the machine does not change; the figures are printed.
import { gzipSync } from "node:zlib";
import type { Browser, BrowserContext, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { ChatReply, GenerateReply } from "../../protocol/requests.ts";
import { launchChromium, openWindow, picture, withoutChromium } from "./browser.ts";
import { type MainThread, traced } from "./main-thread.ts";
import { answers, ask, copied, ended, grownTo } from "./page-kit.ts";
import { Stack } from "./stack.ts";

/** Script of a first load, gzipped bytes. */
const FIRST_LOAD = 90_000;
/** A task of the main thread, ms. */
const LONGEST_TASK = 50;
/** Opening a chat of a thousand messages, ms of the main thread. */
const OPENING = 300;

const MESSAGES = 1_000;

describe.skipIf(withoutChromium)(
  `what the page costs${withoutChromium ? ` (skipped: ${withoutChromium})` : ""}`,
  () => {
    let browser: Browser;
    let stack: Stack;

    beforeAll(async () => {
      [browser, stack] = await Promise.all([
        launchChromium(),
        Stack.start({ page: true, env: { DEFAULT_MODEL: "scripted-markdown-5000-rate-200", DEFAULT_TIER: "mvp" } }),
      ]);
    });

    afterAll(async () => {
      await browser?.close();
      await stack?.dispose();
    });

    /** An answer asked for without the page, by the person whose window it is. */
    async function asked(context: BrowserContext, body: object): Promise<GenerateReply> {
      const reply = await context.request.post(`${stack.url}/api/chat/generate`, { data: body });
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
      await page.goto(`${stack.url}${path}`);
      await page.locator("#composer").waitFor();
      await page.waitForLoadState("networkidle");
      return (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0);
    }

    test("a first load is small, on an empty page and on a chat's own address", async () => {
      const { context } = await openWindow(browser);
      const { chatId } = await asked(context, { prompt: "Rivers", model: "scripted-markdown-60-rate-0" });
      for (const path of ["/", `/c/${chatId}`]) {
        const page = await context.newPage();
        const bytes = await firstLoad(page, path);
        const timing = await page.evaluate(() => {
          const [navigation] = performance.getEntriesByType("navigation") as PerformanceNavigationTiming[];
          const paint = performance.getEntriesByName("first-contentful-paint")[0];
          return { paint: Math.round(paint?.startTime ?? 0), loaded: Math.round(navigation?.loadEventEnd ?? 0) };
        });
        console.log(`first load of ${path.slice(0, 3)}: ${bytes} bytes of script, gzipped;`, timing);
        expect(bytes).toBeLessThanOrEqual(FIRST_LOAD);
        await page.close();
      }
      await context.close();
    });

    test("5,000 tokens at 200 a second: no long task, and the text is the log's", async () => {
      const { context, page, errors } = await openWindow(browser);
      await page.goto(stack.url);
      // The parts that are fetched with a first answer are not what is measured.
      await page.locator("#composer").waitFor();
      const cost = await traced(page, async () => {
        await ask(page, "A very long answer about rivers");
        await grownTo(answers(page), 10_000);
        await picture(page, "long-answer");
        await ended(answers(page));
      });
      console.log("a 5,000-token answer:", cost);
      const run = (await answers(page).getAttribute("data-run")) ?? "";
      const reply = await context.request.get(`${stack.url}/api/chats/${run.split(".")[0]}`);
      const chat: ChatReply = await reply.json();
      expect(await copied(page, answers(page))).toBe(chat.messages.at(-1)?.text);
      expect(cost.longest).toBeLessThanOrEqual(LONGEST_TASK);
      expect(errors).toEqual([]);
      await context.close();
    });

    test("a chat of 1,000 messages opens at once, and is read from end to beginning", async () => {
      const { context, page, errors } = await openWindow(browser);
      let chatId: string | undefined;
      for (let n = 0; n < MESSAGES / 2; n++) {
        const reply = await context.request.post(`${stack.url}/api/chat/generate`, {
          data: { prompt: `Question ${n}`, model: "scripted-markdown-40-rate-0", ...(chatId && { chatId }) },
          headers: { accept: "text/event-stream" },
        });
        chatId = reply.headers()["x-chat-id"];
      }
      const costs: MainThread[] = [];
      for (let n = 0; n < 3; n++) {
        await page.goto(stack.url);
        await page.locator(".chat-link").first().waitFor();
        await page.waitForTimeout(1_000);
        const cost = await traced(page, async () => {
          await page.locator(".chat-link").first().click();
          await page.locator(".bubble", { hasText: `Question ${MESSAGES / 2 - 1}` }).waitFor();
          await page.waitForTimeout(1_000);
        });
        costs.push(cost);
      }
      console.log("opening 1,000 messages from the list:", costs);
      await picture(page, "long-chat");
      const scrolled = await traced(page, async () => {
        for (let step = 0; step < 40; step++) {
          await page.mouse.move(700, 400);
          await page.mouse.wheel(0, -2_500);
          await page.waitForTimeout(40);
        }
      });
      console.log("scrolling up 40 screens:", scrolled, "drawn:", await page.locator("article").count());
      // The least of three: what else the machine does only adds to it.
      expect(Math.min(...costs.map(({ total }) => total))).toBeLessThanOrEqual(OPENING);
      expect(scrolled.longest).toBeLessThanOrEqual(LONGEST_TASK);
      expect(errors).toEqual([]);
      await context.close();
    }, 600_000);
  },
);
