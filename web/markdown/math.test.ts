import { describe, expect, it, vi } from "vitest";
import { drawMath, isDrawn } from "./math.ts";
import { renderBlock } from "./render.ts";

/** The formulas found, display ones in brackets. */
const formulas = (raw: string, live = false) =>
  [...renderBlock(raw, { live, links: {} }).querySelectorAll(".math")].map((element) =>
    element.classList.contains("display") ? [element.textContent] : element.textContent,
  );

describe("formulas", () => {
  it.each([
    ["the area is $\\pi r^2$, always", ["\\pi r^2"]],
    ["$a$ and $b$", ["a", "b"]],
    ["$2 x + 1$", ["2 x + 1"]],
    ["$$\n\\int_0^1 x\\,dx\n$$", [["\\int_0^1 x\\,dx"]]],
    ["so \\(a_1 < b\\) and\n\\[x = 1\\]", ["a_1 < b", ["x = 1"]]],
    ["\\[\nE = mc^2\n\\]", [["E = mc^2"]]],
    ["inline $$x$$ too", [["x"]]],
    ["$\\$5$", ["\\$5"]],
  ])("are found in %s", (raw, found) => {
    expect(formulas(raw)).toEqual(found);
  });

  it.each([
    "from $5 to $10",
    "it costs $5, or 10$",
    "a single $ sign",
    "`$x$` is code",
    "```\n$$x$$\n```",
    "$ x $",
    "\\$x\\$",
  ])("are not found in %s", (raw) => {
    expect(formulas(raw)).toEqual([]);
  });

  it("leave emphasis and subscripts in them alone", () => {
    expect(renderBlock("$a_1 * b_2 * c_3$", { live: false, links: {} }).querySelector("em")).toBeNull();
  });

  it("are not there before they are closed", () => {
    expect(formulas("so $x^2 + y", true)).toEqual([]);
    expect(formulas("$$\nx^2 + y", true)).toEqual([]);
  });

  it("are text whatever stands in them", () => {
    const root = renderBlock('$<img src=x onerror=alert(1)>"$', { live: false, links: {} });
    expect(root.querySelector("img")).toBeNull();
    expect(root.querySelector(".math")?.textContent).toBe('<img src=x onerror=alert(1)>"');
  });

  it("are drawn once, reach nowhere, and say what could not be read", async () => {
    const root = document.createElement("div");
    document.body.append(root);
    root.append(renderBlock("$x^2$ $\\href{javascript:alert(1)}{x}$ $\\frac{$", { live: false, links: {} }));
    drawMath(root);
    await vi.waitFor(() => expect(root.querySelectorAll(".katex").length).toBeGreaterThan(0), { timeout: 10_000 });
    const [first, link, broken] = root.querySelectorAll(".math");
    expect(first?.querySelector("annotation")?.textContent).toBe("x^2");
    expect(link?.querySelector("a")).toBeNull();
    expect(broken?.querySelector(".katex-error")?.textContent).toBe("\\frac{");
    const again = renderBlock("$x^2$", { live: false, links: {} }).querySelector(".math");
    expect(isDrawn(first as Element, again as Element)).toBe(true);
    expect(isDrawn(link as Element, again as Element)).toBe(false);
    root.remove();
  });
});
