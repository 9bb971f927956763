// The keyboard, on one sheet.
import { For } from "solid-js";
import { Dialog } from "../components/dialog.tsx";
import { v } from "../i18n/views.ts";
import { keysOf } from "./shortcuts.ts";

export default function HelpDialog(props: { close: () => void }) {
  const rows = (): [string, string[]][] => [
    [v("help.keys.send"), ["↵"]],
    [v("help.keys.newline"), keysOf("shift", "↵")],
    [v("help.keys.stop"), ["Esc"]],
    [v("help.keys.focus"), keysOf("shift", "Esc")],
    [v("help.keys.copy"), keysOf("mod", "shift", "C")],
    [v("help.keys.newChat"), keysOf("mod", "shift", "O")],
    [v("help.keys.search"), keysOf("mod", "K")],
    [v("help.keys.help"), keysOf("mod", "/")],
  ];
  return (
    <Dialog title={v("help.title")} close={props.close} class="help">
      <dl class="keys">
        <For each={rows()}>
          {([what, keys]) => (
            <div>
              <dt>{what}</dt>
              <dd>
                <For each={keys}>{(key) => <kbd>{key}</kbd>}</For>
              </dd>
            </div>
          )}
        </For>
      </dl>
    </Dialog>
  );
}
