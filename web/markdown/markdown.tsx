// An answer's Markdown, drawn block by block while it grows. Finished blocks are left alone.
import type { Links } from "marked";
import { createEffect, createMemo, createSignal, Index, Match, onCleanup, Switch } from "solid-js";
import { Dynamic, render } from "solid-js/web";
import "./markdown.css";
import { advance, type Block, type BlockList, type Group, groupBlocks, noBlocks } from "./blocks.ts";
import { CodeBlock } from "./code-block.tsx";
import { drawnLength, textPoint } from "./locate.ts";
import { drawMath, isDrawn } from "./math.ts";
import { morph } from "./morph.ts";
import { renderBlock } from "./render.ts";
import { loadRepair } from "./repair.ts";

/** What an answer may ask of its drawn text. */
export interface DrawnText {
  /** The range from a position in the source to the end of what is drawn; `null` when nothing is drawn there. */
  rangeFrom(at: number): Range | null;
  /** Whether all of it is drawn. Tracked. */
  whole(): boolean;
}

/** Blocks that one task draws: a long text that comes at once is drawn over several frames, from its beginning on. */
const A_TASK = 60;
/** A growing text has this much room before it: no block of it waits for a frame. */
const AHEAD = 10;

/** Where each block is drawn, by where it starts in the source. */
type Elements = Map<number, HTMLElement>;

interface BlockProps {
  block: Block;
  around: Around;
  elements: Elements;
}

/** What a block is drawn by beside its own text. */
interface Around {
  links: Links;
  firstHeading: number | undefined;
}

/** A paragraph, a table, a quote, an item: whatever is HTML once it is read. */
function HtmlBlock(props: BlockProps) {
  let element!: HTMLElement;
  const disposers: (() => void)[] = [];
  createEffect(() => {
    const { raw, closed, start, list } = props.block;
    props.elements.set(start, element);
    const drawn = renderBlock(raw, { ...props.around, live: !closed, loose: list?.loose ?? false });
    // An item is drawn as a list of one; its element here is in the whole list.
    morph(element, list ? (drawn.querySelector("li") ?? drawn) : drawn, isDrawn);
    drawMath(element);
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
    <Dynamic
      component={props.block.list ? "li" : "div"}
      class={props.block.list ? undefined : "block"}
      dir="auto"
      ref={(node: HTMLElement) => {
        element = node;
      }}
    />
  );
}

function CodeOf(props: BlockProps) {
  let element!: HTMLDivElement;
  createEffect(() => props.elements.set(props.block.start, element));
  return (
    <div class="block" ref={element}>
      <CodeBlock code={props.block.code} language={props.block.language} closed={props.block.closed} />
    </div>
  );
}

export interface MarkdownProps {
  text: string;
  /** The text is whole. */
  done: boolean;
  /** Draws more at the end of an element, where whoever reads around it wants to stay where they are. */
  grow?: ((element: Element, draw: () => void) => void) | undefined;
  ref?: (drawn: DrawnText) => void;
}

export function Markdown(props: MarkdownProps) {
  const list = createMemo<BlockList>((before) => advance(before, props.text, props.done), noBlocks);
  // Apart from the list: a block must not be drawn again because another one grew.
  const links = createMemo(() => list().links);
  const firstHeading = createMemo(() => {
    for (const { raw } of list().blocks) {
      const marks = /^ {0,3}(#{1,6})\s/.exec(raw)?.[1];
      if (marks) return marks.length;
    }
    return undefined;
  });
  const around = createMemo((): Around => ({ links: links(), firstHeading: firstHeading() }));
  const [room, setRoom] = createSignal(A_TASK);
  const missing = () => list().blocks.length - room();
  const groups = createMemo<Group[]>((before) => groupBlocks(list().blocks.slice(0, room()), before), []);
  let element!: HTMLDivElement;
  createEffect(() => {
    const more = () => setRoom((now) => now + A_TASK);
    if (missing() > 0) {
      const frame = requestAnimationFrame(() => (props.grow ? props.grow(element, more) : more()));
      onCleanup(() => cancelAnimationFrame(frame));
    } else if (!props.done && missing() > -AHEAD) more();
  });
  const elements: Elements = new Map();
  createEffect(() => {
    if (!props.done) void loadRepair();
  });
  /** A promise comes once a second, a draw once a frame: where the last promise ends is kept between them. */
  let last = { raw: "", offset: -1, length: 0 };

  props.ref?.({
    whole: () => missing() <= 0,
    rangeFrom(at) {
      const { blocks } = list();
      const block = blocks.find((one) => at < one.end);
      const element = block && elements.get(block.start);
      const end = elements.get(blocks.at(-1)?.start ?? -1);
      if (!block || !element || !end) return null;
      const offset = Math.max(0, at - block.start);
      const raw = block.raw.slice(0, offset);
      if (last.offset !== offset || last.raw !== raw) {
        last = { raw, offset, length: drawnLength(block, offset, links()) };
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
    <div class="markdown" ref={element}>
      <Index each={groups()}>
        {(group) => (
          <Switch>
            <Match when={group().list}>
              {(list) => (
                <div class="block">
                  <Dynamic component={list().ordered ? "ol" : "ul"} start={list().ordered ? list().first : undefined}>
                    <Index each={group().blocks}>
                      {(block) => <HtmlBlock block={block()} around={around()} elements={elements} />}
                    </Index>
                  </Dynamic>
                </div>
              )}
            </Match>
            <Match when={group().blocks[0]?.kind === "code" && group().blocks[0]}>
              {(block) => <CodeOf block={block()} around={around()} elements={elements} />}
            </Match>
            <Match when={group().blocks[0]}>
              {(block) => <HtmlBlock block={block()} around={around()} elements={elements} />}
            </Match>
          </Switch>
        )}
      </Index>
    </div>
  );
}
