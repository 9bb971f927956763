// A real Chromium for the page's journeys: `CHROMIUM_PATH`, an installed one, or Playwright's own.
import { existsSync, mkdirSync } from "node:fs";
import { resolve } from "node:path";
import { type Browser, type BrowserContext, chromium, type Page } from "playwright-core";

const INSTALLED = [
  "/usr/bin/chromium",
  "/usr/bin/chromium-browser",
  "/usr/bin/google-chrome",
  "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
  "/Applications/Chromium.app/Contents/MacOS/Chromium",
];
const QUIET = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

const own = () => {
  const path = chromium.executablePath();
  return path && existsSync(path) ? path : undefined;
};
export const chromiumPath = process.env.CHROMIUM_PATH ?? INSTALLED.find((path) => existsSync(path)) ?? own();

/** Why the browser's tests are left out, where they may be. In CI an absent browser is a failure. */
export const withoutChromium =
  chromiumPath === undefined && process.env.KEEPSTREAM_REQUIRE !== "all"
    ? "no Chromium was found: install one, or set CHROMIUM_PATH"
    : undefined;

export async function launchChromium(): Promise<Browser> {
  if (!chromiumPath) throw new Error("No Chromium was found, and it is required here. Set CHROMIUM_PATH.");
  return chromium.launch({ executablePath: chromiumPath, args: QUIET });
}

/** How long what must come may take on a busy machine. */
export const PATIENCE_MS = 90_000;

export interface WindowOptions {
  width?: number;
  height?: number;
  dark?: boolean;
  locale?: string;
}

export interface OpenWindow {
  context: BrowserContext;
  page: Page;
  /** What its page threw. */
  errors: string[];
}

/** A window of a new person. */
export async function openWindow(browser: Browser, options: WindowOptions = {}): Promise<OpenWindow> {
  const { width = 1440, height = 900, dark = false, locale = "en-GB" } = options;
  const context = await browser.newContext({
    viewport: { width, height },
    colorScheme: dark ? "dark" : "light",
    locale,
    permissions: ["clipboard-read", "clipboard-write"],
  });
  context.setDefaultTimeout(PATIENCE_MS);
  const errors: string[] = [];
  context.on("weberror", (error) => errors.push(String(error.error())));
  const page = await context.newPage();
  return { context, page, errors };
}

const ARTIFACTS = resolve(import.meta.dirname, "../../test-artifacts");

/** Keeps a picture of what the page shows, to be looked at. */
export async function picture(page: Page, name: string): Promise<void> {
  mkdirSync(ARTIFACTS, { recursive: true });
  await page.screenshot({ path: resolve(ARTIFACTS, `${name}.png`) });
}
