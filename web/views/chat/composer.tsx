// Where one asks. Enter sends, Shift+Enter breaks the line; what is not sent is kept; the button stops what runs.
import ArrowUp from "lucide-solid/icons/arrow-up";
import DatabaseZap from "lucide-solid/icons/database-zap";
import Square from "lucide-solid/icons/square";
import Thermometer from "lucide-solid/icons/thermometer";
import { createSignal, onCleanup, onMount, Show } from "solid-js";
import { MAX_PROMPT_LENGTH } from "../../../protocol/limits.ts";
import { Tooltip } from "../../components/tooltip.tsx";
import { format, t } from "../../i18n/locale.ts";
import { useApp } from "../../state/app.tsx";
import type { ChatSession } from "../../state/chat-session.ts";
import { recallDraft, rememberDraft } from "../../state/drafts.ts";
import { ConnectionNote } from "./connection-note.tsx";
import { isPlainEnter } from "./enter.ts";
import { GrowingText } from "./growing-text.tsx";
import "./composer.css";

let fill: ((text: string) => void) | null = null;
/** Puts a text back into the composer, to be edited and sent again. */
export const fillComposer = (text: string): void => fill?.(text);

export function Composer(props: { session: ChatSession }) {
  const app = useApp();
  const [text, setText] = createSignal(recallDraft(props.session.chatId()));
  const running = () => props.session.activeRun();
  const busy = () => running() !== undefined || props.session.pending()?.failure === null;
  const tooLong = () => text().length > MAX_PROMPT_LENGTH;
  const canSend = () => !busy() && text().trim() !== "" && !tooLong();

  function change(next: string) {
    setText(next);
    rememberDraft(props.session.chatId(), next);
  }
  function put(next: string) {
    change(next);
    document.querySelector<HTMLTextAreaElement>("#composer")?.focus();
  }
  onMount(() => {
    fill = put;
    // A phone's keyboard would cover the page: there the reader opens it themselves.
    if (matchMedia("(hover: hover)").matches) document.querySelector<HTMLTextAreaElement>("#composer")?.focus();
  });
  onCleanup(() => {
    if (fill === put) fill = null;
  });

  function send() {
    if (!canSend()) return;
    const prompt = text().trim();
    change("");
    void app.ask(prompt);
  }

  return (
    <div class="composer-place">
      <form
        class="composer"
        onSubmit={(event) => {
          event.preventDefault();
          send();
        }}
      >
        <GrowingText
          id="composer"
          label={t("composer.label")}
          placeholder={props.session.path().length === 0 ? t("composer.first") : t("composer.next")}
          value={text()}
          describedBy={tooLong() ? "composer-limit" : undefined}
          onInput={change}
          onKeyDown={(event) => {
            if (!isPlainEnter(event)) return;
            event.preventDefault();
            send();
          }}
        />
        <Show when={tooLong()}>
          <p id="composer-limit" class="composer-limit" role="alert">
            {t("composer.tooLong", format().integer(text().length), format().integer(MAX_PROMPT_LENGTH))}
          </p>
        </Show>
        <div class="composer-row">
          <button
            type="button"
            class="button chip numbers"
            aria-label={`${t("composer.temperature")}: ${app.settings().temperature ?? t("composer.byDefault")}`}
            onClick={() => app.setPanel(!app.panel())}
          >
            <Thermometer size={15} aria-hidden="true" />
            {app.settings().temperature === null
              ? t("composer.temperature")
              : format().decimal(app.settings().temperature ?? 0)}
          </button>
          <Show when={app.settings().tier === "redis"}>
            <button type="button" class="button chip" onClick={() => app.setPanel(!app.panel())}>
              <DatabaseZap size={15} aria-hidden="true" />
              {t("composer.cache", t(`panel.cacheModes.${shownMode(app.settings().cache)}`))}
            </button>
          </Show>
          <Show
            when={running()}
            fallback={
              <button type="submit" class="send" aria-label={t("composer.send")} disabled={!canSend()}>
                <ArrowUp size={18} aria-hidden="true" />
              </button>
            }
          >
            {(run) => (
              <Tooltip text={props.session.isStopping(run().id) ? t("composer.stopping") : t("composer.stop")} named>
                <button
                  type="button"
                  class="send stop"
                  aria-label={props.session.isStopping(run().id) ? t("composer.stopping") : t("composer.stop")}
                  aria-disabled={props.session.isStopping(run().id)}
                  onClick={() => !props.session.isStopping(run().id) && void props.session.stop(run().id)}
                >
                  <Square size={13} aria-hidden="true" />
                </button>
              </Tooltip>
            )}
          </Show>
        </div>
      </form>
      <ConnectionNote session={props.session} />
    </div>
  );
}

/** `only-if-cached` is for programs; a person's page shows it as what it is nearest to. */
function shownMode(mode: "default" | "no-cache" | "no-store" | "only-if-cached") {
  return mode === "only-if-cached" ? "default" : mode;
}
