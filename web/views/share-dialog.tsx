// Sharing a chat: a link that whoever has it reads the chat by, until it is taken back.
import Link from "lucide-solid/icons/link";
import Unlink from "lucide-solid/icons/unlink";
import { Show } from "solid-js";
import { CopyButton } from "../components/copy-button.tsx";
import { Dialog } from "../components/dialog.tsx";
import { explain, ProblemNote } from "../components/problem.tsx";
import { t } from "../i18n/locale.ts";
import { v } from "../i18n/views.ts";
import { makeShare } from "../state/share.ts";
import "./share-dialog.css";

export default function ShareDialog(props: { chatId: string; close: () => void }) {
  const share = makeShare(props.chatId);
  return (
    <Dialog title={v("share.title")} close={props.close} class="share">
      <div class="share-body">
        <p>{v("share.about")}</p>
        <Show when={share.failure()}>{(failure) => <ProblemNote text={explain(failure())} />}</Show>
        <Show
          when={share.link()}
          fallback={
            <button type="button" class="button primary" disabled={share.busy()} onClick={() => void share.make()}>
              <Link size={15} aria-hidden="true" />
              {v("share.make")}
            </button>
          }
        >
          {(link) => (
            <>
              <div class="share-link">
                <input
                  readonly
                  aria-label={v("share.link")}
                  value={link()}
                  onFocus={(event) => event.currentTarget.select()}
                />
                <CopyButton class="button" text={link} label={t("message.copy")} done={t("message.copied")} />
              </div>
              <button type="button" class="button danger" disabled={share.busy()} onClick={() => void share.takeBack()}>
                <Unlink size={15} aria-hidden="true" />
                {v("share.takeBack")}
              </button>
            </>
          )}
        </Show>
        <p role="status" class="share-told">
          {share.takenBack() ? v("share.takenBack") : ""}
        </p>
      </div>
    </Dialog>
  );
}
