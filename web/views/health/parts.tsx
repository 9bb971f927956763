// The parts of a deployment in a table.
import CircleAlert from "lucide-solid/icons/circle-alert";
import CircleCheck from "lucide-solid/icons/circle-check";
import CircleMinus from "lucide-solid/icons/circle-minus";
import TriangleAlert from "lucide-solid/icons/triangle-alert";
import { Index, Show } from "solid-js";
import { Dynamic } from "solid-js/web";
import type { HealthReply } from "../../../protocol/requests.ts";
import { format } from "../../i18n/locale.ts";
import { saidReason } from "../../i18n/said.ts";
import { partName, v } from "../../i18n/views.ts";

export const LOOKS = {
  ok: { icon: CircleCheck, tone: "kept" },
  degraded: { icon: TriangleAlert, tone: "cache" },
  down: { icon: CircleAlert, tone: "failed" },
  off: { icon: CircleMinus, tone: undefined },
} as const;

export function Parts(props: { parts: HealthReply["parts"] }) {
  return (
    <section class="card">
      <div class="table-scroll" tabindex="0">
        <table class="figures">
          <thead>
            <tr>
              <th scope="col">{v("health.part")}</th>
              <th scope="col">{v("health.state")}</th>
              <th scope="col">{v("health.latency")}</th>
              <th scope="col">{v("health.detail")}</th>
            </tr>
          </thead>
          <tbody>
            <Index each={props.parts}>
              {(part) => (
                <tr data-part-name={part().name} data-state={part().status}>
                  <th scope="row">{partName(part().name)}</th>
                  <td>
                    <span class="pill" data-tone={LOOKS[part().status].tone}>
                      <Dynamic component={LOOKS[part().status].icon} size={14} aria-hidden="true" />
                      {v(`health.states.${part().status}`)}
                    </span>
                  </td>
                  <td>{part().latencyMs === null ? "–" : format().duration(part().latencyMs ?? 0)}</td>
                  <td class="health-detail" dir="auto">
                    <Show when={part().detail}>{(detail) => saidReason(detail(), part().why)}</Show>
                  </td>
                </tr>
              )}
            </Index>
          </tbody>
        </table>
      </div>
    </section>
  );
}
