// How much a page draws at once, counted by itself: what the size of a task is made of, on any machine.
import type { Page } from "playwright-core";

export interface Drawing {
  /** The most messages that one task put into the conversation. */
  messagesATask: number;
  /** The most times an answer's text grew between two frames. */
  growthsAFrame: number;
}

type Watched = Window & { drawing?: Drawing };

/** Begins to count, on the page as it is now. */
export const watchDrawing = (page: Page): Promise<void> =>
  page.evaluate(() => {
    const drawing = { messagesATask: 0, growthsAFrame: 0 };
    (window as Watched).drawing = drawing;
    let growths = new Map<Node, number>();
    // Its records come once for each task, or sooner.
    new MutationObserver((records) => {
      let messages = 0;
      for (const { type, target, addedNodes } of records) {
        if (type === "attributes") growths.set(target, (growths.get(target) ?? 0) + 1);
        for (const node of addedNodes) {
          if (node instanceof Element) messages += node.matches("li[id^=message-]") ? 1 : 0;
        }
      }
      drawing.messagesATask = Math.max(drawing.messagesATask, messages);
    }).observe(document.body, { subtree: true, childList: true, attributes: true, attributeFilter: ["data-length"] });
    const frame = () => {
      drawing.growthsAFrame = Math.max(drawing.growthsAFrame, ...growths.values());
      growths = new Map();
      requestAnimationFrame(frame);
    };
    requestAnimationFrame(frame);
  });

export const counted = (page: Page): Promise<Drawing> =>
  page.evaluate(() => (window as Watched).drawing ?? { messagesATask: 0, growthsAFrame: 0 });

/** Resolves when nothing of the conversation has been drawn for a while of frames. */
export const drawnToRest = (page: Page): Promise<void> =>
  page.evaluate(async () => {
    let drawn = -1;
    for (let still = 0; still < 20; still++) {
      await new Promise((next) => requestAnimationFrame(next));
      const now = document.querySelectorAll("article, .markdown .block, .katex, .hljs-keyword").length;
      if (now !== drawn) still = 0;
      drawn = now;
    }
  });
