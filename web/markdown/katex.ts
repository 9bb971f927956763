// KaTeX as an answer may use it: no links, no images, no commands that reach out of the formula.
import katex from "katex";
import "katex/dist/katex.min.css";

export function draw(tex: string, element: HTMLElement, display: boolean): void {
  katex.render(tex, element, {
    displayMode: display,
    throwOnError: false,
    // The page's own colour for what could not be read: it knows both themes.
    errorColor: "var(--failed)",
    strict: "ignore",
    trust: false,
    maxSize: 20,
    maxExpand: 300,
  });
}
