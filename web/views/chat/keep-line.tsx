// The keep line. Its notches tell, on hover and focus, what happened there and what it cost.
import { For } from "solid-js";
import type { Recovery } from "../../../protocol/records.ts";
import { Tooltip } from "../../components/tooltip.tsx";
import { format, t } from "../../i18n/locale.ts";

export interface Notch {
  recovery: Recovery;
  /** From the top of the answer, px. */
  y: number;
}

export function recoveryStory({ mode, at, madeTwice }: Recovery): string {
  return t(`recovery.${mode}`, format().integer(at), madeTwice, format().integer(madeTwice));
}

export function KeepLine(props: { solid: number | null; notches: readonly Notch[]; status: string }) {
  return (
    <div class="keep-line" data-status={props.status}>
      <div class="keep-solid" style={{ height: props.solid === null ? "100%" : `${props.solid}px` }} />
      <For each={props.notches}>
        {(notch, index) => (
          <Tooltip text={recoveryStory(notch.recovery)} wide named>
            <button
              type="button"
              class="notch"
              style={{ top: `${notch.y}px` }}
              aria-label={`${t("recovery.label", index() + 1)}. ${recoveryStory(notch.recovery)}`}
            />
          </Tooltip>
        )}
      </For>
    </div>
  );
}
