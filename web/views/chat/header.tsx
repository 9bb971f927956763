// The chat's header: its title, the tier, the model, and what else can be done with it.
import Share from "lucide-solid/icons/share";
import SlidersHorizontal from "lucide-solid/icons/sliders-horizontal";
import { createSignal, Show } from "solid-js";
import { MenuButton } from "../../components/menu-button.tsx";
import { TitleInput } from "../../components/title-input.tsx";
import { Tooltip } from "../../components/tooltip.tsx";
import { t } from "../../i18n/locale.ts";
import { useApp } from "../../state/app.tsx";
import { downloadChat } from "../../state/download.ts";
import { OpenDrawer } from "../open-drawer.tsx";
import { ModelButton } from "./model-button.tsx";
import { TierControl } from "./tier-control.tsx";

function Title() {
  const app = useApp();
  const [editing, setEditing] = createSignal(false);
  const id = () => app.session().chatId();
  const title = () => app.session().title() || t("nav.untitled");
  return (
    <Show
      when={!editing()}
      fallback={
        <TitleInput
          class="header-title-input"
          value={app.session().title() ?? ""}
          save={(next) => {
            const chat = id();
            if (chat) void app.chats.rename(chat, next);
          }}
          close={() => setEditing(false)}
        />
      }
    >
      <h1 class="header-title" dir="auto">
        <Show when={id()} fallback={title()}>
          <button type="button" title={t("chat.rename")} onClick={() => setEditing(true)}>
            {title()}
          </button>
        </Show>
      </h1>
    </Show>
  );
}

export function Header() {
  const app = useApp();
  return (
    <header class="header">
      <OpenDrawer />
      <Title />
      <TierControl />
      <ModelButton class="in-header" />
      <Tooltip text={t("panel.open")} named>
        <button
          type="button"
          class="icon-button open-panel"
          aria-label={t("panel.open")}
          aria-pressed={app.panel()}
          onClick={() => app.setPanel(!app.panel())}
        >
          <SlidersHorizontal size={17} aria-hidden="true" />
        </button>
      </Tooltip>
      <Show when={app.session().chatId()}>
        {(id) => (
          <MenuButton
            class="icon-button open-export"
            label={t("chat.share")}
            entries={[
              // The menu gives the focus back as it closes; the dialog takes it after that.
              { label: t("chat.shareLink"), run: () => setTimeout(() => app.setDialog("share")) },
              { label: t("chat.exportMarkdown"), separated: true, run: () => downloadChat(id(), "md") },
              { label: t("chat.exportJson"), run: () => downloadChat(id(), "json") },
            ]}
          >
            <Share size={17} aria-hidden="true" />
          </MenuButton>
        )}
      </Show>
    </header>
  );
}
