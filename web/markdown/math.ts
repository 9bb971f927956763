// Draws formulas. KaTeX and its fonts are fetched with the first formula; until then, and where one cannot be drawn,
// its source stands. What KaTeX makes is nodes, so no policy for inline styles stands in its way.
import { fetched } from "../state/fetched.ts";

/** A formula longer than this is left as its source: drawing it would hold the page up. */
const LONGEST = 4_000;

let library: Promise<typeof import("./katex.ts")> | undefined;
const drawnFrom = new WeakMap<Element, string>();

/** Whether `old` is already drawn from what `next` says: then it stays as it is. */
export const isDrawn = (old: Element, next: Element): boolean => {
  const tex = drawnFrom.get(old);
  return tex !== undefined && tex === next.getAttribute("data-tex") && old.className === next.className;
};

/** Draws every formula in `root` that is not drawn yet. */
export function drawMath(root: Element): void {
  const waiting = [...root.querySelectorAll(".math")].filter((element) => {
    const tex = element.getAttribute("data-tex");
    return tex !== null && tex.length <= LONGEST && drawnFrom.get(element) !== tex;
  });
  if (waiting.length === 0) return;
  library ??= fetched(() => import("./katex.ts"));
  void library.then(({ draw }) => {
    for (const element of waiting) {
      const tex = element.getAttribute("data-tex");
      if (tex === null || drawnFrom.get(element) === tex || !element.isConnected) continue;
      drawnFrom.set(element, tex);
      draw(tex, element as HTMLElement, element.classList.contains("display"));
    }
  });
}
