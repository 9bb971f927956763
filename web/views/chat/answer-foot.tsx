// Under an answer: how it stands or what it was, what went wrong, and what can be done with it.
import ChevronDown from "lucide-solid/icons/chevron-down";
import Radio from "lucide-solid/icons/radio";
import RefreshCw from "lucide-solid/icons/refresh-cw";
import { createMemo, createSignal, onCleanup, Show, Suspense } from "solid-js";
import type { RunState } from "../../../protocol/reduce.ts";
import { CopyButton } from "../../components/copy-button.tsx";
import { ProblemNote } from "../../components/problem.tsx";
import { Tooltip } from "../../components/tooltip.tsx";
import { format, t } from "../../i18n/locale.ts";
import { saidDetail } from "../../i18n/said.ts";
import { useApp } from "../../state/app.tsx";
import type { ChatSession } from "../../state/chat-session.ts";
import { fetched } from "../../state/fetched.ts";
import { firstWordAfter, tokensPerSecond } from "../../state/pace.ts";
import type { PathStep } from "../../state/path.ts";
import { withWords } from "../with-words.ts";
import { Branches } from "./branches.tsx";
import { Receipt } from "./receipt.tsx";

const loadPicker = () => fetched(() => import("./model-picker.tsx"));
const ModelPicker = withWords(loadPicker);

/** While it runs: the phase, the rate, the time to the first word. */
function LivePills(props: { session: ChatSession; run: RunState }) {
  const [tick, setTick] = createSignal(0);
  const clock = setInterval(() => setTick((n) => n + 1), 500);
  onCleanup(() => clearInterval(clock));
  const pace = createMemo(() => {
    tick();
    return props.session.pace(props.run.id);
  });
  const rate = () => {
    const now = pace();
    return now ? tokensPerSecond(now) : null;
  };
  const firstWord = () => {
    const now = pace();
    return now ? firstWordAfter(now) : null;
  };
  const phase = () => (props.run.text === "" ? (props.run.phase ?? "waiting") : (props.run.phase ?? "generating"));
  return (
    <>
      <span class="pill" data-tone={phase() === "recovering" ? "cache" : "live"}>
        <Radio size={14} aria-hidden="true" />
        {t(`status.phases.${phase()}`)}
        <Show when={props.run.attempt > 1}> · {t("status.attempt", props.run.attempt)}</Show>
        <Show when={rate()}>{(value) => ` · ${t("receipt.rate", format().integer(value()))}`}</Show>
      </span>
      <Show when={firstWord()}>
        {(ms) => <span class="pill">{t("receipt.firstWord", format().duration(ms()))}</span>}
      </Show>
    </>
  );
}

/** Why a run has no good end, and the way to ask again. */
function Failure(props: { run: RunState; retry: () => void }) {
  const text = () => {
    const { error, status } = props.run;
    if (error) return t(`runErrors.${error.code}`);
    return status === "failed" ? t("status.failed") : t("status.interrupted");
  };
  const detail = () => (props.run.error ? saidDetail(props.run.error) : undefined);
  return <ProblemNote text={text()} detail={detail()} detailLang="en" retry={props.retry} />;
}

export function AnswerFoot(props: {
  session: ChatSession;
  id: string;
  step: PathStep | undefined;
  text: () => string;
}) {
  const app = useApp();
  let other!: HTMLButtonElement;
  const [choosing, setChoosing] = createSignal(false);
  const run = () => props.session.runOf(props.id);
  const asked = () => props.session.message(props.id)?.parent;
  const failed = () => run()?.status === "failed" || run()?.status === "interrupted";
  const replacement = () => {
    const id = run()?.replacedBy;
    return id ? props.session.run(id) : undefined;
  };

  function again(model?: Parameters<typeof app.regenerate>[1]) {
    const parent = asked();
    if (parent) void app.regenerate(parent, model);
  }

  function retry() {
    const parent = asked();
    if (parent) void app.retry(parent);
  }

  return (
    <div class="answer-foot">
      <Show when={failed() && !replacement() && run()}>{(value) => <Failure run={value()} retry={retry} />}</Show>
      <Show when={replacement()}>
        {(next) => (
          <p class="replaced">
            {t("receipt.replaced")}{" "}
            <button type="button" onClick={() => props.session.choose(next().message)}>
              {t("receipt.showReplaced")}
            </button>
          </p>
        )}
      </Show>
      <div class="foot-row">
        <Show when={run()}>
          {(value) => (
            <Show when={value().status === "running"} fallback={<Receipt run={value()} />}>
              <div class="pills">
                <LivePills session={props.session} run={value()} />
              </div>
            </Show>
          )}
        </Show>
        <div class="actions">
          <Branches session={props.session} step={props.step} />
          <Show when={run()?.status !== "running"}>
            <Show when={props.text() !== ""}>
              <CopyButton icon text={props.text} label={t("message.copy")} done={t("message.copied")} />
            </Show>
            <Show when={asked()}>
              <Tooltip text={t("message.regenerate")} named>
                <button
                  type="button"
                  class="icon-button"
                  aria-label={t("message.regenerate")}
                  disabled={props.session.activeRun() !== undefined}
                  onClick={() => again()}
                >
                  <RefreshCw size={16} aria-hidden="true" />
                </button>
              </Tooltip>
              <Tooltip text={t("message.regenerateWith")} named>
                <button
                  ref={other}
                  type="button"
                  class="icon-button slim"
                  aria-label={t("message.regenerateWith")}
                  aria-haspopup="dialog"
                  aria-expanded={choosing()}
                  disabled={props.session.activeRun() !== undefined}
                  onPointerEnter={() => void loadPicker()}
                  onFocus={() => void loadPicker()}
                  onClick={() => setChoosing((now) => !now)}
                >
                  <ChevronDown size={14} aria-hidden="true" />
                </button>
              </Tooltip>
            </Show>
          </Show>
        </div>
      </div>
      <Show when={choosing()}>
        <Suspense>
          <ModelPicker
            anchor={other}
            value={app.model()}
            choose={(model) => again(model)}
            close={() => setChoosing(false)}
          />
        </Suspense>
      </Show>
    </div>
  );
}
