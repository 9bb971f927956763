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

/** The texts under a node in order; a formula, however it is drawn, is one piece as long as its source. */
function* pieces(root: Node): Generator<{ node: Node; length: number }> {
  for (const node of root.childNodes) {
    if (node instanceof Text) yield { node, length: node.data.length };
    else if (node instanceof Element && node.hasAttribute("data-tex")) {
      yield { node, length: node.getAttribute("data-tex")?.length ?? 0 };
    } else yield* pieces(node);
  }
}

/** The place in `root`'s text after `length` characters, or its end when it has fewer. */
export function textPoint(root: Node, length: number): { node: Node; offset: number } {
  let left = length;
  for (const { node, length } of pieces(root)) {
    // At the seam of two nodes the later one is meant, so a range never starts at the end of a line.
    if (left < length) return { node, offset: node instanceof Text ? left : 0 };
    left -= length;
  }
  return { node: root, offset: root.childNodes.length };
}
