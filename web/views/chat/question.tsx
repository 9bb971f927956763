// What the person said: shown as it was typed, copied, or edited into another branch.
import PenLine from "lucide-solid/icons/pen-line";
import { createSignal, Show } from "solid-js";
import { MAX_PROMPT_LENGTH } from "../../../protocol/limits.ts";
import { CopyButton } from "../../components/copy-button.tsx";
import { Tooltip } from "../../components/tooltip.tsx";
import { t } from "../../i18n/locale.ts";
import { useApp } from "../../state/app.tsx";
import type { ChatSession } from "../../state/chat-session.ts";
import type { PathStep } from "../../state/path.ts";
import { Branches } from "./branches.tsx";
import { isPlainEnter } from "./enter.ts";
import { GrowingText } from "./growing-text.tsx";

export function Question(props: { session: ChatSession; id: string; step: PathStep | undefined }) {
  const app = useApp();
  const [draft, setDraft] = createSignal<string | null>(null);
  const text = () => props.session.message(props.id)?.text ?? "";

  function save() {
    const next = draft()?.trim();
    if (!next) return;
    setDraft(null);
    void app.edit(props.id, next);
  }

  return (
    <article class="question" aria-label={t("message.you")}>
      <h2 class="visually-hidden">{t("message.you")}</h2>
      <Show
        when={draft() !== null}
        fallback={
          <>
            <div class="bubble" dir="auto">
              {text()}
            </div>
            <div class="actions">
              <Branches session={props.session} step={props.step} />
              <CopyButton icon text={text} label={t("message.copy")} done={t("message.copied")} />
              <Tooltip text={t("message.edit")} named>
                <button
                  type="button"
                  class="icon-button"
                  aria-label={t("message.edit")}
                  disabled={props.session.activeRun() !== undefined}
                  onClick={() => setDraft(text())}
                >
                  <PenLine size={16} aria-hidden="true" />
                </button>
              </Tooltip>
            </div>
          </>
        }
      >
        <form
          class="edit"
          onSubmit={(event) => {
            event.preventDefault();
            save();
          }}
        >
          <GrowingText
            label={t("message.editLabel")}
            value={draft() ?? ""}
            maxlength={MAX_PROMPT_LENGTH}
            focus
            onInput={setDraft}
            onKeyDown={(event) => {
              if (isPlainEnter(event)) save();
              else if (event.key === "Escape" && !event.isComposing) setDraft(null);
              else return;
              event.preventDefault();
              event.stopPropagation();
            }}
          />
          <div class="edit-actions">
            <button type="button" class="button" onClick={() => setDraft(null)}>
              {t("app.cancel")}
            </button>
            <button type="submit" class="button primary" disabled={!draft()?.trim()}>
              {t("message.saveRun")}
            </button>
          </div>
        </form>
      </Show>
    </article>
  );
}
