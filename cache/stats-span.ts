// A window of the statistics as the steps its figures are told in. Steps begin at whole multiples of their length, so
// the same answer is always in the same one.
import type { StatsWindow } from "../protocol/requests.ts";

export const HOUR_MS = 3_600_000;

const WINDOWS: Record<StatsWindow, { stepMs: number; steps: number }> = {
  "1h": { stepMs: HOUR_MS / 12, steps: 12 },
  "24h": { stepMs: HOUR_MS, steps: 24 },
  "7d": { stepMs: 6 * HOUR_MS, steps: 28 },
};

export interface Span {
  window: StatsWindow;
  /** When the first step begins, and now: Unix ms. */
  from: number;
  to: number;
  stepMs: number;
  steps: number;
}

export function spanOf(window: StatsWindow, now: number): Span {
  const { stepMs, steps } = WINDOWS[window];
  // The last step is the one going on.
  const from = Math.floor(now / stepMs) * stepMs - (steps - 1) * stepMs;
  return { window, from, to: now, stepMs, steps };
}
