import { describe, expect, it } from "vitest";
import { morph } from "./morph.ts";

function nodes(html: string): HTMLElement {
  const root = document.createElement("div");
  root.innerHTML = html;
  return root;
}

describe("morph", () => {
  it.each([
    ["", "<p>a</p>"],
    ["<p>a</p>", "<p>a <b>b</b></p>"],
    ["<p>a <b>b</b> c</p>", "<p>a</p>"],
    ["<p>a</p><ul><li>x</li></ul>", "<h2 class='t'>a</h2>"],
    ["<a href='https://a'>x</a>", "<a title='t'>x</a>"],
    ["text", "<p>text</p>"],
    [
      "<table><tbody><tr><td>1</td></tr></tbody></table>",
      "<table><tbody><tr><td>1</td><td>2</td></tr></tbody></table>",
    ],
  ])("makes %s into %s", (from, to) => {
    const target = nodes(from);
    morph(target, nodes(to));
    expect(target.innerHTML).toBe(nodes(to).innerHTML);
  });

  it("keeps the nodes that can stay, and a selection in them", () => {
    const target = nodes("<p>Hello <b>wor</b></p>");
    const text = target.querySelector("b")?.firstChild as Text;
    document.body.append(target);
    document.getSelection()?.setBaseAndExtent(text, 0, text, 3);
    morph(target, nodes("<p>Hello <b>world</b>!</p>"));
    expect(target.querySelector("b")?.firstChild).toBe(text);
    expect(document.getSelection()?.toString()).toBe("wor");
    target.remove();
  });
});
