// What the page's main thread did, from Chromium's own trace. Tasks are measured in processor time, which other work
// on the machine does not lengthen; in wall time they are only reported.
import type { CDPSession, Page } from "playwright-core";

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
    longest: Math.round(Math.max(...busiest.map(({ tdur = 0 }) => tdur)) / 1000),
    longestWall: Math.round(Math.max(...busiest.map(({ dur = 0 }) => dur)) / 1000),
    tasks: busiest.length,
  };
}

const time = (tasks: readonly TraceEvent[]) => tasks.reduce((sum, { tdur = 0 }) => sum + tdur, 0) / 1000;
