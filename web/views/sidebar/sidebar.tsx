// The sidebar: the mark, a new chat, search, the chats by day, and the reader's own choices.
import { A } from "@solidjs/router";
import Activity from "lucide-solid/icons/activity";
import BookOpen from "lucide-solid/icons/book-open";
import ChartColumn from "lucide-solid/icons/chart-column";
import KeyRound from "lucide-solid/icons/key-round";
import Keyboard from "lucide-solid/icons/keyboard";
import Languages from "lucide-solid/icons/languages";
import Monitor from "lucide-solid/icons/monitor";
import Moon from "lucide-solid/icons/moon";
import Scale from "lucide-solid/icons/scale";
import Search from "lucide-solid/icons/search";
import SquarePen from "lucide-solid/icons/square-pen";
import Sun from "lucide-solid/icons/sun";
import Workflow from "lucide-solid/icons/workflow";
import { For } from "solid-js";
import { Dynamic } from "solid-js/web";
import { Logo } from "../../components/logo.tsx";
import { MenuButton } from "../../components/menu-button.tsx";
import { Tooltip } from "../../components/tooltip.tsx";
import { LOCALES, locale, speak, t } from "../../i18n/locale.ts";
import { useApp } from "../../state/app.tsx";
import { setTheme, THEMES, theme } from "../../state/theme.ts";
import { focusComposer, hint } from "../shortcuts.ts";
import { ChatList } from "./chat-list.tsx";
import "./sidebar.css";

const VIEWS = [
  { path: "/stats", name: "nav.stats", icon: ChartColumn },
  { path: "/workflows", name: "nav.workflows", icon: Workflow },
  { path: "/compare", name: "nav.compare", icon: Scale },
  { path: "/status", name: "nav.status", icon: Activity },
  { path: "/access", name: "nav.access", icon: KeyRound },
] as const;
const LANGUAGE_NAMES = { en: "English", fr: "Français" } as const;
const THEME_ICONS = { system: Monitor, light: Sun, dark: Moon } as const;

export function Sidebar() {
  const app = useApp();
  return (
    <nav class="sidebar" aria-label={t("nav.label")}>
      <div class="brand">
        <Logo />
        {t("app.name")}
      </div>
      <A
        href="/"
        class="new-chat"
        onClick={() => {
          app.setDrawer(false);
          queueMicrotask(focusComposer);
        }}
      >
        <SquarePen size={17} aria-hidden="true" />
        {t("nav.newChat")}
        <span class="kbd" aria-hidden="true">
          {hint("O", true)}
        </span>
      </A>
      <button
        type="button"
        class="open-search"
        onClick={() => {
          app.setDrawer(false);
          app.setDialog("search");
        }}
      >
        <Search size={16} aria-hidden="true" />
        {t("nav.search")}
        <span class="kbd" aria-hidden="true">
          {hint("K")}
        </span>
      </button>
      <ChatList />
      <ul class="plain-list views" aria-label={t("nav.views")}>
        <For each={VIEWS}>
          {(view) => (
            <li>
              <A href={view.path} class="view-link" onClick={() => app.setDrawer(false)}>
                <Dynamic component={view.icon} size={16} aria-hidden="true" />
                {t(view.name)}
              </A>
            </li>
          )}
        </For>
      </ul>
      <div class="sidebar-foot">
        <MenuButton
          class="foot-button language"
          label={`${t("nav.language")}: ${locale().toUpperCase()}`}
          entries={LOCALES.map((one) => ({
            label: LANGUAGE_NAMES[one],
            checked: locale() === one,
            run: () => void speak(one),
          }))}
        >
          <Languages size={16} aria-hidden="true" />
          {locale().toUpperCase()}
        </MenuButton>
        <Tooltip text={t("nav.docs")} named>
          <a class="icon-button" href="/docs" aria-label={t("nav.docs")} target="_blank" rel="noopener">
            <BookOpen size={16} aria-hidden="true" />
          </a>
        </Tooltip>
        <Tooltip text={t("nav.help")} named>
          <button type="button" class="icon-button" aria-label={t("nav.help")} onClick={() => app.setDialog("help")}>
            <Keyboard size={16} aria-hidden="true" />
          </button>
        </Tooltip>
        <MenuButton
          label={t("nav.theme")}
          entries={THEMES.map((one) => ({
            label: t(`nav.themes.${one}`),
            icon: THEME_ICONS[one],
            checked: theme() === one,
            run: () => setTheme(one),
          }))}
        >
          <Dynamic component={THEME_ICONS[theme()]} size={16} aria-hidden="true" />
        </MenuButton>
      </div>
    </nav>
  );
}
