// The workflow that drives an answer, in the panel of its chat: how far it is, its steps, and what can be done.
import { createSignal, onCleanup, Show } from "solid-js";
import { v } from "../../i18n/views.ts";
import { followTimeline, followWorkflow } from "../../state/workflows.ts";
import { WorkflowActions } from "./actions.tsx";
import { Progress } from "./progress.tsx";
import { Steps } from "./steps.tsx";

export default function WorkflowBeside(props: { id: string }) {
  const timeline = followTimeline(props.id);
  const status = followWorkflow(props.id);
  const [now, setNow] = createSignal(Date.now());
  const clock = setInterval(() => timeline.data()?.state === "running" && setNow(Date.now()), 500);
  onCleanup(() => clearInterval(clock));
  return (
    <Show when={status.data()}>
      {(data) => (
        <section class="workflow-beside" data-workflow={props.id}>
          <h2>{v("workflows.one")}</h2>
          <Progress status={data()} />
          <Show when={timeline.data()}>{(one) => <Steps timeline={one()} now={now()} />}</Show>
          <WorkflowActions id={props.id} status={data()} done={() => void status.refresh()} />
        </section>
      )}
    </Show>
  );
}
