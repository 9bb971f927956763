// What stands around every view: the sidebar (a drawer on a phone), the dialogs, the toasts, the keyboard.
import { createEffect, For, type ParentProps, Show, Suspense } from "solid-js";
import { t } from "../i18n/locale.ts";
import { useApp } from "../state/app.tsx";
import { dismiss, toasts } from "../state/toasts.ts";
import { useShortcuts } from "./shortcuts.ts";
import "./shell.css";
import { Sidebar } from "./sidebar/sidebar.tsx";
import { withWords } from "./with-words.ts";

const SearchDialog = withWords(() => import("./search-dialog.tsx"));
const HelpDialog = withWords(() => import("./help-dialog.tsx"));
const ShareDialog = withWords(() => import("./share-dialog.tsx"));

export function Shell(props: ParentProps) {
  const app = useApp();
  let main!: HTMLElement;
  useShortcuts(app);

  createEffect((was: boolean | undefined) => {
    const open = app.drawer();
    if (open) document.querySelector<HTMLElement>(".sidebar .new-chat")?.focus();
    else if (was) main.querySelector<HTMLElement>(".open-drawer")?.focus();
    return open;
  });

  return (
    <div class="shell" classList={{ "drawer-open": app.drawer() }}>
      <button type="button" class="skip" onClick={() => main.focus()}>
        {t("app.skip")}
      </button>
      <Sidebar />
      {/* biome-ignore lint/a11y/noStaticElementInteractions: a shade; the keyboard has Escape. */}
      {/* biome-ignore lint/a11y/useKeyWithClickEvents: the same. */}
      <div class="drawer-shade" onClick={() => app.setDrawer(false)} />
      <main id="main" ref={main} tabindex="-1" inert={app.drawer()}>
        {/* A view that is fetched: what was there stays until it has come. */}
        <Suspense>{props.children}</Suspense>
      </main>
      <Suspense>
        <Show when={app.dialog() === "search"}>
          <SearchDialog close={() => app.setDialog(null)} />
        </Show>
        <Show when={app.dialog() === "share" && app.session().chatId()}>
          {(id) => <ShareDialog chatId={id()} close={() => app.setDialog(null)} />}
        </Show>
        <Show when={app.dialog() === "help"}>
          <HelpDialog close={() => app.setDialog(null)} />
        </Show>
      </Suspense>
      <div class="toasts" role="status">
        <For each={toasts()}>
          {(toast) => (
            <div class="toast">
              <span dir="auto">{toast.text}</span>
              <Show when={toast.action}>
                {(action) => (
                  <button
                    type="button"
                    onClick={() => {
                      dismiss(toast.id);
                      action().run();
                    }}
                  >
                    {action().label}
                  </button>
                )}
              </Show>
            </div>
          )}
        </For>
      </div>
    </div>
  );
}
