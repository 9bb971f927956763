// Opens the list of chats where it has no room of its own.
import Menu from "lucide-solid/icons/menu";
import { t } from "../i18n/locale.ts";
import { useApp } from "../state/app.tsx";

export function OpenDrawer() {
  const app = useApp();
  return (
    <button
      type="button"
      class="icon-button open-drawer"
      aria-label={t("nav.open")}
      aria-expanded={app.drawer()}
      onClick={() => app.setDrawer(true)}
    >
      <Menu size={18} aria-hidden="true" />
    </button>
  );
}
