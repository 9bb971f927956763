// The head of a view beside the chat: its name, a line about it, and what can be done there.
import { createEffect, type JSX, onCleanup, Show } from "solid-js";
import { useApp } from "../state/app.tsx";
import { OpenDrawer } from "./open-drawer.tsx";

export function ViewHead(props: { title: string; lead?: JSX.Element; children?: JSX.Element }) {
  const app = useApp();
  createEffect(() => app.setHeading(props.title));
  onCleanup(() => app.setHeading(null));
  return (
    <header class="view-head">
      <OpenDrawer />
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
