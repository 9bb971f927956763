// A modal dialog. Fetched with the first dialog that is opened.
import { Dialog as Kobalte } from "@kobalte/core/dialog";
import X from "lucide-solid/icons/x";
import type { JSX } from "solid-js";
import { t } from "../i18n/locale.ts";

export function Dialog(props: {
  title: string;
  close: () => void;
  class?: string;
  bare?: boolean;
  children: JSX.Element;
}) {
  // The browser's own focus return: what had it before the dialog gets it back.
  const before = document.activeElement;
  return (
    <Kobalte open onOpenChange={(open) => !open && props.close()}>
      <Kobalte.Portal>
        <Kobalte.Overlay class="dialog-overlay" />
        <div class="dialog-place">
          <Kobalte.Content
            class={`dialog ${props.class ?? ""}`}
            onOpenAutoFocus={(event) => {
              const first = (event.target as Element | null)?.querySelector<HTMLElement>("[data-first-focus]");
              if (!first) return;
              event.preventDefault();
              first.focus();
            }}
            onCloseAutoFocus={(event) => {
              event.preventDefault();
              if (before instanceof HTMLElement) before.focus();
            }}
          >
            <div class="dialog-head" classList={{ "visually-hidden": props.bare ?? false }}>
              <Kobalte.Title class="dialog-title">{props.title}</Kobalte.Title>
              <Kobalte.CloseButton class="icon-button" aria-label={t("app.close")}>
                <X size={17} aria-hidden="true" />
              </Kobalte.CloseButton>
            </div>
            {props.children}
          </Kobalte.Content>
        </div>
      </Kobalte.Portal>
    </Kobalte>
  );
}
