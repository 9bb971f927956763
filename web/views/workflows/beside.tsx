// The workflow that drives an answer, in the panel of its chat: how far it is, its steps, and what can be done.
import { createMemo, createSignal, onCleanup, Show } from "solid-js";
import { v } from "../../i18n/views.ts";
import { useApp } from "../../state/app.tsx";
import { followTimeline, followWorkflow } from "../../state/workflows.ts";
import { WorkflowActions } from "./actions.tsx";
import { Progress } from "./progress.tsx";
import { Steps } from "./steps.tsx";

export default function WorkflowBeside(props: { id: string }) {
  const app = useApp();
  const on = createMemo(() => app.tierOf("temporal")?.available ?? false);
  // Where the tier is off there is nobody to tell its steps.
  const timeline = createMemo(() => (on() ? followTimeline(props.id).data : () => undefined));
  const status = followWorkflow(props.id);
  const [now, setNow] = createSignal(Date.now());
  const clock = setInterval(() => timeline()()?.state === "running" && setNow(Date.now()), 500);
  onCleanup(() => clearInterval(clock));
  return (
    <Show when={status.data()}>
      {(data) => (
        <section class="workflow-beside" data-workflow={props.id}>
          <h2>{v("workflows.one")}</h2>
          <Progress status={data()} />
          <Show when={timeline()()}>{(one) => <Steps timeline={one()} now={now()} />}</Show>
          <WorkflowActions id={props.id} status={data()} done={() => void status.refresh()} />
        </section>
      )}
    </Show>
  );
}
