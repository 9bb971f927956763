// How the money is counted: what an answer makes in each tier, besides its tokens.
import { For } from "solid-js";
import { format, t } from "../../i18n/locale.ts";
import { v } from "../../i18n/views.ts";
import type { TierCost } from "../../state/costs.ts";

const WORKS = ["requests", "rows", "objectSeconds", "commands", "actions"] as const;

export function Counted(props: { costs: readonly TierCost[] }) {
  return (
    <details class="twin">
      <summary>{v("compare.work")}</summary>
      <p class="compare-note">{v("compare.workLead")}</p>
      <div class="table-scroll" tabindex="0">
        <table class="figures">
          <thead>
            <tr>
              <th scope="col">{v("compare.counted")}</th>
              <For each={props.costs}>{({ tier }) => <th scope="col">{t(`tiers.names.${tier}`)}</th>}</For>
            </tr>
          </thead>
          <tbody>
            <For each={WORKS}>
              {(name) => (
                <tr>
                  <th scope="row">{v(`compare.works.${name}`)}</th>
                  <For each={props.costs}>{({ work }) => <td>{format().decimal(work[name])}</td>}</For>
                </tr>
              )}
            </For>
          </tbody>
        </table>
      </div>
    </details>
  );
}
