// "‹ 2 / 3 ›": which version of a message is shown, and the way to the others.
import ChevronLeft from "lucide-solid/icons/chevron-left";
import ChevronRight from "lucide-solid/icons/chevron-right";
import { Show } from "solid-js";
import { t } from "../../i18n/locale.ts";
import type { ChatSession } from "../../state/chat-session.ts";
import type { PathStep } from "../../state/path.ts";

export function Branches(props: { session: ChatSession; step: PathStep | undefined }) {
  const go = (by: number) => {
    const { siblings, index } = props.step ?? { siblings: [], index: 0 };
    const id = siblings[index + by];
    if (id) props.session.choose(id);
  };
  return (
    <Show when={props.step && props.step.siblings.length > 1 && props.step}>
      {(step) => (
        // biome-ignore lint/a11y/useSemanticElements: a fieldset is for form fields.
        <div
          class="branches numbers"
          role="group"
          aria-label={t("message.branch", step().index + 1, step().siblings.length)}
        >
          <button type="button" aria-label={t("message.previous")} disabled={step().index === 0} onClick={() => go(-1)}>
            <ChevronLeft size={15} aria-hidden="true" />
          </button>
          <span aria-hidden="true">
            {step().index + 1} / {step().siblings.length}
          </span>
          <button
            type="button"
            aria-label={t("message.next")}
            disabled={step().index === step().siblings.length - 1}
            onClick={() => go(1)}
          >
            <ChevronRight size={15} aria-hidden="true" />
          </button>
        </div>
      )}
    </Show>
  );
}
