// One workflow in full: how far it is, its steps with their attempts, and what happened when.
import { A } from "@solidjs/router";
import { createMemo, For, Show } from "solid-js";
import { explain, ProblemNote } from "../../components/problem.tsx";
import { format } from "../../i18n/locale.ts";
import { saidFailure } from "../../i18n/said.ts";
import { v } from "../../i18n/views.ts";
import { type CourseEvent, eventsOf } from "../../state/course.ts";
import { followTimeline, followWorkflow } from "../../state/workflows.ts";
import { WorkflowActions } from "./actions.tsx";
import { Progress } from "./progress.tsx";

function detailOf(event: CourseEvent): string {
  if (event.kind === "checkpoint") {
    const { chunks = 0, characters = 0 } = event;
    return v("workflows.checkpoint", chunks, format().integer(chunks), characters, format().integer(characters));
  }
  return event.failure ? saidFailure(event.failure) : "";
}

const TONES = {
  lost: "failed",
  failed: "failed",
  checkpoint: "kept",
  done: "kept",
  started: undefined,
  cancelled: undefined,
} as const;

function whatOf({ step, attempt, kind }: CourseEvent): string {
  const words = {
    lost: "failed",
    failed: "failed",
    done: "completed",
    cancelled: "cancelled",
  } as const;
  const which = attempt > 1 ? ` · ${v("workflows.attempt", attempt)}` : "";
  const name = `${v(`workflows.steps.${step}`)}${which}`;
  if (kind === "checkpoint") return name;
  return `${name} · ${kind === "started" ? v("workflows.begun") : v(`workflows.stepStates.${words[kind]}`)}`;
}

export function WorkflowDetail(props: { id: string; title: string }) {
  const timeline = followTimeline(props.id);
  const status = followWorkflow(props.id);
  const events = createMemo(() => {
    const data = timeline.data();
    return data ? eventsOf(data).toReversed() : [];
  });

  return (
    <section class="card" aria-label={props.title} data-detail={props.id}>
      <div class="card-head">
        <h2 dir="auto">
          <A href={`/c/${props.id.split(".")[0]}`}>{props.title}</A>
        </h2>
        <WorkflowActions id={props.id} status={status.data()} done={() => void status.refresh()} />
      </div>
      <Show when={timeline.error()}>
        {(error) => (
          <ProblemNote text={v("workflows.failed")} detail={explain(error())} retry={() => void timeline.refresh()} />
        )}
      </Show>
      <Show when={status.data()}>{(data) => <Progress status={data()} />}</Show>
      <Show when={events().length > 0}>
        <div class="table-scroll workflow-events" tabindex="0">
          <table class="figures">
            <thead>
              <tr>
                <th scope="col">{v("workflows.when")}</th>
                <th scope="col">{v("workflows.step")}</th>
                <th scope="col">{v("workflows.detail")}</th>
              </tr>
            </thead>
            <tbody>
              <For each={events()}>
                {(event) => (
                  <tr data-tone={TONES[event.kind]}>
                    <td>{format().moment(event.time)}</td>
                    <td class="workflow-what">{whatOf(event)}</td>
                    <td>{detailOf(event)}</td>
                  </tr>
                )}
              </For>
            </tbody>
          </table>
        </div>
      </Show>
    </section>
  );
}
