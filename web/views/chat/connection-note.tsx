// The line under the composer: the promise while all is well, and where things stand while they are not.
import { createEffect, createMemo, createSignal, onCleanup, Show } from "solid-js";
import { t } from "../../i18n/locale.ts";
import type { ChatSession } from "../../state/chat-session.ts";

/** A cut this short is mended before anyone would want to read about it, ms. */
const PATIENCE = 700;

export function ConnectionNote(props: { session: ChatSession }) {
  const [now, setNow] = createSignal(Date.now());
  const [online, setOnline] = createSignal(navigator.onLine);
  const watch = () => setOnline(navigator.onLine);
  window.addEventListener("online", watch);
  window.addEventListener("offline", watch);
  onCleanup(() => {
    window.removeEventListener("online", watch);
    window.removeEventListener("offline", watch);
  });

  const troubled = createMemo(() => {
    const { phase } = props.session.connection();
    return phase === "waiting" || phase === "connecting";
  });
  const [shown, setShown] = createSignal(false);
  createEffect(() => {
    if (!troubled()) return setShown(false);
    const timer = setTimeout(() => setShown(true), PATIENCE);
    const clock = setInterval(() => setNow(Date.now()), 500);
    onCleanup(() => {
      clearTimeout(timer);
      clearInterval(clock);
    });
  });

  const text = () => {
    const { phase, retryAt, code } = props.session.connection();
    if (!online()) return t("connection.offline");
    if (phase === "connecting") return t("connection.connecting");
    if (code === 4429) return t("connection.refused");
    return t("connection.waiting", Math.max(0, Math.ceil((retryAt - now()) / 1000)));
  };

  return (
    <div class="note" data-connection={props.session.connection().phase}>
      <Show when={shown() || !online()} fallback={<p>{t("composer.note")}</p>}>
        {/* The countdown would be read out each second: only its first words are for a screen reader. */}
        <p class="trouble">
          <span class="dot" />
          <span aria-hidden="true">{text()}</span>
          <Show when={props.session.connection().phase === "waiting"}>
            <button type="button" onClick={() => props.session.reconnect()}>
              {t("connection.now")}
            </button>
          </Show>
        </p>
      </Show>
      <p class="visually-hidden" role="status">
        {shown() ? (online() ? t("connection.connecting") : t("connection.offline")) : ""}
      </p>
    </div>
  );
}
