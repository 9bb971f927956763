// The head of a view beside the chat: its name, a line about it, and what can be done there.
import Menu from "lucide-solid/icons/menu";
import { createEffect, type JSX, onCleanup, Show } from "solid-js";
import { t } from "../i18n/locale.ts";
import { useApp } from "../state/app.tsx";

export function ViewHead(props: { title: string; lead?: JSX.Element; children?: JSX.Element }) {
  const app = useApp();
  createEffect(() => app.setHeading(props.title));
  onCleanup(() => app.setHeading(null));
  return (
    <header class="view-head">
      <button
        type="button"
        class="icon-button open-drawer"
        aria-label={t("nav.open")}
        aria-expanded={app.drawer()}
        onClick={() => app.setDrawer(true)}
      >
        <Menu size={18} aria-hidden="true" />
      </button>
      <div class="view-title">
        <h1>{props.title}</h1>
        <Show when={props.lead}>
          <p>{props.lead}</p>
        </Show>
      </div>
      <Show when={props.children}>
        <div class="view-actions">{props.children}</div>
      </Show>
    </header>
  );
}
