// The keyboard, for everything one does often. `mod` is ⌘ on a Mac and Ctrl elsewhere.
import { onCleanup, onMount } from "solid-js";
import { t } from "../i18n/locale.ts";
import type { App } from "../state/app.tsx";
import { copyText } from "../state/clipboard.ts";
import { toast } from "../state/toasts.ts";

export const isMac = /Mac|iPhone|iPad/.test(navigator.userAgent);

const named = isMac ? { mod: "⌘", shift: "⇧" } : { mod: "Ctrl", shift: "Shift" };
export const keysOf = (...keys: string[]): string[] =>
  keys.map((key) => (key === "mod" ? named.mod : key === "shift" ? named.shift : key));

/** A short form for a hint beside a control: `⇧⌘O`, `Ctrl⇧O`. */
export const hint = (key: string, shift = false): string =>
  isMac ? `${shift ? "⇧" : ""}⌘${key}` : `Ctrl${shift ? "⇧" : " "}${key}`;

export const focusComposer = (): void => document.querySelector<HTMLTextAreaElement>("#composer")?.focus();

async function copyLastAnswer(app: App): Promise<void> {
  const { path, runOf, message } = app.session();
  for (const { id } of path().toReversed()) {
    const text = runOf(id)?.text ?? (message(id)?.role === "assistant" ? message(id)?.text : undefined);
    if (!text) continue;
    if (await copyText(text)) toast(t("message.copied"), undefined, 1_600);
    return;
  }
}

export function useShortcuts(app: App): void {
  function onKeyDown(event: KeyboardEvent) {
    if (event.isComposing || event.defaultPrevented) return;
    const mod = isMac ? event.metaKey : event.ctrlKey;
    const key = event.key.toLowerCase();
    const does = (run: () => void) => {
      event.preventDefault();
      run();
    };
    if (mod && event.shiftKey && key === "o") {
      does(() => {
        app.newChat();
        queueMicrotask(focusComposer);
      });
    } else if (mod && event.shiftKey && key === "c") does(() => void copyLastAnswer(app));
    else if (mod && !event.shiftKey && key === "k") does(() => app.setDialog("search"));
    else if (mod && (event.key === "/" || event.code === "Slash")) does(() => app.setDialog("help"));
    else if (event.key === "Escape" && event.shiftKey) does(focusComposer);
    else if (event.key === "Escape" && app.drawer()) does(() => app.setDrawer(false));
    else if (event.key === "Escape" && app.dialog() === null) {
      const run = app.session().activeRun();
      if (run) does(() => void app.session().stop(run.id));
    }
  }
  onMount(() => document.addEventListener("keydown", onKeyDown));
  onCleanup(() => document.removeEventListener("keydown", onKeyDown));
}
