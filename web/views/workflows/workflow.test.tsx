import { cleanup, render, screen } from "@solidjs/testing-library";
import { afterEach, beforeAll, describe, expect, it } from "vitest";
import { CourseLine } from "../../components/course.tsx";
import { speak } from "../../i18n/locale.ts";
import { loadViewWords } from "../../i18n/views.ts";
import { courseOf } from "../../state/course.ts";
import { sampleTimeline, WORKFLOW_STATUS } from "../states/samples.ts";
import { Progress } from "./progress.tsx";
import { Steps } from "./steps.tsx";
import { courseLabel, stretchName } from "./words.ts";

const now = 1_000_000;

beforeAll(async () => {
  await speak("en", false);
  await loadViewWords();
});
afterEach(cleanup);

describe("a workflow", () => {
  it("is told step by step: what was lost and why, the wait, what goes on, what is to come", () => {
    const { container } = render(() => <Steps timeline={sampleTimeline(now)} now={now} />);
    const steps = [...container.querySelectorAll("li")];
    expect(steps.map((step) => step.dataset.kind)).toEqual([
      "done",
      "lost",
      "waiting",
      "running",
      "to-come",
      "to-come",
    ]);
    expect(steps[1]?.textContent).toContain("Generate · attempt 1: failed");
    expect(steps[1]?.textContent).toContain("not heard of again");
    expect(steps[3]?.textContent).toContain("Generate · attempt 2: running");
  });

  it("is drawn in a line that says in words what it shows", () => {
    const course = courseOf(sampleTimeline(now), now);
    const { container } = render(() => <CourseLine course={course} label={courseLabel(course)} nameOf={stretchName} />);
    expect(container.querySelectorAll("circle")).toHaveLength(1);
    expect(screen.getByRole("img").getAttribute("aria-label")).toMatch(/Generate.*failed.*waiting.*running/);
  });

  it("says how far it is, and why its last attempt failed", () => {
    render(() => <Progress status={WORKFLOW_STATUS} />);
    const bar = screen.getByRole("progressbar");
    expect(bar.getAttribute("aria-valuenow")).toBe("45");
    expect(screen.getByText(/The worker was not heard of/)).toBeTruthy();
    cleanup();
    render(() => <Progress status={{ ...WORKFLOW_STATUS, percent: null }} />);
    expect(screen.getByRole("progressbar").hasAttribute("aria-valuenow")).toBe(false);
  });
});
