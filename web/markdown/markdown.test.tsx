import { cleanup, render } from "@solidjs/testing-library";
import { createSignal } from "solid-js";
import { afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { start } from "../i18n/locale.ts";
import { type DrawnText, Markdown } from "./markdown.tsx";
import { loadRepair } from "./repair.ts";

const ANSWER =
  "# Title\n\nFirst **paragraph** here.\n\n1. one\n2. two\n   ```py\n   print(1)\n   ```\n3. three\n\n```ts\nlet a = 1;\nlet b = 2;\n```\n\nA [link](https://example.com), then the last words.";

beforeAll(() => Promise.all([start(), loadRepair()]));
afterEach(cleanup);

function show(first = "") {
  const [text, setText] = createSignal(first);
  const [done, setDone] = createSignal(false);
  let drawn: DrawnText | undefined;
  const { container } = render(() => (
    <Markdown
      text={text()}
      done={done()}
      ref={(it) => {
        drawn = it;
      }}
    />
  ));
  return { container, setText, setDone, drawn: () => drawn as DrawnText };
}

const structure = (root: Element) => root.innerHTML.replace(/ id="[^"]*"/g, "");

describe("a drawn answer", () => {
  it("that is long and comes at once is drawn over several frames, and all of it in the end", async () => {
    const { container, setDone, drawn } = show(Array.from({ length: 200 }, (_, n) => `Paragraph ${n}.`).join("\n\n"));
    setDone(true);
    const blocks = () => container.querySelectorAll(".block").length;
    expect(blocks()).toBeLessThan(100);
    expect(drawn().whole()).toBe(false);
    await vi.waitFor(() => expect(blocks()).toBe(200), 20_000);
    expect(drawn().whole()).toBe(true);
    expect(container.querySelector(".block:last-child")?.textContent).toContain("Paragraph 199.");
  });

  it("is, once it has come word by word, what it would be at once", () => {
    const streamed = show();
    for (let at = 1; at <= ANSWER.length; at += 2) streamed.setText(ANSWER.slice(0, at));
    streamed.setText(ANSWER);
    streamed.setDone(true);
    const whole = show(ANSWER);
    whole.setDone(true);
    expect(structure(streamed.container)).toBe(structure(whole.container));
    expect(streamed.container.querySelectorAll("ol > li")).toHaveLength(3);
    expect([...streamed.container.querySelectorAll("figure code")].map((code) => code.textContent)).toEqual([
      "print(1)",
      "let a = 1;\nlet b = 2;",
    ]);
  });

  it("does not touch what is finished while the rest grows", async () => {
    const { container, setText } = show(ANSWER.slice(0, 80));
    const touched: Node[] = [];
    const first = container.querySelectorAll(".block")[0] as Element;
    const second = container.querySelectorAll(".block")[1] as Element;
    const observer = new MutationObserver((records) => touched.push(...records.map(({ target }) => target)));
    for (const block of [first, second]) {
      observer.observe(block, { subtree: true, childList: true, characterData: true, attributes: true });
    }
    for (let at = 81; at <= ANSWER.length; at++) setText(ANSWER.slice(0, at));
    await Promise.resolve();
    expect(touched).toEqual([]);
    expect(container.querySelectorAll(".block")[0]).toBe(first);
  });

  it("appends to code that grows, rather than drawing it anew", () => {
    const { container, setText } = show("```ts\nlet a");
    const text = container.querySelector("code")?.firstChild;
    setText("```ts\nlet a = 1;\nlet b");
    expect(container.querySelector("code")?.firstChild).toBe(text);
    expect(text?.textContent).toBe("let a = 1;\nlet b");
  });

  it("knows where in it a position of its source is drawn", () => {
    const { drawn } = show(ANSWER);
    const from = (words: string) => drawn().rangeFrom(ANSWER.indexOf(words))?.toString().trim();
    expect(from("paragraph** here")).toMatch(/^paragraph here/);
    expect(from("let b")).toMatch(/^let b = 2;/);
    expect(from("the last words")).toBe("the last words.");
    expect(drawn().rangeFrom(ANSWER.length)).toBeNull();
  });
});
