// A button that opens a menu. The menu's code is fetched at the first sign that it will be opened.
import type { LucideProps } from "lucide-solid";
import { type Component, createSignal, type JSX, lazy, Show, Suspense } from "solid-js";
import { fetched } from "../state/fetched.ts";

export interface MenuEntry {
  label: string;
  run: () => void;
  about?: string | undefined;
  icon?: Component<LucideProps>;
  danger?: boolean;
  off?: boolean;
  /** Given for entries of which one is chosen. */
  checked?: boolean;
  separated?: boolean;
}

const load = () => fetched(() => import("./menu.tsx"));
const Menu = lazy(load);

export function MenuButton(props: {
  label: string;
  entries: readonly MenuEntry[];
  class?: string;
  /** The children already say what the label says. */
  labelled?: boolean;
  children: JSX.Element;
}) {
  let button!: HTMLButtonElement;
  const [open, setOpen] = createSignal(false);
  return (
    <>
      <button
        ref={button}
        type="button"
        class={props.class ?? "icon-button"}
        aria-label={props.labelled ? undefined : props.label}
        aria-haspopup="menu"
        aria-expanded={open()}
        onPointerEnter={() => void load()}
        onFocus={() => void load()}
        onClick={() => setOpen((now) => !now)}
        onKeyDown={(event) => {
          if (event.key !== "ArrowDown") return;
          event.preventDefault();
          setOpen(true);
        }}
      >
        {props.children}
      </button>
      <Show when={open()}>
        <Suspense>
          <Menu anchor={button} label={props.label} entries={props.entries} close={() => setOpen(false)} />
        </Suspense>
      </Show>
    </>
  );
}
