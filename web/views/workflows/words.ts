// How a workflow's parts are called.
import { format } from "../../i18n/locale.ts";
import { saidFailure } from "../../i18n/said.ts";
import { v } from "../../i18n/views.ts";
import type { Course, Stretch } from "../../state/course.ts";

export const STATES = {
  running: "live",
  completed: "kept",
  failed: "failed",
  cancelled: undefined,
  terminated: "failed",
  "timed-out": "failed",
} as const;

export function stretchName({ step, kind, attempt, from, to, failure }: Stretch): string {
  const name = v(`workflows.steps.${step}`);
  const what = kind === "waiting" ? v("workflows.waiting") : v(`workflows.stepStates.${STRETCH_WORDS[kind]}`);
  const which = attempt > 1 ? ` · ${v("workflows.attempt", attempt)}` : "";
  return `${name}${which}: ${what}, ${format().duration(to - from)}${failure ? ` (${saidFailure(failure)})` : ""}`;
}

const STRETCH_WORDS = {
  done: "completed",
  lost: "failed",
  running: "running",
  cancelled: "cancelled",
  failed: "failed",
} as const;

export const courseLabel = ({ stretches }: Course): string =>
  v("workflows.label", stretches.map(stretchName).join("; "));
