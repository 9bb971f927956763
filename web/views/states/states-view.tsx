// Every component in each of its states, for development and for the tests that look at them. The figures are made up.
import Trash from "lucide-solid/icons/trash";
import { createSignal, For, type JSX } from "solid-js";
import type { ChatSummary } from "../../../protocol/requests.ts";
import { CourseLine } from "../../components/course.tsx";
import { Logo } from "../../components/logo.tsx";
import { MenuButton } from "../../components/menu-button.tsx";
import { ProblemNote } from "../../components/problem.tsx";
import { Segmented } from "../../components/segmented.tsx";
import { t } from "../../i18n/locale.ts";
import { v } from "../../i18n/views.ts";
import { ASSUMED, costsOf, LIST_PRICES } from "../../state/costs.ts";
import { courseOf } from "../../state/course.ts";
import { toast } from "../../state/toasts.ts";
import { KeepLine } from "../chat/keep-line.tsx";
import { Receipt } from "../chat/receipt.tsx";
import { Costs } from "../compare/costs.tsx";
import { Parts } from "../health/parts.tsx";
import { ChatItem } from "../sidebar/chat-item.tsx";
import { Figures } from "../stats/figures.tsx";
import { ViewHead } from "../view-head.tsx";
import { Progress } from "../workflows/progress.tsx";
import { Steps } from "../workflows/steps.tsx";
import { courseLabel, stretchName } from "../workflows/words.ts";
import { MarkdownSamples } from "./markdown-samples.tsx";
import { HEALTH, RECEIPTS, sampleStats, sampleTimeline, WORKFLOW_STATUS } from "./samples.ts";
import "../chat/conversation.css";
import "../compare/compare.css";
import "../health/health.css";
import "../view.css";
import "../workflows/workflows.css";
import "./states.css";

const TONES = ["kept", "cache", "live", "failed"] as const;
const LINES = [
  { name: "promised", solid: null, status: "completed", notches: [] },
  { name: "a tail", solid: 40, status: "running", notches: [] },
  { name: "nothing yet", solid: 0, status: "running", notches: [] },
  {
    name: "survived",
    solid: null,
    status: "completed",
    notches: [{ y: 30, recovery: { mode: "reattach", at: 611, madeTwice: 0 } }],
  },
  { name: "failed", solid: null, status: "failed", notches: [] },
] as const;
const CHATS: readonly ChatSummary[] = [
  { id: "a", title: "Explain rivers", createdAt: 0, updatedAt: 0, running: false },
  { id: "b", title: "An essay of 2,000 words that goes on and on", createdAt: 0, updatedAt: 0, running: true },
  { id: "c", title: "أنهار وبحيرات", createdAt: 0, updatedAt: 0, running: false },
];

function Sample(props: { name: string; children: JSX.Element }) {
  return (
    <section class="card sample" data-sample={props.name}>
      <h2>{props.name}</h2>
      {props.children}
    </section>
  );
}

export default function StatesView() {
  const now = Date.now();
  const course = courseOf(sampleTimeline(now), now);
  const [segment, setSegment] = createSignal("one");
  return (
    <div class="view">
      <div class="view-body">
        <ViewHead title={v("states.title")} lead={v("states.lead")} />
        <Sample name="Marks">
          <div class="sample-row">
            <Logo size={40} />
            <span class="pill">neutral</span>
            <For each={TONES}>
              {(tone) => (
                <span class="pill" data-tone={tone}>
                  {tone}
                </span>
              )}
            </For>
            <span class="dot" />
            <span class="dot" data-tone="kept" />
            <span class="dot" data-tone="live" />
            <kbd>⌘K</kbd>
          </div>
        </Sample>
        <Sample name="Buttons">
          <div class="sample-row">
            <button type="button" class="button">
              {t("app.cancel")}
            </button>
            <button type="button" class="button primary">
              {t("message.saveRun")}
            </button>
            <button type="button" class="button danger">
              {t("chat.delete")}
            </button>
            <button type="button" class="button" disabled>
              {t("app.loading")}
            </button>
            <MenuButton
              class="button"
              label={t("chat.share")}
              labelled
              entries={[
                { label: t("chat.exportMarkdown"), run: () => {} },
                { label: t("chat.exportJson"), run: () => {}, checked: true, about: t("tiers.about.mvp") },
                { label: t("chat.delete"), run: () => {}, icon: Trash, danger: true, separated: true },
              ]}
            >
              {t("chat.share")}
            </MenuButton>
            <button
              type="button"
              class="button"
              onClick={() => toast(t("chat.deleted", "Rivers"), { label: t("app.undo"), run: () => {} })}
            >
              Toast
            </button>
            <Segmented
              label="Segments"
              value={segment()}
              onChange={setSegment}
              segments={[
                { value: "one", label: "One", about: t("tiers.about.mvp") },
                { value: "two", label: "Two" },
                { value: "off", label: "Off", off: true, about: t("tiers.off", "…") },
              ]}
            />
          </div>
        </Sample>
        <Sample name="Problems">
          <ProblemNote text={t("message.notSent")} detail={t("errors.network")} retry={() => {}} />
          <ProblemNote text={t("runErrors.provider_overloaded")} />
        </Sample>
        <Sample name="Chats">
          <ul class="plain-list sample-narrow">
            <For each={CHATS}>{(chat) => <ChatItem chat={chat} />}</For>
          </ul>
        </Sample>
        <Sample name="Keep lines">
          <div class="sample-lines">
            <For each={LINES}>
              {(line) => (
                <div class="answer-body">
                  <KeepLine solid={line.solid} notches={line.notches} status={line.status} />
                  <p>{line.name}</p>
                </div>
              )}
            </For>
          </div>
        </Sample>
        <Sample name="Receipts">
          <For each={RECEIPTS}>
            {({ name, run }) => (
              <div class="foot-row" data-receipt={name}>
                <Receipt run={run} />
              </div>
            )}
          </For>
        </Sample>
        <Sample name="Markdown">
          <MarkdownSamples />
        </Sample>
        <Figures stats={sampleStats(now)} />
        <Sample name="Workflow">
          <CourseLine course={course} label={courseLabel(course)} nameOf={stretchName} />
          <Progress status={WORKFLOW_STATUS} />
          <div class="sample-narrow">
            <Steps timeline={sampleTimeline(now)} now={now} />
          </div>
        </Sample>
        <Parts parts={HEALTH.parts} />
        <Costs costs={costsOf(ASSUMED, LIST_PRICES)} />
      </div>
    </div>
  );
}
