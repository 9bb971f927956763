import { cleanup, fireEvent, render, screen } from "@solidjs/testing-library";
import { afterEach, beforeAll, describe, expect, it } from "vitest";
import type { Receipt as ReceiptData } from "../../../protocol/records.ts";
import type { RunState } from "../../../protocol/reduce.ts";
import { speak } from "../../i18n/locale.ts";
import { Receipt } from "./receipt.tsx";

const receipt: ReceiptData = {
  tier: "mvp",
  provider: "openai",
  model: "gpt",
  cache: "off",
  inputTokens: 12,
  outputTokens: 1_204,
  estimated: false,
  cost: 0.0041,
  firstTokenMs: 212,
  totalMs: 7_900,
  requests: 1,
  recoveries: [],
};
function run(change: Partial<ReceiptData> = {}, state: Partial<RunState> = {}): RunState {
  const made = { ...receipt, ...change };
  const params = { temperature: 0.7, maxOutputTokens: null, system: null };
  return {
    status: "completed",
    finish: "stop",
    params,
    recoveries: made.recoveries,
    receipt: made,
    ...state,
  } as RunState;
}

beforeAll(() => speak("en", false));
afterEach(cleanup);

describe("the receipt", () => {
  it("says in a line what the answer took, and opens to everything", () => {
    const { container } = render(() => <Receipt run={run()} />);
    const summary = screen.getByRole("button");
    expect(summary.textContent).toMatch(/212 ms.*1,204 tokens.*\$0\.0041/);
    expect(summary.getAttribute("aria-expanded")).toBe("false");
    fireEvent.click(summary);
    expect(summary.getAttribute("aria-expanded")).toBe("true");
    const rows = [...container.querySelectorAll("dl > div")].map((row) => row.textContent);
    expect(rows).toContain("Time in all7.9 s");
    expect(rows).toContain("Temperature0.7");
    expect(rows).toContain("Token limitmodel’s default");
  });

  it("says unknown where it is not known, never zero", () => {
    const { container } = render(() => <Receipt run={run({ cost: null, inputTokens: null, firstTokenMs: null })} />);
    expect(screen.getByRole("button").textContent).toContain("cost unknown");
    fireEvent.click(screen.getByRole("button"));
    const rows = [...container.querySelectorAll("dl > div")].map((row) => row.textContent);
    expect(rows).toEqual(expect.arrayContaining(["Costunknown", "Tokens readunknown", "Time to first wordunknown"]));
  });

  it("tells of each recovery and what was paid twice", () => {
    const recoveries = [
      { mode: "reattach", at: 2_884, madeTwice: 0 },
      { mode: "continue", at: 3_000, madeTwice: 6 },
    ] as const;
    const { container } = render(() => <Receipt run={run({ recoveries: [...recoveries] })} />);
    expect(screen.getByRole("button").textContent).toContain(
      "Cut 2 times, resumed to the letter · 6 tokens paid twice",
    );
    fireEvent.click(screen.getByRole("button"));
    expect(container.querySelector(".whole")?.textContent).toMatch(
      /character 2,884.*0 tokens.*character 3,000.*6 tokens/,
    );
  });

  it("says what the cache spared, in time and money", () => {
    const saved = { ms: 7_900, inputTokens: 12, outputTokens: 812, cost: 0.0041 };
    const { unmount } = render(() => <Receipt run={run({ cache: "hit", cost: 0, saved, age: 90 })} />);
    expect(screen.getByRole("button").textContent).toContain("CACHE HIT · 7.9 s and $0.0041 saved");
    unmount();
    render(() => <Receipt run={run({ cache: "collapsed", saved: { ...saved, cost: null } })} />);
    expect(screen.getByRole("button").textContent).toContain("COLLAPSED · 7.9 s saved");
  });

  it("claims nothing where nothing was spared", () => {
    render(() => <Receipt run={run({ cache: "hit", cost: 0 })} />);
    expect(screen.getByRole("button").textContent).toContain("CACHE HIT");
    expect(screen.getByRole("button").textContent).not.toContain("saved");
  });

  it.each([
    ["cancelled", "Stopped"],
    ["failed", "Failed"],
    ["interrupted", "Interrupted"],
  ] as const)("says in a word that it was %s", (status, word) => {
    render(() => <Receipt run={run({}, { status })} />);
    expect(screen.getByRole("button").textContent).toContain(word);
  });

  it("is not there before the run has ended", () => {
    render(() => <Receipt run={run({}, { receipt: null, status: "running" })} />);
    expect(screen.queryByRole("button")).toBeNull();
  });
});
