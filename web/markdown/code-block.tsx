// A block of code: its language, a copy button, and colours once it is whole.
import { createEffect, createSignal, onCleanup } from "solid-js";
import { CopyButton } from "../components/copy-button.tsx";
import { t } from "../i18n/locale.ts";
import "./code-block.css";
import { highlight } from "./highlight.ts";
import { renderHighlighted } from "./render.ts";

export function CodeBlock(props: { code: string; language: string; closed: boolean }) {
  const [element, setElement] = createSignal<HTMLElement>();
  let drawn = "";
  let gone = false;
  onCleanup(() => {
    gone = true;
  });

  createEffect(() => {
    const target = element();
    const { code } = props;
    if (!target || code === drawn) return;
    const only = target.firstChild;
    // Growing code is appended to: redrawing it would cost its whole length for each token.
    if (only instanceof Text && !only.nextSibling && code.startsWith(drawn)) only.appendData(code.slice(drawn.length));
    else target.textContent = code;
    drawn = code;
  });

  createEffect(() => {
    const { code, language, closed } = props;
    if (!closed) return;
    void highlight(code, language).then((html) => {
      const target = element();
      if (html === null || gone || !target || drawn !== code) return;
      target.replaceChildren(...renderHighlighted(html));
    });
  });

  return (
    <figure class="code" aria-label={t("code.label", props.language || t("code.plain"))}>
      <div class="code-head">
        <span>{props.language || t("code.plain")}</span>
        <CopyButton class="code-copy" text={() => props.code} label={t("code.copy")} done={t("code.copied")} />
      </div>
      <pre tabindex="0" dir="ltr">
        <code ref={setElement} />
      </pre>
    </figure>
  );
}
