// A failure, said to the person where it happened, with a way to try again.
import RotateCw from "lucide-solid/icons/rotate-cw";
import TriangleAlert from "lucide-solid/icons/triangle-alert";
import { type JSX, Show } from "solid-js";
import type { ApiError } from "../api/client.ts";
import { t } from "../i18n/locale.ts";
import { saidProblem } from "../i18n/said.ts";

/** What a failed call says to a person: what the server said, where it said something. */
export function explain(error: unknown): string {
  const failure = error as Partial<ApiError> | null;
  if (failure?.problem) return saidProblem(failure.problem);
  return failure?.status === 0 ? t("errors.network") : t("errors.unexpected");
}

export function ProblemNote(props: {
  text: string;
  detail?: string | undefined;
  /** The language of the detail, where it is not the reader's. */
  detailLang?: string | undefined;
  retry?: (() => void) | undefined;
  children?: JSX.Element;
}) {
  return (
    <div class="problem" role="alert">
      <TriangleAlert size={16} aria-hidden="true" />
      <div class="problem-text">
        <p>{props.text}</p>
        <Show when={props.detail}>
          <p class="problem-detail" dir="auto" lang={props.detailLang}>
            {props.detail}
          </p>
        </Show>
      </div>
      <div class="problem-actions">
        {props.children}
        <Show when={props.retry}>
          {(retry) => (
            <button type="button" class="button" onClick={() => retry()()}>
              <RotateCw size={14} aria-hidden="true" />
              {t("app.retry")}
            </button>
          )}
        </Show>
      </div>
    </div>
  );
}
