// A month of each tier, and what its money goes to.
import { For } from "solid-js";
import { format, t } from "../../i18n/locale.ts";
import { v } from "../../i18n/views.ts";
import { COST_PARTS, type TierCost } from "../../state/costs.ts";
import "../../components/charts.css";

export function Costs(props: { costs: readonly TierCost[] }) {
  const most = () => Math.max(...props.costs.map(({ total }) => total), Number.MIN_VALUE);
  const least = () => Math.min(...props.costs.map(({ total }) => total));
  const money = (value: number) => format().money(value);
  return (
    <section class="costs" aria-label={v("compare.month")}>
      <For each={props.costs}>
        {(cost) => (
          <article class="card cost" data-tier={cost.tier}>
            <h2>{t(`tiers.names.${cost.tier}`)}</h2>
            <p class="cost-total numbers">
              {money(cost.total)} <small>{v("compare.month")}</small>
            </p>
            <p class="compare-note numbers">
              {v("compare.each", money(cost.each))} ·{" "}
              {cost.total === least() ? v("compare.cheapest") : v("compare.more", money(cost.total - least()))}
            </p>
            <div class="cost-bar" aria-hidden="true">
              <For each={COST_PARTS}>
                {(part) => <i data-part={part} style={{ width: `${(cost.parts[part] / most()) * 100}%` }} />}
              </For>
            </div>
            <dl class="cost-parts numbers">
              <For each={COST_PARTS}>
                {(part) => (
                  <div>
                    <dt>
                      <i class="swatch" data-part={part} />
                      {v(`compare.parts.${part}`)}
                    </dt>
                    <dd>{money(cost.parts[part])}</dd>
                  </div>
                )}
              </For>
            </dl>
          </article>
        )}
      </For>
    </section>
  );
}
