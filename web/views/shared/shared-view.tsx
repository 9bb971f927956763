// A chat by its link: to be read, and nothing else.
import { A, useParams } from "@solidjs/router";
import { createMemo, createSignal, Index, Show } from "solid-js";
import { ApiError } from "../../api/client.ts";
import { explain, ProblemNote } from "../../components/problem.tsx";
import { format, t } from "../../i18n/locale.ts";
import { v } from "../../i18n/views.ts";
import { Markdown } from "../../markdown/markdown.tsx";
import { downwards, type Room } from "../../state/room.ts";
import { followShared } from "../../state/shared.ts";
import { Edge } from "../chat/edge.tsx";
import { KeepLine } from "../chat/keep-line.tsx";
import { ViewHead } from "../view-head.tsx";
import "../chat/conversation.css";
import "../view.css";
import "./shared.css";

/** Messages drawn at first. */
const FIRST = 4;

export default function SharedView() {
  const params = useParams<{ token: string }>();
  const chat = followShared(params.token);
  const gone = () => {
    const error = chat.error();
    return error instanceof ApiError && (error.status === 404 || error.status === 400);
  };
  // From its beginning on, as far as the reader comes.
  const lengthOf = (index: number) => chat.shown()[index]?.text.length ?? 0;
  const [room, setRoom] = createSignal<Room>({ from: 0, until: FIRST });
  const drawn = createMemo(() => chat.shown().slice(0, room().until));
  return (
    <div class="view">
      <Show
        when={!gone()}
        fallback={
          <div class="nothing" role="alert">
            <h1>{v("share.goneTitle")}</h1>
            <p>{v("share.gone")}</p>
            <A class="button" href="/">
              {t("nav.newChat")}
            </A>
          </div>
        }
      >
        <div class="view-body shared">
          <ViewHead
            title={chat.data()?.title || t("nav.untitled")}
            lead={<Show when={chat.data()}>{(data) => v("share.lead", format().instant(data().updatedAt))}</Show>}
          />
          <Show when={chat.error()}>
            {(error) => <ProblemNote text={explain(error())} retry={() => void chat.refresh()} />}
          </Show>
          <ol class="plain-list shared-messages" aria-label={t("chat.log")}>
            <Index each={drawn()}>
              {(message) => (
                <li>
                  <Show
                    when={message().role === "assistant"}
                    fallback={
                      <article class="question" aria-label={t("message.you")}>
                        <h2 class="visually-hidden">{t("message.you")}</h2>
                        <div class="bubble" dir="auto">
                          {message().text}
                        </div>
                      </article>
                    }
                  >
                    <article class="answer" aria-label={t("message.answer")} data-status={message().status}>
                      <h2 class="visually-hidden">{t("message.answer")}</h2>
                      <div class="answer-body">
                        <KeepLine solid={null} notches={[]} status={message().status ?? "completed"} />
                        <Markdown text={message().text} done={message().status !== "running"} />
                      </div>
                      <Show when={message().model}>
                        {(model) => (
                          <div class="answer-foot">
                            <span class="shared-model">{model()}</span>
                          </div>
                        )}
                      </Show>
                    </article>
                  </Show>
                </li>
              )}
            </Index>
          </ol>
          <Show when={drawn().length < chat.shown().length}>
            <Edge drawn={drawn()} grow={() => setRoom((now) => downwards(now, chat.shown().length, lengthOf))} />
          </Show>
        </div>
      </Show>
    </div>
  );
}
