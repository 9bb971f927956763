// A workflow's steps as they stand, one under the other: beside the chat whose answer it drives.
import Circle from "lucide-solid/icons/circle";
import CircleCheck from "lucide-solid/icons/circle-check";
import CircleSlash from "lucide-solid/icons/circle-slash";
import CircleX from "lucide-solid/icons/circle-x";
import LoaderCircle from "lucide-solid/icons/loader-circle";
import RotateCw from "lucide-solid/icons/rotate-cw";
import { For, Show } from "solid-js";
import { Dynamic } from "solid-js/web";
import type { WorkflowTimelineReply } from "../../../protocol/workflows.ts";
import { format } from "../../i18n/locale.ts";
import { saidFailure } from "../../i18n/said.ts";
import { v } from "../../i18n/views.ts";
import { courseOf, STEPS, type Stretch } from "../../state/course.ts";
import "./workflows.css";

const LOOKS = {
  done: { icon: CircleCheck, word: "completed" },
  lost: { icon: CircleX, word: "failed" },
  failed: { icon: CircleX, word: "failed" },
  running: { icon: LoaderCircle, word: "running" },
  waiting: { icon: RotateCw, word: "waiting" },
  cancelled: { icon: CircleSlash, word: "cancelled" },
} as const;

function nameOf({ step, kind, attempt }: Stretch): string {
  const name = kind === "waiting" ? v("workflows.resuming") : v(`workflows.steps.${step}`);
  return attempt > 1 || kind === "lost" ? `${name} · ${v("workflows.attempt", attempt)}` : name;
}

export function Steps(props: { timeline: WorkflowTimelineReply; now: number }) {
  const course = () => courseOf(props.timeline, props.now);
  const toCome = () => {
    if (props.timeline.state !== "running") return [];
    const begun = new Set(props.timeline.steps.map(({ name }) => name));
    return STEPS.filter((step) => !begun.has(step));
  };
  return (
    <ol class="plain-list steps">
      <For each={course().stretches}>
        {(stretch) => (
          <li data-kind={stretch.kind}>
            <Dynamic component={LOOKS[stretch.kind].icon} size={16} aria-hidden="true" />
            <span class="step-name">
              {nameOf(stretch)}
              <span class="visually-hidden">: {v(`workflows.stepStates.${LOOKS[stretch.kind].word}`)}</span>
              <Show when={stretch.failure}>{(failure) => <small dir="auto">{saidFailure(failure())}</small>}</Show>
            </span>
            <span class="step-time numbers">{format().duration(stretch.to - stretch.from)}</span>
          </li>
        )}
      </For>
      <For each={toCome()}>
        {(step) => (
          <li data-kind="to-come">
            <Circle size={16} aria-hidden="true" />
            <span class="step-name">{v(`workflows.steps.${step}`)}</span>
          </li>
        )}
      </For>
    </ol>
  );
}
