// What the page's main thread did, from Chromium's own trace. Tasks are measured in processor time, which other work
// on the machine does not lengthen; in wall time they are only reported. How fast the machine itself is, a yardstick says.
import type { Browser, CDPSession, Page } from "playwright-core";

interface TraceEvent {
  name: string;
  cat: string;
  ph: string;
  pid: number;
  tid: number;
  dur?: number;
  tdur?: number;
  args: { name?: string; data?: { frames?: { url: string; processId: number }[] } };
}

/** A task as the scheduler counts it. Other categories name the same one again. */
const TASK = "ThreadControllerImpl::RunTask";

export interface MainThread {
  /** All tasks, processor ms. */
  total: number;
  /** The longest task, processor ms, and in wall time. */
  longest: number;
  longestWall: number;
  tasks: number;
}

/** Traces the page while `act` runs. */
export async function traced(page: Page, act: () => Promise<void>): Promise<MainThread> {
  const session = await page.context().newCDPSession(page);
  const events: TraceEvent[] = [];
  session.on("Tracing.dataCollected", ({ value }) => events.push(...(value as unknown as TraceEvent[])));
  await session.send("Tracing.start", {
    transferMode: "ReportEvents",
    traceConfig: { includedCategories: ["toplevel"] },
  });
  await act();
  await stopped(session);
  await session.detach();
  return summary(events);
}

/** How often the yardstick is laid on; the middle one counts. */
const TIMES = 5;

/** What one and the same piece of a page's work, of script, elements and layout, takes in this browser now, processor ms. */
export async function yardstick(browser: Browser): Promise<number> {
  const page = await browser.newPage();
  await page.setContent("<!doctype html><main></main>");
  const taken: number[] = [];
  for (let time = 0; time < TIMES; time++) {
    const { longest } = await traced(page, () =>
      page.evaluate(() => {
        const main = document.querySelector("main") as HTMLElement;
        const words = Array.from({ length: 9_000 }, (_, n) => `w${(n * 2_654_435_761) % 9_973}`);
        for (let round = 0; round < 3; round++) {
          const counts = new Map<string, number>();
          for (const word of words) counts.set(word, (counts.get(word) ?? 0) + 1);
          const items = [...counts]
            .sort(([a], [b]) => (a < b ? -1 : 1))
            .map(([word, n]) => `<li><b>${word}</b> ${n}</li>`);
          main.innerHTML = `<ul>${items.slice(0, 1_000).join("")}</ul>`;
          main.getBoundingClientRect();
        }
      }),
    );
    taken.push(longest);
  }
  await page.close();
  return taken.sort((a, b) => a - b)[Math.floor(TIMES / 2)] ?? 0;
}

async function stopped(session: CDPSession): Promise<void> {
  const complete = new Promise<void>((resolve) => session.once("Tracing.tracingComplete", () => resolve()));
  await session.send("Tracing.end");
  await complete;
}

function summary(events: readonly TraceEvent[]): MainThread {
  const mains = events.filter(({ name, args }) => name === "thread_name" && args.name === "CrRendererMain");
  const tasks = events.filter((event) => event.ph === "X" && event.name === TASK && event.tdur !== undefined);
  const busiest = mains
    .map(({ pid, tid }) => tasks.filter((task) => task.pid === pid && task.tid === tid))
    .sort((a, b) => time(b) - time(a))[0];
  if (!busiest || busiest.length === 0) throw new Error("The trace has no task of a page's main thread");
  return {
    total: Math.round(time(busiest)),
    longest: Math.round(Math.max(...busiest.map(({ tdur = 0 }) => tdur)) / 100) / 10,
    longestWall: Math.round(Math.max(...busiest.map(({ dur = 0 }) => dur)) / 1000),
    tasks: busiest.length,
  };
}

const time = (tasks: readonly TraceEvent[]) => tasks.reduce((sum, { tdur = 0 }) => sum + tdur, 0) / 1000;
