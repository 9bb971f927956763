// What can be done with a workflow: see it in Temporal's own UI, and cancel it.
import Ban from "lucide-solid/icons/ban";
import ExternalLink from "lucide-solid/icons/external-link";
import { Show } from "solid-js";
import type { WorkflowStatusReply } from "../../../protocol/workflows.ts";
import { v } from "../../i18n/views.ts";
import { makeCancel } from "../../state/workflows.ts";

export function WorkflowActions(props: { id: string; status: WorkflowStatusReply | undefined; done: () => void }) {
  const { going, cancel } = makeCancel(
    props.id,
    () => v("workflows.cancelFailed"),
    () => props.done(),
  );
  return (
    <div class="workflow-actions">
      <Show when={props.status?.workflow?.uiUrl}>
        {(url) => (
          <a class="button" href={url()} target="_blank" rel="noopener">
            <ExternalLink size={14} aria-hidden="true" />
            {v("workflows.openUi")}
          </a>
        )}
      </Show>
      <Show when={props.status?.state === "running"}>
        <button type="button" class="button danger" disabled={going()} onClick={() => void cancel()}>
          <Ban size={14} aria-hidden="true" />
          {going() ? v("workflows.cancelling") : v("workflows.cancel")}
        </button>
      </Show>
    </div>
  );
}
