// The stage of the page's journeys: one Chromium and one stack for all tests of a file. Windows are closed after each
// test, and an error that any of their pages threw fails it.
import type { Browser } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect } from "vitest";
import { type ScriptedModel, startScriptedModel } from "../../local/model/server.ts";
import { launchChromium, type OpenWindow, openWindow, type WindowOptions, withoutChromium } from "./browser.ts";
import { Stack, type StackOptions } from "./stack.ts";

export interface Stage {
  readonly browser: Browser;
  readonly stack: Stack;
  /** The model that answers on it. */
  readonly model: ScriptedModel;
  /** A window of a new person at an address of the page. `choice`: the model they chose. */
  open(path?: string, options?: WindowOptions & { choice?: string }): Promise<OpenWindow>;
}

/** A start takes seconds; with a page to build and Temporal to wait for, on a machine that does much else, far longer. */
const START_PATIENCE_MS = 300_000;
/** For one test: several waits, each with its own patience. */
const TEST_PATIENCE_MS = 300_000;

interface Scenery extends StackOptions {
  /** Names of scripted models that a person may choose; the first is asked when nobody chose. */
  models?: readonly string[];
}

/** Describes what happens on a page over a stack of its own; left out where there is no Chromium. */
export function onStage(name: string, set: Scenery | (() => Promise<Scenery>), play: (stage: Stage) => void): void {
  const title = `${name}${withoutChromium ? ` (skipped: ${withoutChromium})` : ""}`;
  describe.skipIf(withoutChromium)(title, { timeout: TEST_PATIENCE_MS }, () => {
    let browser: Browser;
    let stack: Stack;
    let model: ScriptedModel;
    let windows: OpenWindow[] = [];

    beforeAll(async () => {
      const { models = [], env, ...options } = typeof set === "function" ? await set() : set;
      model = await startScriptedModel({ listed: models });
      const chosen = models[0] === undefined ? {} : { DEFAULT_PROVIDER: "openai", DEFAULT_MODEL: models[0] };
      const setting = { page: true, scriptedModelUrl: model.url, ...options, env: { ...chosen, ...env } };
      [browser, stack] = await Promise.all([launchChromium(), Stack.start(setting)]);
    }, START_PATIENCE_MS);

    afterEach(async () => {
      const errors = windows.flatMap((one) => one.errors);
      await Promise.all(windows.map(({ context }) => context.close()));
      windows = [];
      expect(errors).toEqual([]);
    });

    afterAll(async () => {
      await browser?.close();
      await stack?.dispose();
      await model?.close();
    });

    play({
      get browser() {
        return browser;
      },
      get stack() {
        return stack;
      },
      get model() {
        return model;
      },
      async open(path = "/", { choice, ...options } = {}) {
        const opened = await openWindow(browser, options);
        windows.push(opened);
        if (choice) {
          const settings = JSON.stringify({ new: { provider: "openai", model: choice } });
          await opened.context.addInitScript((kept) => {
            // A window's first, empty page has no storage.
            if (!location.protocol.startsWith("http") || localStorage.getItem("keepstream.settings")) return;
            localStorage.setItem("keepstream.settings", kept);
          }, settings);
        }
        await opened.page.goto(new URL(path, stack.url).href);
        await opened.page.locator("h1, #composer").first().waitFor();
        return opened;
      },
    });
  });
}
