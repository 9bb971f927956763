// A segmented control: one of a few, by pointer or arrow keys. A segment that is off stays reachable, so that it can
// say why.
import { For, type JSX } from "solid-js";
import { Tooltip } from "./tooltip.tsx";

export interface Segment<Value extends string> {
  value: Value;
  label: JSX.Element;
  /** A sentence on hover and focus. */
  about?: string;
  off?: boolean;
}

const STEPS: Readonly<Record<string, number>> = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 };

export function Segmented<Value extends string>(props: {
  label: string;
  segments: readonly Segment<Value>[];
  value: Value | null;
  onChange: (value: Value) => void;
  class?: string;
}) {
  let group!: HTMLDivElement;
  const reachable = () => props.value ?? props.segments[0]?.value;

  function move(event: KeyboardEvent, from: number) {
    const by = STEPS[event.key];
    if (by === undefined) return;
    event.preventDefault();
    const to = (from + by + props.segments.length) % props.segments.length;
    group.querySelectorAll<HTMLButtonElement>("[role=radio]")[to]?.focus();
    const segment = props.segments[to];
    if (segment && !segment.off) props.onChange(segment.value);
  }

  return (
    <div ref={group} role="radiogroup" aria-label={props.label} class={`segmented ${props.class ?? ""}`}>
      <For each={props.segments}>
        {(segment, index) => {
          const button = (
            // biome-ignore lint/a11y/useSemanticElements: a native radio cannot be off and still reachable.
            <button
              type="button"
              role="radio"
              class="segment"
              aria-checked={props.value === segment.value}
              aria-disabled={segment.off}
              aria-description={segment.about}
              tabIndex={reachable() === segment.value ? 0 : -1}
              onClick={() => !segment.off && props.onChange(segment.value)}
              onKeyDown={(event) => move(event, index())}
            >
              {segment.label}
            </button>
          );
          return segment.about ? (
            <Tooltip text={segment.about} named wide>
              {button}
            </Tooltip>
          ) : (
            button
          );
        }}
      </For>
    </div>
  );
}
