// An address that is no view.
import { A } from "@solidjs/router";
import { t } from "../i18n/locale.ts";

export function NotFound() {
  return (
    <div class="nothing">
      <h1>{t("app.notFound")}</h1>
      <A class="button" href="/">
        {t("nav.newChat")}
      </A>
    </div>
  );
}
