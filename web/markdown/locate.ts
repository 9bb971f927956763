// Where a position in an answer's source is on the page: for the keep line's end and its notches.
import type { Links } from "marked";
import type { Block } from "./blocks.ts";
import { renderBlock } from "./render.ts";

/** How many characters of the drawn block stand before `offset` in its source. */
export function drawnLength(block: Block, offset: number, links: Links): number {
  if (offset <= 0) return 0;
  if (block.kind === "code") {
    const fence = /^ {0,3}(?:`{3,}|~{3,})[^\n]*\n/.exec(block.raw)?.[0].length ?? 0;
    return Math.min(Math.max(offset - fence, 0), block.code.length);
  }
  // A mark that was just opened would be counted as text; the line end after a paragraph is none of its text.
  const before = block.raw.slice(0, offset).replace(/[*_~`]+$/, "");
  return renderBlock(before, { live: true, links }).textContent.replace(/\n+$/, "").length;
}

/** The place in `root`'s text after `length` characters, or its end when it has fewer. */
export function textPoint(root: Node, length: number): { node: Node; offset: number } {
  const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
  let left = length;
  let node = walker.nextNode() as Text | null;
  while (node) {
    // At the seam of two nodes the later one is meant, so a range never starts at the end of a line.
    if (left < node.data.length) return { node, offset: left };
    left -= node.data.length;
    node = walker.nextNode() as Text | null;
  }
  return { node: root, offset: root.childNodes.length };
}
