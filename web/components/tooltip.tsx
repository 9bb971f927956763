// A word about a control, on hover after a moment and on focus at once. Escape hides it; it never takes the pointer.
import { createSignal, createUniqueId, type JSX, onCleanup, Show } from "solid-js";
import { Portal } from "solid-js/web";

const DELAY = 350;
const GAP = 8;

export interface TooltipProps {
  text: JSX.Element;
  /** The control already has this text as its name: nothing is added for a screen reader. */
  named?: boolean;
  wide?: boolean;
  class?: string;
  children: JSX.Element;
}

export function Tooltip(props: TooltipProps) {
  const id = createUniqueId();
  const [open, setOpen] = createSignal(false);
  let host!: HTMLSpanElement;
  let timer: ReturnType<typeof setTimeout> | undefined;
  onCleanup(() => clearTimeout(timer));

  function show(delay: number) {
    clearTimeout(timer);
    timer = setTimeout(() => setOpen(true), delay);
  }
  function hide() {
    clearTimeout(timer);
    setOpen(false);
  }

  function place(box: HTMLElement) {
    requestAnimationFrame(() => {
      const anchor = host.getBoundingClientRect();
      const { width, height } = box.getBoundingClientRect();
      const left = Math.max(GAP, Math.min(anchor.left + anchor.width / 2 - width / 2, innerWidth - width - GAP));
      const below = anchor.bottom + GAP + height < innerHeight;
      box.style.left = `${left}px`;
      box.style.top = `${below ? anchor.bottom + GAP : anchor.top - height - GAP}px`;
      box.style.visibility = "visible";
    });
  }

  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: the control is the child; this only watches it.
    <span
      ref={host}
      class={`tooltip-host ${props.class ?? ""}`}
      aria-describedby={open() && !props.named ? id : undefined}
      onPointerEnter={(event) => event.pointerType === "mouse" && show(DELAY)}
      onPointerLeave={hide}
      onPointerDown={hide}
      onFocusIn={(event) => event.target.matches(":focus-visible") && show(0)}
      onFocusOut={hide}
      onKeyDown={(event) => event.key === "Escape" && hide()}
    >
      {props.children}
      <Show when={open()}>
        <Portal>
          <div ref={place} id={id} role="tooltip" class="tooltip" classList={{ wide: props.wide ?? false }}>
            {props.text}
          </div>
        </Portal>
      </Show>
    </span>
  );
}
