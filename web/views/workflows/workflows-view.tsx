// The Temporal tier's answers as workflows: which there are, how each went, and one of them in full. Where the tier is
// off it says why, and asks for nothing.
import { useParams } from "@solidjs/router";
import { Show } from "solid-js";
import { explain, ProblemNote } from "../../components/problem.tsx";
import { t } from "../../i18n/locale.ts";
import { saidReason } from "../../i18n/said.ts";
import { v } from "../../i18n/views.ts";
import { useApp } from "../../state/app.tsx";
import { ViewHead } from "../view-head.tsx";
import { WorkflowList } from "./list.tsx";
import "../view.css";
import "./workflows.css";

export default function WorkflowsView() {
  const app = useApp();
  const params = useParams<{ runId?: string }>();
  const temporal = () => app.tierOf("temporal");
  return (
    <div class="view">
      <div class="view-body">
        <ViewHead title={t("nav.workflows")} lead={v("workflows.lead")} />
        <Show when={!temporal() && app.tiers.error()}>
          {(error) => (
            <ProblemNote
              text={v("workflows.failed")}
              detail={explain(error())}
              retry={() => void app.tiers.refresh()}
            />
          )}
        </Show>
        <Show when={temporal()?.available}>
          <WorkflowList selected={params.runId ?? null} />
        </Show>
        <Show when={temporal()?.reason}>
          {(reason) => (
            <div class="card view-none" data-off>
              <p>{v("workflows.off")}</p>
              <p>{saidReason(reason(), temporal()?.why ?? null)}</p>
            </div>
          )}
        </Show>
      </div>
    </div>
  );
}
