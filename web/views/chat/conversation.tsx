// The conversation: the shown path of messages, its end first drawn, the rest as the reader comes near it.
import { useLocation } from "@solidjs/router";
import ArrowDown from "lucide-solid/icons/arrow-down";
import { createComputed, createEffect, createMemo, createSignal, For, on, onMount, Show, Suspense } from "solid-js";
import { t } from "../../i18n/locale.ts";
import { useApp } from "../../state/app.tsx";
import type { ChatSession } from "../../state/chat-session.ts";
import type { PathStep } from "../../state/path.ts";
import { adapted, around, downwards, endOf, type Room, upwards } from "../../state/room.ts";
import { withWords } from "../with-words.ts";
import { Answer } from "./answer.tsx";
import "./conversation.css";
import { Edge } from "./edge.tsx";
import { makeFollow } from "./follow.ts";
import { PendingAnswer, PendingQuestion } from "./pending.tsx";
import { Question } from "./question.tsx";

const Empty = withWords(() => import("./empty.tsx"));

export function Conversation(props: { session: ChatSession }) {
  const app = useApp();
  const location = useLocation();
  const follow = makeFollow();
  let scroller!: HTMLDivElement;
  let content!: HTMLDivElement;
  onMount(() => follow.attach(scroller, content, () => !empty() && !more()));

  const steps = createMemo(() => new Map<string, PathStep>(props.session.path().map((step) => [step.id, step])));
  const ids = createMemo(() => [...steps().keys()]);
  const lengthOf = (index: number) => {
    const id = ids()[index] ?? "";
    return (props.session.runOf(id) ?? props.session.message(id))?.text.length ?? 0;
  };
  const [room, setRoom] = createSignal<Room>(endOf(0, lengthOf));
  createComputed(on(ids, (now, before) => setRoom((drawn) => adapted(drawn, before ?? [], now, lengthOf))));
  const shown = createMemo(() => ids().slice(room().from, room().until));
  const earlier = () => room().from > 0;
  const more = () => room().until < ids().length;

  /** Above what is drawn there comes more, and the reader stays where they are; below it nothing moves by itself. */
  const growUp = () => follow.keepPlace(() => setRoom((now) => upwards(now, lengthOf)));
  const growDown = () => setRoom((now) => downwards(now, ids().length, lengthOf));

  // An address may name a message: it is brought on the path and into view.
  createEffect(
    on([() => location.hash, () => props.session.loaded()], ([hash, loaded]) => {
      const id = decodeURIComponent(hash.slice(1));
      if (!loaded || id === "" || !props.session.message(id)) return;
      props.session.choose(id);
      follow.release();
      setRoom(around(ids().indexOf(id), ids().length, lengthOf));
      queueMicrotask(() => document.getElementById(`message-${id}`)?.scrollIntoView({ block: "center" }));
    }),
  );

  function toLatest() {
    if (more()) setRoom(endOf(ids().length, lengthOf));
    follow.resume();
  }

  // What the person just asked is what they want to see.
  createEffect(
    on(
      () => props.session.pending()?.key,
      (key) => key && queueMicrotask(toLatest),
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
        <Show when={earlier()}>
          <Edge drawn={shown()} grow={growUp} />
        </Show>
        <ol class="plain-list" aria-label={t("chat.log")}>
          <For each={shown()}>
            {(id) => (
              <li id={`message-${id}`}>
                <Show
                  when={props.session.message(id)?.role === "user"}
                  fallback={<Answer session={props.session} id={id} step={steps().get(id)} grow={follow.growEndOf} />}
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
        <Show when={more()}>
          <Edge drawn={shown()} grow={growDown} />
        </Show>
      </div>
      <Show when={!follow.following()}>
        <div class="latest">
          <button type="button" class="button" onClick={toLatest}>
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
