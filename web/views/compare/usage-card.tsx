// How the deployment is used: measured, assumed, or as the reader says.
import { For, Show } from "solid-js";
import { format } from "../../i18n/locale.ts";
import { v } from "../../i18n/views.ts";
import type { Comparison } from "../../state/comparison.ts";
import { answersAMonth, type Usage } from "../../state/costs.ts";
import { NumberField } from "./number-field.tsx";

const FIELDS = ["usersADay", "answersAUser", "inputTokens", "outputTokens", "tokensASecond"] as const;

export function UsageCard(props: { comparison: Comparison }) {
  const usage = (): Usage => props.comparison.usage();
  return (
    <section class="card">
      <div class="card-head">
        <h2>{v("compare.usage")}</h2>
        <Show when={props.comparison.known()}>
          <p class="compare-note">{props.comparison.measured() ? v("compare.measured") : v("compare.assumed")}</p>
        </Show>
      </div>
      <div class="fields">
        <For each={FIELDS}>
          {(name) => (
            <NumberField
              label={v(`compare.${name}`)}
              value={usage()[name]}
              change={(value) => props.comparison.setUsage({ [name]: value })}
            />
          )}
        </For>
        <label class="number-field">
          <span>{v("compare.hitRate")}</span>
          <span class="hit-rate">
            <input
              type="range"
              min="0"
              max="100"
              step="1"
              value={Math.round(usage().hitRate * 100)}
              style={{ "--at": `${usage().hitRate * 100}%` }}
              aria-valuetext={format().percent(usage().hitRate)}
              onInput={(event) => props.comparison.setUsage({ hitRate: event.currentTarget.valueAsNumber / 100 })}
            />
            <output class="numbers">{format().percent(usage().hitRate)}</output>
          </span>
        </label>
      </div>
      <p class="compare-note numbers">{v("compare.answers", format().integer(answersAMonth(usage())))}</p>
    </section>
  );
}
