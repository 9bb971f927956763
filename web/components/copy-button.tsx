// Copies a text, and says for a moment that it did.
import Check from "lucide-solid/icons/check";
import Copy from "lucide-solid/icons/copy";
import { createSignal, onCleanup, Show } from "solid-js";
import { copyText } from "../state/clipboard.ts";
import { Tooltip } from "./tooltip.tsx";

const SAID_FOR = 1_600;

export function CopyButton(props: { text: () => string; label: string; done: string; class?: string; icon?: boolean }) {
  const [copied, setCopied] = createSignal(false);
  let timer: ReturnType<typeof setTimeout> | undefined;
  onCleanup(() => clearTimeout(timer));

  async function copy() {
    if (!(await copyText(props.text()))) return;
    setCopied(true);
    clearTimeout(timer);
    timer = setTimeout(() => setCopied(false), SAID_FOR);
  }

  const button = () => (
    <button
      type="button"
      class={props.icon ? "icon-button" : props.class}
      aria-label={props.icon ? (copied() ? props.done : props.label) : undefined}
      onClick={copy}
    >
      <Show when={props.icon} fallback={copied() ? props.done : props.label}>
        <Show when={copied()} fallback={<Copy size={16} aria-hidden="true" />}>
          <Check size={16} aria-hidden="true" />
        </Show>
      </Show>
    </button>
  );
  return (
    <Show when={props.icon} fallback={button()}>
      <Tooltip text={copied() ? props.done : props.label} named>
        {button()}
      </Tooltip>
    </Show>
  );
}
