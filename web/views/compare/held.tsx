// What each tier holds, side by side.
import Check from "lucide-solid/icons/check";
import Minus from "lucide-solid/icons/minus";
import { For, Show } from "solid-js";
import type { Tier } from "../../../protocol/records.ts";
import { t } from "../../i18n/locale.ts";
import { saidTier } from "../../i18n/said.ts";
import { v } from "../../i18n/views.ts";
import { useApp } from "../../state/app.tsx";

const TIERS: readonly Tier[] = ["mvp", "redis", "temporal"];
const HELD: readonly { name: "reload" | "crash" | "again" | "together" | "outage" | "seen"; by: readonly Tier[] }[] = [
  { name: "reload", by: TIERS },
  { name: "crash", by: TIERS },
  { name: "again", by: ["redis"] },
  { name: "together", by: ["redis"] },
  { name: "outage", by: ["temporal"] },
  { name: "seen", by: ["temporal"] },
];

export function Held() {
  const app = useApp();
  const standing = (tier: Tier) => {
    const one = app.tierOf(tier);
    return one && saidTier(one);
  };
  return (
    <section class="card">
      <div class="card-head">
        <h2>{v("compare.holds")}</h2>
      </div>
      <div class="table-scroll" tabindex="0">
        <table class="figures held">
          <thead>
            <tr>
              <td />
              <For each={TIERS}>{(tier) => <th scope="col">{t(`tiers.names.${tier}`)}</th>}</For>
            </tr>
          </thead>
          <tbody>
            <For each={HELD}>
              {({ name, by }) => (
                <tr>
                  <th scope="row">{v(`compare.held.${name}`)}</th>
                  <For each={TIERS}>
                    {(tier) => (
                      <td data-holds={by.includes(tier)}>
                        <Show when={by.includes(tier)} fallback={<Minus size={16} aria-hidden="true" />}>
                          <Check size={17} aria-hidden="true" />
                        </Show>
                        <span class="visually-hidden">{by.includes(tier) ? v("compare.yes") : v("compare.no")}</span>
                      </td>
                    )}
                  </For>
                </tr>
              )}
            </For>
          </tbody>
        </table>
      </div>
      <For each={TIERS}>
        {(tier) => (
          <p class="compare-note">
            <strong>{t(`tiers.names.${tier}`)}.</strong> {t(`tiers.about.${tier}`)}
            <Show when={standing(tier)}>{(said) => ` ${said()}`}</Show>
          </p>
        )}
      </For>
    </section>
  );
}
