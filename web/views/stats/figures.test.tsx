import { cleanup, fireEvent, render, screen } from "@solidjs/testing-library";
import { afterEach, beforeAll, describe, expect, it } from "vitest";
import { speak } from "../../i18n/locale.ts";
import { loadViewWords } from "../../i18n/views.ts";
import { sampleStats } from "../states/samples.ts";
import { Figures } from "./figures.tsx";

const now = new Date(2026, 10, 25, 14, 0).getTime();

beforeAll(async () => {
  await speak("en", false);
  await loadViewWords();
});
afterEach(cleanup);

describe("the statistics", () => {
  it("say first what one looks for first", () => {
    const { container } = render(() => <Figures stats={sampleStats(now)} />);
    expect(container.querySelector("[data-figure=hit-rate]")?.textContent).toBe("59%");
    expect(container.querySelector("[data-figure=answers]")?.textContent).toMatch(/^3,\d{3}$/);
    expect(screen.getByText(/answers by a model without a known price/)).toBeTruthy();
  });

  it("have a bar for each step and a table with the same figures", () => {
    const stats = sampleStats(now);
    const { container } = render(() => <Figures stats={stats} />);
    expect(container.querySelectorAll(".bar")).toHaveLength(48);
    const rows = container.querySelectorAll(".twin tbody tr");
    expect(rows).toHaveLength(48 + stats.latency.length);
    const hits = rows[0]?.querySelector("td")?.textContent;
    expect(hits).toBe(String(stats.series.at(-1)?.hits));
    fireEvent.click(screen.getByRole("radio", { name: "Money" }));
    expect(container.querySelectorAll(".bar i[data-part=saved]")).toHaveLength(48);
  });

  it("tell the figures of the step that is pointed at", () => {
    const stats = sampleStats(now);
    const { container } = render(() => <Figures stats={stats} />);
    const bar = container.querySelectorAll(".bar")[3] as Element;
    fireEvent.pointerEnter(bar);
    expect(container.querySelector(".bars-tip")?.textContent).toContain(`hit${stats.series[3]?.hits}`);
  });

  it("draw nothing where nothing was answered", () => {
    const stats = sampleStats(now);
    const none = { ...stats, totals: { ...stats.totals, runs: 0, hitRate: null }, latency: [] };
    const { container } = render(() => <Figures stats={none} />);
    expect(container.querySelector(".bars")).toBeNull();
    expect(container.querySelector("[data-figure=hit-rate]")?.textContent).toBe("–");
    expect(screen.getByText("No completed answer yet.")).toBeTruthy();
  });
});
