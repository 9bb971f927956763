// A menu under a button. Fetched when a menu is first opened.
import { DropdownMenu } from "@kobalte/core/dropdown-menu";
import { For, type JSX, Show } from "solid-js";
import { Dynamic } from "solid-js/web";
import type { MenuEntry } from "./menu-button.tsx";

export interface MenuProps {
  anchor: HTMLElement;
  label: string;
  entries: readonly MenuEntry[];
  close: () => void;
}

const Check = (props: { on: boolean }): JSX.Element => <span class="menu-check">{props.on ? "✓" : ""}</span>;

export default function Menu(props: MenuProps) {
  // Where the button is: a menu at the end of the page would stand outside of every landmark.
  const landmark = props.anchor.closest<HTMLElement>("nav, main, aside");
  const close = (open: boolean) => !open && props.close();
  return (
    <DropdownMenu
      open
      onOpenChange={close}
      modal={false}
      gutter={6}
      placement="bottom-start"
      getAnchorRect={() => props.anchor.getBoundingClientRect()}
    >
      <DropdownMenu.Portal {...(landmark && { mount: landmark })}>
        <DropdownMenu.Content
          class="menu"
          aria-label={props.label}
          onPointerDownOutside={(event) => {
            // The button closes the menu itself; closing it here too would open it again.
            if (props.anchor.contains(event.target as Node)) event.preventDefault();
          }}
          onCloseAutoFocus={(event) => {
            event.preventDefault();
            props.anchor.focus();
          }}
        >
          <For each={props.entries}>
            {(entry) => (
              <>
                <Show when={entry.separated}>
                  <DropdownMenu.Separator class="menu-separator" />
                </Show>
                <DropdownMenu.Item
                  class="menu-item"
                  classList={{ danger: entry.danger ?? false }}
                  disabled={entry.off ?? false}
                  onSelect={() => entry.run()}
                >
                  <Show when={entry.checked !== undefined}>
                    <Check on={entry.checked ?? false} />
                  </Show>
                  <Show when={entry.icon}>{(icon) => <Dynamic component={icon()} size={15} aria-hidden="true" />}</Show>
                  <span class="menu-label">
                    {entry.label}
                    <Show when={entry.about}>
                      <small>{entry.about}</small>
                    </Show>
                  </span>
                </DropdownMenu.Item>
              </>
            )}
          </For>
        </DropdownMenu.Content>
      </DropdownMenu.Portal>
    </DropdownMenu>
  );
}
