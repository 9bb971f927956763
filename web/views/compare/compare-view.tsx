// What each tier costs a month and what it holds: from this deployment's own figures, and every one can be changed.
import RotateCcw from "lucide-solid/icons/rotate-ccw";
import { For, Show } from "solid-js";
import { t } from "../../i18n/locale.ts";
import { v } from "../../i18n/views.ts";
import { useApp } from "../../state/app.tsx";
import { makeComparison } from "../../state/comparison.ts";
import type { Prices } from "../../state/costs.ts";
import { ViewHead } from "../view-head.tsx";
import { Costs } from "./costs.tsx";
import { Counted } from "./counted.tsx";
import { Held } from "./held.tsx";
import { NumberField } from "./number-field.tsx";
import { UsageCard } from "./usage-card.tsx";
import "../../components/range.css";
import "../view.css";
import "./compare.css";

const PRICES: readonly (keyof Prices)[] = [
  ...(["input", "output", "requests", "gbSeconds"] as const),
  ...(["rows", "commands", "actions", "container"] as const),
];

export default function CompareView() {
  const app = useApp();
  const comparison = makeComparison(app.model);
  return (
    <div class="view">
      <div class="view-body">
        <ViewHead title={t("nav.compare")} lead={v("compare.lead")}>
          <Show when={comparison.changed()}>
            <button type="button" class="button" onClick={comparison.reset}>
              <RotateCcw size={14} aria-hidden="true" />
              {v("compare.reset")}
            </button>
          </Show>
        </ViewHead>
        <UsageCard comparison={comparison} />
        <Costs costs={comparison.costs()} />
        <Held />
        <section class="card">
          <div class="card-head">
            <h2>{v("compare.prices")}</h2>
            <p class="compare-note">{v("compare.pricesLead")}</p>
          </div>
          <div class="fields">
            <For each={PRICES}>
              {(price) => (
                <NumberField
                  label={v(`compare.price.${price}`)}
                  value={comparison.prices()[price]}
                  unit="$"
                  change={(value) => comparison.setPrices({ [price]: value })}
                />
              )}
            </For>
          </div>
          <Counted costs={comparison.costs()} />
        </section>
      </div>
    </div>
  );
}
