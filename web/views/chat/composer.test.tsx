import { cleanup, fireEvent, render, screen } from "@solidjs/testing-library";
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { start } from "../../i18n/locale.ts";
import { createChatSession, type SessionApi } from "../../state/chat-session.ts";
import type { Settings } from "../../state/settings.ts";

const ask = vi.fn(() => Promise.resolve());
const settings: Partial<Settings> = { tier: "mvp", temperature: null, cache: "default" };
vi.mock("../../state/app.tsx", () => ({
  useApp: () => ({ ask, settings: () => settings, panel: () => false, setPanel: () => {} }),
}));
const { Composer } = await import("./composer.tsx");

// jsdom has no layout to ask.
vi.stubGlobal("matchMedia", () => ({ matches: true }));

const api = {} as SessionApi;
const show = () => render(() => <Composer session={createChatSession(null, api)} />);
const box = () => screen.getByRole<HTMLTextAreaElement>("textbox");
const type = (text: string) => fireEvent.input(box(), { target: { value: text } });

beforeAll(() => start());
afterEach(cleanup);
beforeEach(() => {
  ask.mockClear();
  localStorage.clear();
});

describe("the composer", () => {
  it("sends on Enter, and is empty then", () => {
    show();
    type("  Hello  ");
    fireEvent.keyDown(box(), { key: "Enter" });
    expect(ask).toHaveBeenCalledExactlyOnceWith("Hello");
    expect(box().value).toBe("");
  });

  it("breaks the line on Shift+Enter", () => {
    show();
    type("Hello");
    expect(fireEvent.keyDown(box(), { key: "Enter", shiftKey: true })).toBe(true);
    expect(ask).not.toHaveBeenCalled();
  });

  it("leaves the Enter that ends a word in an input method alone", () => {
    show();
    type("にほん");
    fireEvent.keyDown(box(), { key: "Enter", isComposing: true });
    // Safari tells of it after the composition is over.
    fireEvent.keyDown(box(), { key: "Enter", keyCode: 229 });
    expect(ask).not.toHaveBeenCalled();
    fireEvent.keyDown(box(), { key: "Enter", keyCode: 13 });
    expect(ask).toHaveBeenCalledOnce();
  });

  it("does not send nothing, nor more than is accepted", () => {
    show();
    type("   ");
    fireEvent.keyDown(box(), { key: "Enter" });
    type("x".repeat(200_001));
    fireEvent.keyDown(box(), { key: "Enter" });
    expect(ask).not.toHaveBeenCalled();
    expect(screen.getByRole("alert").textContent).toContain("200");
  });

  it("keeps what was not sent", () => {
    const first = show();
    type("half a thought");
    first.unmount();
    show();
    expect(box().value).toBe("half a thought");
  });
});
