// An answer's Markdown, drawn block by block while it grows. Finished blocks are left alone.
import type { Links } from "marked";
import { createEffect, createMemo, Index, onCleanup, Show } from "solid-js";
import { render } from "solid-js/web";
import "./markdown.css";
import { advance, type Block, type BlockList, noBlocks } from "./blocks.ts";
import { CodeBlock } from "./code-block.tsx";
import { drawnLength, textPoint } from "./locate.ts";
import { morph } from "./morph.ts";
import { renderBlock } from "./render.ts";

/** What an answer may ask of its drawn text. */
export interface DrawnText {
  /** The range from a position in the source to the end of what is drawn; `null` when nothing is drawn there. */
  rangeFrom(at: number): Range | null;
}

function HtmlBlock(props: { block: Block; links: Links; ref: (element: HTMLElement) => void }) {
  let element!: HTMLDivElement;
  const disposers: (() => void)[] = [];
  createEffect(() => {
    const { raw, closed } = props.block;
    morph(element, renderBlock(raw, !closed, props.links));
    if (closed) dressCode();
  });
  onCleanup(() => {
    for (const dispose of disposers) dispose();
  });

  /** Code inside a list or a quote gets the same frame as code on its own. */
  function dressCode() {
    for (const pre of element.querySelectorAll("pre")) {
      if (pre.closest("figure")) continue;
      const code = (pre.textContent ?? "").replace(/\n$/, "");
      const language = pre.dataset.language ?? "";
      const host = document.createElement("div");
      pre.replaceWith(host);
      disposers.push(render(() => <CodeBlock code={code} language={language} closed />, host));
    }
  }

  return (
    <div
      class="block"
      dir="auto"
      ref={(node) => {
        element = node;
        props.ref(node);
      }}
    />
  );
}

export interface MarkdownProps {
  text: string;
  /** The text is whole. */
  done: boolean;
  ref?: (drawn: DrawnText) => void;
}

export function Markdown(props: MarkdownProps) {
  const list = createMemo<BlockList>((before) => advance(before, props.text, props.done), noBlocks);
  const elements: HTMLElement[] = [];
  /** A promise comes once a second, a draw once a frame: where the last promise ends is kept between them. */
  let last = { raw: "", offset: -1, length: 0 };

  props.ref?.({
    rangeFrom(at) {
      const { blocks, links } = list();
      const index = blocks.findIndex((block) => at < block.end);
      const block = blocks[index];
      const element = elements[index];
      const end = elements[blocks.length - 1];
      if (!block || !element || !end) return null;
      const offset = Math.max(0, at - block.start);
      const raw = block.raw.slice(0, offset);
      if (last.offset !== offset || last.raw !== raw) {
        last = { raw, offset, length: drawnLength(block, offset, links) };
      }
      const code = block.kind === "code" ? element.querySelector("code") : null;
      const from = textPoint(code ?? element, last.length);
      const range = document.createRange();
      range.setStart(from.node, from.offset);
      range.setEnd(end, end.childNodes.length);
      return range;
    },
  });

  return (
    <div class="markdown">
      <Index each={list().blocks}>
        {(block, index) => (
          <Show
            when={block().kind === "code"}
            fallback={<HtmlBlock block={block()} links={list().links} ref={(element) => (elements[index] = element)} />}
          >
            <div class="block" ref={(element) => (elements[index] = element)}>
              <CodeBlock code={block().code} language={block().language} closed={block().closed} />
            </div>
          </Show>
        )}
      </Index>
    </div>
  );
}
