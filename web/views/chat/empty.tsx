// A chat with nothing in it yet: a word of welcome and a few ways to begin.
import { For } from "solid-js";
import { Logo } from "../../components/logo.tsx";
import { v, viewWords } from "../../i18n/views.ts";

export default function Empty(props: { ask: (prompt: string) => void }) {
  return (
    <div class="empty">
      <Logo size={40} />
      <h2>{v("empty.title")}</h2>
      <p>{v("empty.lead")}</p>
      <ul class="plain-list starters">
        <For each={viewWords().empty.starters}>
          {(starter) => (
            <li>
              <button type="button" class="starter" onClick={() => props.ask(starter.prompt)}>
                <strong>{starter.title}</strong>
                <span>{starter.prompt}</span>
              </button>
            </li>
          )}
        </For>
      </ul>
    </div>
  );
}
