// A title being edited in place: Enter or leaving it saves, Escape gives it up.
import { onMount } from "solid-js";
import { MAX_TITLE_LENGTH } from "../../protocol/limits.ts";
import { t } from "../i18n/locale.ts";

export function TitleInput(props: { value: string; save: (title: string) => void; close: () => void; class?: string }) {
  let input!: HTMLInputElement;
  let over = false;
  onMount(() => {
    input.focus();
    input.select();
  });

  function finish(save: boolean) {
    if (over) return;
    over = true;
    const title = input.value.trim();
    if (save && title !== "" && title !== props.value) props.save(title);
    props.close();
  }

  return (
    <input
      ref={input}
      class={`title-input ${props.class ?? ""}`}
      aria-label={t("chat.renameLabel")}
      maxlength={MAX_TITLE_LENGTH}
      value={props.value}
      dir="auto"
      onBlur={() => finish(true)}
      onKeyDown={(event) => {
        if (event.isComposing) return;
        if (event.key === "Enter") finish(true);
        else if (event.key === "Escape") finish(false);
        else return;
        event.preventDefault();
        event.stopPropagation();
      }}
    />
  );
}
