// What was asked and is not in the log yet: on its way, or refused with a way to try again.
import { Show } from "solid-js";
import type { ApiError } from "../../api/client.ts";
import { explain, ProblemNote } from "../../components/problem.tsx";
import { t } from "../../i18n/locale.ts";
import { useApp } from "../../state/app.tsx";
import type { ChatSession } from "../../state/chat-session.ts";
import { rememberDraft } from "../../state/drafts.ts";
import { fillComposer } from "./composer.tsx";

function Refusal(props: { session: ChatSession; failure: ApiError }) {
  const app = useApp();
  return (
    <ProblemNote text={t("message.notSent")} detail={explain(props.failure)} retry={() => void app.resend()}>
      <button
        type="button"
        class="button"
        onClick={() => {
          const prompt = props.session.withdraw();
          if (prompt === undefined) return;
          rememberDraft(props.session.chatId(), prompt);
          fillComposer(prompt);
        }}
      >
        {props.session.pending()?.prompt === undefined ? t("app.cancel") : t("message.edit")}
      </button>
    </ProblemNote>
  );
}

export function PendingQuestion(props: { session: ChatSession; prompt: string; failure: ApiError | null }) {
  return (
    <div class="question" data-pending>
      <div class="bubble" dir="auto">
        {props.prompt}
      </div>
      <Show when={props.failure}>{(failure) => <Refusal session={props.session} failure={failure()} />}</Show>
    </div>
  );
}

export function PendingAnswer(props: { session: ChatSession; failure: ApiError | null }) {
  return (
    <div class="answer" data-pending>
      <Show
        when={props.failure}
        fallback={
          <>
            <div class="keep-line" aria-hidden="true" />
            <p class="waiting">{t("message.sending")}</p>
          </>
        }
      >
        {(failure) => <Refusal session={props.session} failure={failure()} />}
      </Show>
    </div>
  );
}
