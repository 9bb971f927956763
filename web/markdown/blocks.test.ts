import { describe, expect, it } from "vitest";
import { advance, type BlockList, groupBlocks, noBlocks } from "./blocks.ts";

const ANSWER = `# Title

A paragraph with **bold** and [a link][ref].

- one
- two
  - nested
- three

1. first

2. second

\`\`\`ts
const a = "\`\`";

function b() {}
\`\`\`

| a | b |
| - | - |
| 1 | 2 |

> quote
> more

    indented code

Last line with an emoji 🧠 and é.

[ref]: https://example.com
`;

/** A seeded generator, so that a failing cut can be replayed. */
function random(seed: number) {
  let state = seed;
  return () => {
    state = (state * 1664525 + 1013904223) % 4294967296;
    return state / 4294967296;
  };
}

function stream(text: string, seed: number, check?: (list: BlockList) => void): BlockList {
  const next = random(seed);
  let list = noBlocks;
  for (let at = 0; at < text.length; ) {
    at = Math.min(text.length, at + 1 + Math.floor(next() * 12));
    list = advance(list, text.slice(0, at), false);
    check?.(list);
  }
  return advance(list, text, true);
}

describe("advance", () => {
  it("ends, however the text was cut, as if it had come whole", () => {
    const whole = advance(noBlocks, ANSWER, true);
    for (let seed = 1; seed <= 60; seed++) {
      const streamed = stream(ANSWER, seed);
      expect(streamed.blocks, `seed ${seed}`).toEqual(whole.blocks);
      expect(streamed.links, `seed ${seed}`).toEqual(whole.links);
    }
  });

  it("says of each block where it stands in the text, at every step", () => {
    stream(ANSWER, 7, ({ text, blocks }) => {
      let before = 0;
      for (const block of blocks) {
        expect(text.slice(block.start, block.end)).toBe(block.raw);
        expect(block.start).toBeGreaterThanOrEqual(before);
        before = block.end;
      }
    });
  });

  it("leaves every character in some block, but for white space and link definitions", () => {
    const { blocks } = advance(noBlocks, ANSWER, true);
    const covered = blocks.map(({ raw }) => raw).join("");
    const missing = ANSWER.replace("[ref]: https://example.com", "");
    expect(covered.replace(/\s/g, "")).toBe(missing.replace(/\s/g, ""));
  });

  it("keeps a frozen block the same object, whatever comes after it", () => {
    let before = noBlocks;
    stream(ANSWER, 11, (list) => {
      for (let index = 0; index < before.frozen; index++) expect(list.blocks[index]).toBe(before.blocks[index]);
      expect(list.frozen).toBeGreaterThanOrEqual(before.frozen);
      before = list;
    });
    expect(before.frozen).toBeGreaterThan(8);
  });

  it("lexes a growing list item by item", () => {
    const items = Array.from({ length: 100 }, (_, i) => `- item ${i}`).join("\n");
    const list = advance(advance(noBlocks, items.slice(0, 500), false), items, false);
    expect(list.blocks).toHaveLength(100);
    expect(list.frozen).toBe(98);
    expect(groupBlocks(list.blocks)).toHaveLength(1);
  });

  it("goes on with a list whose first items are frozen, and not with a neighbour", () => {
    let list = noBlocks;
    const text = "3. a\n4. b\n5. c\n6. d\n\ntext\n\n1. other\n";
    for (let at = 1; at <= text.length; at++) list = advance(list, text.slice(0, at), false);
    const groups = groupBlocks(advance(list, text, true).blocks);
    expect(groups.map(({ list, blocks }) => [list?.first ?? null, blocks.length])).toEqual([
      [3, 4],
      [null, 1],
      [1, 1],
    ]);
  });

  it("takes back what a cut took back, and keeps what still stands", () => {
    const long = advance(noBlocks, "one\n\ntwo\n\nthree\n\nfour and more", false);
    const cut = advance(long, "one\n\ntwo\n\nthr", false);
    expect(cut.blocks.map(({ raw }) => raw.trim())).toEqual(["one", "two", "thr"]);
    expect(cut.blocks[0]).toBe(long.blocks[0]);
  });

  it("knows an open fence from a closed one", () => {
    const closed = (text: string) => advance(noBlocks, text, false).blocks[0]?.closed;
    expect(closed("```js\nlet a")).toBe(false);
    expect(closed("```js\nlet a\n``")).toBe(false);
    expect(closed("```js\nlet a\n```")).toBe(true);
    expect(closed("````md\n```\nin\n```\n")).toBe(false);
    expect(closed("~~~\nx\n~~~")).toBe(true);
    expect(closed("```")).toBe(false);
  });

  it("returns the same groups while nothing in them changed", () => {
    const one = advance(noBlocks, "a\n\nb\n\nc\n\nd", false);
    const two = advance(one, "a\n\nb\n\nc\n\nd and e", false);
    const before = groupBlocks(one.blocks);
    const after = groupBlocks(two.blocks, before);
    expect(after[0]).toBe(before[0]);
    expect(after[3]).not.toBe(before[3]);
  });

  it("reads the line ends of every system", () => {
    expect(advance(noBlocks, "a\r\n\r\nb\rc", true).blocks.map(({ raw }) => raw.trim())).toEqual(["a", "b\nc"]);
  });
});
