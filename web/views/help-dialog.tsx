// The keyboard, on one sheet.
import { For } from "solid-js";
import { Dialog } from "../components/dialog.tsx";
import { t } from "../i18n/locale.ts";
import { keysOf } from "./shortcuts.ts";

export default function HelpDialog(props: { close: () => void }) {
  const rows = (): [string, string[]][] => [
    [t("help.keys.send"), ["↵"]],
    [t("help.keys.newline"), keysOf("shift", "↵")],
    [t("help.keys.stop"), ["Esc"]],
    [t("help.keys.focus"), keysOf("shift", "Esc")],
    [t("help.keys.copy"), keysOf("mod", "shift", "C")],
    [t("help.keys.newChat"), keysOf("mod", "shift", "O")],
    [t("help.keys.search"), keysOf("mod", "K")],
    [t("help.keys.help"), keysOf("mod", "/")],
  ];
  return (
    <Dialog title={t("help.title")} close={props.close} class="help">
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
