// The conversation: the shown path of messages, the latest of them first drawn, earlier ones as the reader goes up.
import { useLocation } from "@solidjs/router";
import ArrowDown from "lucide-solid/icons/arrow-down";
import { createEffect, createMemo, createSignal, For, on, onCleanup, onMount, Show, Suspense } from "solid-js";
import { t } from "../../i18n/locale.ts";
import { useApp } from "../../state/app.tsx";
import type { ChatSession } from "../../state/chat-session.ts";
import type { PathStep } from "../../state/path.ts";
import { withWords } from "../with-words.ts";
import { Answer } from "./answer.tsx";
import "./conversation.css";
import { makeFollow } from "./follow.ts";
import { PendingAnswer, PendingQuestion } from "./pending.tsx";
import { Question } from "./question.tsx";

const Empty = withWords(() => import("./empty.tsx"));

/** Messages drawn at first, and how many more each time the reader nears the top. */
const FIRST = 8;
const MORE = 4;

export function Conversation(props: { session: ChatSession }) {
  const app = useApp();
  const location = useLocation();
  const follow = makeFollow();
  let scroller!: HTMLDivElement;
  let content!: HTMLDivElement;
  onMount(() => follow.attach(scroller, content, () => !empty()));

  const [room, setRoom] = createSignal(FIRST);
  const steps = createMemo(() => new Map<string, PathStep>(props.session.path().map((step) => [step.id, step])));
  const ids = createMemo(() => [...steps().keys()]);
  const shown = createMemo(() => ids().slice(-room()));
  const hidden = () => ids().length > room();

  /** The top of what is drawn came near: draw some more above it, and leave the reader where they are. */
  function watchTop(element: HTMLElement) {
    const observer = new IntersectionObserver(
      ([entry]) => entry?.isIntersecting && follow.keepPlace(() => setRoom((now) => now + MORE)),
      { root: scroller, rootMargin: "1200px 0px 0px" },
    );
    // Observed again after each step: an end that stays in view is not reported twice.
    createEffect(() => {
      shown();
      observer.disconnect();
      observer.observe(element);
    });
    onCleanup(() => observer.disconnect());
  }

  // An address may name a message: it is brought on the path and into view.
  createEffect(
    on([() => location.hash, () => props.session.loaded()], ([hash, loaded]) => {
      const id = decodeURIComponent(hash.slice(1));
      if (!loaded || id === "" || !props.session.message(id)) return;
      props.session.choose(id);
      follow.release();
      setRoom((now) => Math.max(now, ids().length - ids().indexOf(id) + 2));
      queueMicrotask(() => document.getElementById(`message-${id}`)?.scrollIntoView({ block: "center" }));
    }),
  );

  // What the person just asked is what they want to see.
  createEffect(
    on(
      () => props.session.pending()?.key,
      (key) => key && queueMicrotask(follow.resume),
      { defer: true },
    ),
  );

  const empty = () => props.session.loaded() && ids().length === 0 && !props.session.pending();

  return (
    <div class="scroller" ref={scroller}>
      <div class="messages" ref={content}>
        <Show when={empty()}>
          <Suspense>
            <Empty ask={(prompt) => void app.ask(prompt)} />
          </Suspense>
        </Show>
        <Show when={!props.session.loaded()}>
          <div class="skeleton" aria-hidden="true">
            <i />
            <i />
            <i />
          </div>
        </Show>
        <Show when={hidden()}>
          <div ref={watchTop} class="earlier" />
        </Show>
        <ol class="plain-list" aria-label={t("chat.log")}>
          <For each={shown()}>
            {(id) => (
              <li id={`message-${id}`}>
                <Show
                  when={props.session.message(id)?.role === "user"}
                  fallback={<Answer session={props.session} id={id} step={steps().get(id)} />}
                >
                  <Question session={props.session} id={id} step={steps().get(id)} />
                </Show>
              </li>
            )}
          </For>
          <Show when={props.session.pending()}>
            {(ask) => (
              <>
                <Show when={ask().prompt}>
                  {(prompt) => (
                    <li>
                      <PendingQuestion session={props.session} prompt={prompt()} failure={ask().failure} />
                    </li>
                  )}
                </Show>
                <Show when={!ask().failure || ask().prompt === undefined}>
                  <li>
                    <PendingAnswer session={props.session} failure={ask().failure} />
                  </li>
                </Show>
              </>
            )}
          </Show>
        </ol>
      </div>
      <Show when={!follow.following()}>
        <div class="latest">
          <button type="button" class="button" onClick={follow.resume}>
            <ArrowDown size={15} aria-hidden="true" />
            {t("chat.latest")}
          </button>
        </div>
      </Show>
      <Spoken session={props.session} />
    </div>
  );
}

/** What a screen reader is told: that an answer is coming, and how it ended. The text itself is not read out. */
function Spoken(props: { session: ChatSession }) {
  const [text, setText] = createSignal("");
  let told: string | undefined;
  createEffect(() => {
    const active = props.session.activeRun();
    if (active || props.session.pending()?.failure === null) {
      told = active?.id ?? told;
      setText(t("status.generating"));
      return;
    }
    const run = told === undefined ? undefined : props.session.run(told);
    if (!run) return setText("");
    const said = { completed: "complete", cancelled: "stopped", failed: "failed", interrupted: "interrupted" } as const;
    if (run.status !== "running") setText(t(`status.${said[run.status]}`));
  });
  return (
    <p class="visually-hidden" role="status" data-announce>
      {text()}
    </p>
  );
}
