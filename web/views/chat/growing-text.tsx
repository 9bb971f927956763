// A text area that is as tall as its text, up to a limit its style sets.
import { createEffect, on, onMount } from "solid-js";

export function GrowingText(props: {
  label: string;
  value: string;
  placeholder?: string;
  id?: string;
  maxlength?: number;
  focus?: boolean;
  describedBy?: string | undefined;
  onInput: (text: string) => void;
  onKeyDown?: (event: KeyboardEvent) => void;
}) {
  let area!: HTMLTextAreaElement;

  function grow() {
    area.style.height = "auto";
    area.style.height = `${area.scrollHeight}px`;
  }
  createEffect(
    on(
      () => props.value,
      () => queueMicrotask(grow),
    ),
  );
  onMount(() => {
    if (!props.focus) return;
    area.focus();
    area.setSelectionRange(area.value.length, area.value.length);
  });

  return (
    <textarea
      ref={area}
      id={props.id}
      class="growing"
      rows="1"
      dir="auto"
      aria-label={props.label}
      aria-describedby={props.describedBy}
      placeholder={props.placeholder}
      maxlength={props.maxlength}
      value={props.value}
      onInput={(event) => {
        props.onInput(event.currentTarget.value);
        grow();
      }}
      onKeyDown={(event) => props.onKeyDown?.(event)}
    />
  );
}
