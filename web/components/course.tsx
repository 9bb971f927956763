// A workflow's course in a line: work that counted, work that was lost and where, the wait after it, and what is going
// on. Drawn for the eye; its label tells it.
import { For, Show } from "solid-js";
import type { Course, Stretch } from "../state/course.ts";
import "./course.css";

/** A stretch too short to be seen is drawn this wide, percent. */
const LEAST = 0.7;

export function CourseLine(props: { course: Course; label: string; nameOf: (stretch: Stretch) => string }) {
  const at = (time: number) => {
    const { from, to } = props.course;
    return Math.min(100, Math.max(0, ((time - from) / (to - from)) * 100));
  };
  return (
    <svg class="course" role="img" aria-label={props.label} width="100%" height="22">
      <line x1="0" x2="100%" y1="11" y2="11" />
      <For each={props.course.stretches}>
        {(stretch) => (
          <rect
            data-kind={stretch.kind}
            data-step={stretch.step}
            x={`${Math.min(at(stretch.from), 100 - LEAST)}%`}
            width={`${Math.max(at(stretch.to) - at(stretch.from), LEAST)}%`}
            y={stretch.kind === "waiting" ? 8 : 4}
            height={stretch.kind === "waiting" ? 6 : 14}
            rx="3"
          >
            <title>{props.nameOf(stretch)}</title>
          </rect>
        )}
      </For>
      <For each={props.course.stretches}>
        {(stretch) => (
          <Show when={stretch.kind === "lost" || stretch.kind === "failed"}>
            <circle cx={`${at(stretch.to)}%`} cy="11" r="5" data-kind={stretch.kind}>
              <title>{props.nameOf(stretch)}</title>
            </circle>
          </Show>
        )}
      </For>
    </svg>
  );
}
