// What a first load is like over a slow network to a slow machine, by the figures people know from Lighthouse, under
// what it calls slow 4G and a mid-range phone.
import type { Page } from "playwright-core";

const SLOW_4G = { offline: false, latency: 150, downloadThroughput: 1_638_400 / 8, uploadThroughput: 750_000 / 8 };
const SLOWER = 4;

export interface LoadFigures {
  /** First and largest contentful paint, and when the composer could be typed into, ms. */
  firstPaint: number;
  largestPaint: number;
  usable: number;
  /** What tasks took beyond 50 ms each, ms. */
  blocked: number;
  /** Cumulative layout shift. */
  shift: number;
}

type Measured = Window & { load?: Omit<LoadFigures, "usable"> };

/** Loads an address for the first time; the page stays as slow. */
export async function loadedSlowly(page: Page, url: string): Promise<LoadFigures> {
  const session = await page.context().newCDPSession(page);
  await session.send("Network.enable");
  await session.send("Network.clearBrowserCache");
  await session.send("Network.emulateNetworkConditions", SLOW_4G);
  await session.send("Emulation.setCPUThrottlingRate", { rate: SLOWER });
  await page.addInitScript(() => {
    const load = { firstPaint: 0, largestPaint: 0, blocked: 0, shift: 0 };
    (window as Measured).load = load;
    const watch = (type: string, take: (entry: PerformanceEntry) => void) =>
      new PerformanceObserver((list) => list.getEntries().forEach(take)).observe({ type, buffered: true });
    watch("paint", ({ name, startTime }) => {
      if (name === "first-contentful-paint") load.firstPaint = startTime;
    });
    watch("largest-contentful-paint", ({ startTime }) => {
      load.largestPaint = startTime;
    });
    watch("longtask", ({ duration }) => {
      load.blocked += duration - 50;
    });
    watch("layout-shift", (entry) => {
      const { value, hadRecentInput } = entry as PerformanceEntry & { value: number; hadRecentInput: boolean };
      if (!hadRecentInput) load.shift += value;
    });
  });
  await page.goto(url);
  await page.locator("#composer").waitFor();
  const usable = await page.evaluate(() => performance.now());
  await page.waitForLoadState("networkidle");
  await page.evaluate(async () => void (await document.fonts.ready));
  const figures = await page.evaluate(() => (window as Measured).load);
  if (!figures) throw new Error("The page measured nothing.");
  const { firstPaint, largestPaint, blocked, shift } = figures;
  return {
    firstPaint: Math.round(firstPaint),
    largestPaint: Math.round(largestPaint),
    usable: Math.round(usable),
    blocked: Math.round(blocked),
    shift: Number(shift.toFixed(3)),
  };
}
