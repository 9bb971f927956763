// One chat in the list: a link, whether it is answering, and what can be done to it.
import { A } from "@solidjs/router";
import Download from "lucide-solid/icons/download";
import Ellipsis from "lucide-solid/icons/ellipsis";
import PenLine from "lucide-solid/icons/pen-line";
import Trash from "lucide-solid/icons/trash";
import { createSignal, Show } from "solid-js";
import type { ChatSummary } from "../../../protocol/requests.ts";
import { MenuButton } from "../../components/menu-button.tsx";
import { TitleInput } from "../../components/title-input.tsx";
import { t } from "../../i18n/locale.ts";
import { useApp } from "../../state/app.tsx";
import { downloadChat } from "../../state/download.ts";

export function ChatItem(props: { chat: ChatSummary }) {
  const app = useApp();
  const [renaming, setRenaming] = createSignal(false);
  const title = () => props.chat.title || t("nav.untitled");

  return (
    <li class="chat-item">
      <Show
        when={!renaming()}
        fallback={
          <TitleInput
            value={props.chat.title}
            save={(next) => void app.chats.rename(props.chat.id, next)}
            close={() => setRenaming(false)}
          />
        }
      >
        <A href={`/c/${props.chat.id}`} class="chat-link" title={title()} end onClick={() => app.setDrawer(false)}>
          <Show when={props.chat.running}>
            <span class="dot" data-tone="live" />
            <span class="visually-hidden">{t("nav.running")}: </span>
          </Show>
          <span class="chat-title" dir="auto">
            {title()}
          </span>
        </A>
        <MenuButton
          class="icon-button chat-actions"
          label={t("nav.actions", title())}
          entries={[
            // The menu gives the focus back as it closes; the input takes it after that.
            { label: t("chat.rename"), icon: PenLine, run: () => setTimeout(() => setRenaming(true)) },
            {
              label: t("chat.exportMarkdown"),
              icon: Download,
              run: () => downloadChat(props.chat.id, "md"),
              separated: true,
            },
            { label: t("chat.exportJson"), icon: Download, run: () => downloadChat(props.chat.id, "json") },
            {
              label: t("chat.delete"),
              icon: Trash,
              danger: true,
              separated: true,
              run: () => app.remove({ id: props.chat.id, title: props.chat.title }),
            },
          ]}
        >
          <Ellipsis size={16} aria-hidden="true" />
        </MenuButton>
      </Show>
    </li>
  );
}
