import { beforeAll, describe, expect, it } from "vitest";
import { advance, noBlocks } from "./blocks.ts";
import { drawnLength, textPoint } from "./locate.ts";
import { loadRepair } from "./repair.ts";

beforeAll(() => loadRepair());

const first = (text: string) => {
  const block = advance(noBlocks, text, false).blocks[0];
  if (!block) throw new Error("no block");
  return block;
};

describe("drawnLength", () => {
  it("does not count the marks that are not drawn", () => {
    expect(drawnLength(first("some **bold** text"), "some **bold**".length, {})).toBe("some bold".length);
    expect(drawnLength(first("a [link](https://example.com) b"), "a [link](https://example.com)".length, {})).toBe(
      "a link".length,
    );
  });

  it("counts a code block's own text", () => {
    const block = first("```js\nlet a = 1;\nlet b");
    expect(drawnLength(block, "```js\nlet".length, {})).toBe(3);
    expect(drawnLength(block, 2, {})).toBe(0);
    expect(drawnLength(block, 1_000, {})).toBe("let a = 1;\nlet b".length);
  });
});

describe("textPoint", () => {
  it("finds the place across elements, and the end beyond it", () => {
    const root = document.createElement("p");
    root.innerHTML = "ab<b>cd</b>e";
    expect(textPoint(root, 1)).toEqual({ node: root.firstChild, offset: 1 });
    expect(textPoint(root, 2)).toEqual({ node: root.querySelector("b")?.firstChild, offset: 0 });
    expect(textPoint(root, 9)).toEqual({ node: root, offset: 3 });
  });
});
