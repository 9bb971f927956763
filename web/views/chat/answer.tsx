// One answer: the keep line, the text as it comes, and the receipt. The line says what the text's colour says: solid
// as far as it is promised, pale beside the tail, a notch where a crash was survived.
import { createEffect, createSignal, lazy, Match, on, onCleanup, Show, Suspense, Switch } from "solid-js";
import type { RunState } from "../../../protocol/reduce.ts";
import { t } from "../../i18n/locale.ts";
import type { DrawnText } from "../../markdown/markdown.tsx";
import { makeUnpromised } from "../../markdown/unpromised.ts";
import type { ChatSession } from "../../state/chat-session.ts";
import { fetched } from "../../state/fetched.ts";
import type { PathStep } from "../../state/path.ts";
import { AnswerFoot } from "./answer-foot.tsx";
import { KeepLine, type Notch } from "./keep-line.tsx";

// The library that reads Markdown is not needed for an empty page.
const Markdown = lazy(() =>
  fetched(() => import("../../markdown/markdown.tsx").then(({ Markdown }) => ({ default: Markdown }))),
);

export function Answer(props: {
  session: ChatSession;
  id: string;
  step: PathStep | undefined;
  grow?: ((element: Element, draw: () => void) => void) | undefined;
}) {
  const run = () => props.session.runOf(props.id);
  const text = () => run()?.text ?? props.session.message(props.id)?.text ?? "";
  const running = () => run()?.status === "running";
  const ended = () => run() !== undefined && !["running", "completed"].includes(run()?.status ?? "");
  const [drawn, setDrawn] = createSignal<DrawnText>();
  const [solid, setSolid] = createSignal<number | null>(null);
  const [notches, setNotches] = createSignal<readonly Notch[]>([]);
  const [width, setWidth] = createSignal(0);
  const whole = () => drawn()?.whole() ?? false;
  const unpromised = makeUnpromised();
  let body!: HTMLDivElement;

  const top = () => body.getBoundingClientRect().top;
  /** After every effect of this change, the text's own drawing among them. */
  const drawnNow = (look: () => void) => queueMicrotask(() => body.isConnected && look());

  createEffect(() => {
    const now = run();
    const tail = now?.status === "running" && now.committed < now.text.length;
    const at = now?.committed ?? 0;
    drawnNow(() => unpromised.mark(tail ? (drawn()?.rangeFrom(at) ?? null) : null));
  });

  // Where the promise ends on the page: measured when it moves, not each time the text grows below it.
  const committed = () => run()?.committed ?? 0;
  createEffect(
    on([running, committed, whole, width], ([live, at]) => {
      if (!live) return setSolid(null);
      drawnNow(() => {
        const first = drawn()?.rangeFrom(at)?.getClientRects()[0];
        setSolid(at === 0 ? 0 : first ? first.top - top() + first.height / 2 : body.getBoundingClientRect().height);
      });
    }),
  );

  const recoveries = () => run()?.recoveries ?? [];
  createEffect(
    on([recoveries, running, whole, width], ([list]) => {
      if (list.length === 0) return setNotches([]);
      drawnNow(() => {
        const end = body.getBoundingClientRect().height - 6;
        setNotches(
          list.map((recovery) => {
            const rect = drawn()?.rangeFrom(recovery.at)?.getClientRects()[0];
            return { recovery, y: Math.min(rect ? rect.top - top() + rect.height / 2 : end, end) };
          }),
        );
      });
    }),
  );

  function watchWidth(element: HTMLDivElement) {
    body = element;
    const observer = new ResizeObserver(([entry]) => entry && setWidth(Math.round(entry.contentRect.width)));
    observer.observe(element);
    onCleanup(() => {
      observer.disconnect();
      unpromised.mark(null);
    });
  }

  return (
    <article
      class="answer"
      aria-label={t("message.answer")}
      data-run={run()?.id}
      data-status={run()?.status ?? "completed"}
      data-committed={run()?.committed}
      data-length={text().length}
    >
      <h2 class="visually-hidden">{t("message.answer")}</h2>
      <div class="answer-body" classList={{ wordless: text() === "" && ended() }} ref={watchWidth}>
        <KeepLine solid={solid()} notches={notches()} status={run()?.status ?? "completed"} />
        <Show when={text() !== ""} fallback={<Wordless status={run()?.status ?? "completed"} />}>
          <Suspense
            fallback={
              <div class="markdown unread" dir="auto">
                {text()}
              </div>
            }
          >
            <Markdown text={text()} done={!running()} grow={props.grow} ref={setDrawn} />
          </Suspense>
        </Show>
      </div>
      <AnswerFoot session={props.session} id={props.id} step={props.step} text={text} />
    </article>
  );
}

function Wordless(props: { status: RunState["status"] }) {
  return (
    <Switch>
      <Match when={props.status === "running"}>
        <div class="breath" aria-hidden="true">
          <i />
          <i />
          <i />
        </div>
      </Match>
      <Match when={props.status === "completed"}>
        <p class="waiting">{t("message.empty")}</p>
      </Match>
    </Switch>
  );
}
