// What every journey through the page does: asks, waits for what is drawn, and looks for violations.
import AxeBuilder from "@axe-core/playwright";
import type { Locator, Page } from "playwright-core";
import { expect } from "vitest";
import { PATIENCE_MS } from "./browser.ts";

export const PATIENCE = { timeout: PATIENCE_MS };

export const answers = (page: Page): Locator => page.locator("[data-run]");

export async function ask(page: Page, prompt: string): Promise<void> {
  await page.locator("#composer").fill(prompt);
  await page.keyboard.press("Enter");
}

/** Waits until the text that is drawn is longer than this. */
export async function grownTo(answer: Locator, length: number): Promise<void> {
  await expect.poll(async () => Number(await answer.getAttribute("data-length")), PATIENCE).toBeGreaterThan(length);
}

export const ended = (answer: Locator, status = "completed"): Promise<void> =>
  expect.poll(() => answer.getAttribute("data-status"), PATIENCE).toBe(status);

/** An answer's text as its copy button gives it. */
export async function copied(page: Page, answer: Locator): Promise<string> {
  await answer.getByRole("button", { name: "Copy", exact: true }).last().click();
  return page.evaluate(() => navigator.clipboard.readText());
}

/** What a checker of accessibility finds wrong with the page as it stands. */
export async function violations(page: Page): Promise<string[]> {
  const { violations } = await new AxeBuilder({ page }).analyze();
  return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(" ")}`);
}

/** Nothing sticks out at the side. */
export async function fits(page: Page): Promise<void> {
  const [wide, room] = await page.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
  expect(wide).toBeLessThanOrEqual(room ?? 0);
}
