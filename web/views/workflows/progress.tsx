// How far a workflow is: its phase and a bar, and what its worker said last.
import { createUniqueId, Show } from "solid-js";
import type { WorkflowStatusReply } from "../../../protocol/workflows.ts";
import { format, t } from "../../i18n/locale.ts";
import { saidFailure, saidReason } from "../../i18n/said.ts";
import { v } from "../../i18n/views.ts";

export function Progress(props: { status: WorkflowStatusReply }) {
  const id = createUniqueId();
  const running = () => props.status.state === "running";
  const what = () => {
    const { state, phase } = props.status;
    if (state === "running") return t(`status.phases.${phase ?? "waiting"}`);
    const words = {
      completed: "completed",
      cancelled: "cancelled",
      failed: "failedShort",
      interrupted: "interruptedShort",
    } as const;
    return t(`status.${words[state]}`);
  };
  const percent = () => props.status.percent;
  const workflow = () => props.status.workflow;

  return (
    <div class="progress">
      <p id={id} class="numbers">
        <strong>{what()}</strong>
        <Show when={props.status.attempt > 1}> · {t("status.attempt", props.status.attempt)}</Show>
        {" · "}
        {v(
          "workflows.checkpoint",
          props.status.progress.chunks,
          format().integer(props.status.progress.chunks),
          props.status.progress.committed,
          format().integer(props.status.progress.committed),
        )}
        <Show when={percent() !== null}> · {v("workflows.progress", format().percent((percent() ?? 0) / 100))}</Show>
      </p>
      <div
        class="progress-bar"
        role="progressbar"
        aria-labelledby={id}
        aria-valuemin="0"
        aria-valuemax="100"
        aria-valuenow={percent() ?? undefined}
        data-state={props.status.state}
        data-unknown={running() && percent() === null}
      >
        <i style={{ width: `${running() ? (percent() ?? 30) : 100}%` }} />
      </div>
      <Show when={workflow()?.lastFailure}>
        {(failure) => (
          <p class="progress-failure">
            {saidFailure(failure())}
            <Show when={workflow()?.nextAttemptAt}>
              {(at) => ` · ${v("workflows.retryAt", format().moment(at()))}`}
            </Show>
          </p>
        )}
      </Show>
      <Show when={props.status.reason}>
        {(reason) => <p class="progress-note">{saidReason(reason(), props.status.why)}</p>}
      </Show>
      <Show when={workflow()}>
        {(one) => (
          <p class="progress-note numbers">
            {v(
              "workflows.history",
              format().integer(one().history.events),
              format().integer(Math.ceil(one().history.bytes / 1000)),
            )}
          </p>
        )}
      </Show>
    </div>
  );
}
