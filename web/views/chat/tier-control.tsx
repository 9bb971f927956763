// Which tier answers: what each gives, and why one is off. A segmented control, or a menu where there is no room.
import ChevronDown from "lucide-solid/icons/chevron-down";
import { Show } from "solid-js";
import type { Tier } from "../../../protocol/records.ts";
import type { TiersReply } from "../../../protocol/requests.ts";
import { MenuButton } from "../../components/menu-button.tsx";
import { Segmented } from "../../components/segmented.tsx";
import { t } from "../../i18n/locale.ts";
import { saidTier } from "../../i18n/said.ts";
import { useApp } from "../../state/app.tsx";

export function TierControl() {
  const app = useApp();
  const tiers = () => app.tiers.data()?.tiers ?? [];
  const tier = () => app.settings().tier;
  const about = (one: TiersReply["tiers"][number]) => [t(`tiers.about.${one.tier}`), saidTier(one)].join(" ").trim();

  return (
    <Show when={tiers().length > 0}>
      <Segmented
        class="tiers"
        label={t("tiers.label")}
        value={tier()}
        onChange={(next) => app.change({ tier: next })}
        segments={tiers().map((one) => ({
          value: one.tier,
          off: !one.available,
          about: about(one),
          label: (
            <>
              <span class="dot" data-tone={one.available ? (one.degraded ? "live" : "kept") : undefined} />
              {t(`tiers.names.${one.tier}`)}
            </>
          ),
        }))}
      />
      <MenuButton
        class="tier-menu"
        label={`${t("tiers.label")}: ${tier() ? t(`tiers.names.${tier() as Tier}`) : ""}`}
        entries={tiers().map((one) => ({
          label: t(`tiers.names.${one.tier}`),
          about: about(one),
          checked: tier() === one.tier,
          off: !one.available,
          run: () => app.change({ tier: one.tier }),
        }))}
      >
        <Show when={tier()}>
          {(name) => (
            <>
              <span class="dot" data-tone="kept" />
              {t(`tiers.names.${name()}`)}
            </>
          )}
        </Show>
        <ChevronDown size={14} aria-hidden="true" />
      </MenuButton>
    </Show>
  );
}
