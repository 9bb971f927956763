// One workflow in the list.
import { createMemo, createSignal, onCleanup, Show } from "solid-js";
import type { WorkflowSummary } from "../../../protocol/workflows.ts";
import { CourseLine } from "../../components/course.tsx";
import { format } from "../../i18n/locale.ts";
import { v } from "../../i18n/views.ts";
import { attemptsOf, courseOf } from "../../state/course.ts";
import { followTimeline } from "../../state/workflows.ts";
import { courseLabel, STATES, stretchName } from "./words.ts";

export function WorkflowRow(props: {
  workflow: WorkflowSummary;
  title: string;
  selected: boolean;
  select: () => void;
}) {
  const timeline = followTimeline(props.workflow.id);
  const [now, setNow] = createSignal(Date.now());
  const clock = setInterval(() => props.workflow.state === "running" && setNow(Date.now()), 500);
  onCleanup(() => clearInterval(clock));
  const course = createMemo(() => {
    const data = timeline.data();
    return data && courseOf(data, now());
  });
  const attempts = () => {
    const data = timeline.data();
    return data ? attemptsOf(data) : "";
  };
  const ended = () => props.workflow.closedAt ?? now();

  return (
    <tr data-workflow={props.workflow.id} data-state={props.workflow.state} classList={{ selected: props.selected }}>
      <th scope="row">
        <button type="button" class="workflow-name" aria-expanded={props.selected} onClick={props.select} dir="auto">
          {props.title}
        </button>
      </th>
      <td>
        <span class="pill" data-tone={STATES[props.workflow.state]}>
          {v(`workflows.states.${props.workflow.state}`)}
        </span>
      </td>
      <td class="attempts-column">{attempts()}</td>
      <td class="course-column">
        <Show when={course()}>
          {(drawn) => <CourseLine course={drawn()} label={courseLabel(drawn())} nameOf={stretchName} />}
        </Show>
      </td>
      <td class="workflow-time">{format().duration(Math.max(0, ended() - props.workflow.startedAt))}</td>
      <td class="workflow-model model-column">{props.workflow.model}</td>
    </tr>
  );
}
