// A chat: its header, the conversation with the composer below, and the settings beside it.
import { A } from "@solidjs/router";
import { Show, Suspense } from "solid-js";
import { t } from "../../i18n/locale.ts";
import { useApp } from "../../state/app.tsx";
import "./chat-view.css";
import { withWords } from "../with-words.ts";
import { Composer } from "./composer.tsx";
import { Conversation } from "./conversation.tsx";
import { Header } from "./header.tsx";

const Panel = withWords(() => import("./panel.tsx"));

export function ChatView() {
  const app = useApp();
  const refused = () => app.session().connection().phase === "refused";
  return (
    <div class="chat" classList={{ "panel-open": app.panel() }}>
      <Header />
      <Show
        when={!refused()}
        fallback={
          <div class="nothing" role="alert">
            <h2>{t("chat.unknownTitle")}</h2>
            <p>{t("chat.unknown")}</p>
            <A class="button" href="/">
              {t("nav.newChat")}
            </A>
          </div>
        }
      >
        {/* A chat's own place and drafts: another chat is another column. */}
        <Show when={app.session()} keyed>
          {(session) => (
            <div class="column">
              <Conversation session={session} />
              <Composer session={session} />
            </div>
          )}
        </Show>
      </Show>
      <Show when={app.panel()}>
        <Suspense>
          <Panel />
        </Suspense>
      </Show>
    </div>
  );
}
