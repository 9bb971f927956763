// How each part of this deployment is: by itself, and what that means for a chat.
import { Show } from "solid-js";
import { Dynamic } from "solid-js/web";
import { explain, ProblemNote } from "../../components/problem.tsx";
import { t } from "../../i18n/locale.ts";
import { v } from "../../i18n/views.ts";
import { followHealth } from "../../state/health.ts";
import { ViewHead } from "../view-head.tsx";
import { LOOKS, Parts } from "./parts.tsx";
import "../view.css";
import "./health.css";

export default function HealthView() {
  const health = followHealth();
  return (
    <div class="view">
      <div class="view-body health">
        <ViewHead title={t("nav.status")} lead={v("health.lead")} />
        <Show when={health.error()}>
          {(error) => (
            <ProblemNote text={v("health.failed")} detail={explain(error())} retry={() => void health.refresh()} />
          )}
        </Show>
        <Show when={health.data()}>
          {(reply) => (
            <>
              <p class="health-whole" data-tone={LOOKS[reply().status].tone} role="status">
                <Dynamic component={LOOKS[reply().status].icon} size={20} aria-hidden="true" />
                {v(`health.whole.${reply().status}`)}
              </p>
              <Parts parts={reply().parts} />
            </>
          )}
        </Show>
      </div>
    </div>
  );
}
