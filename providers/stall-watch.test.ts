import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { StallWatch } from "./stall-watch.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const patience = { firstByteMs: 1000, stallMs: 300 };

it("waits longer for the first text than for the rest", () => {
  const onStall = vi.fn();
  const watch = new StallWatch(patience, onStall);
  vi.advanceTimersByTime(999);
  watch.heard(false);
  vi.advanceTimersByTime(999);
  expect(onStall).not.toHaveBeenCalled();
  watch.heard(true);
  vi.advanceTimersByTime(299);
  expect(onStall).not.toHaveBeenCalled();
  vi.advanceTimersByTime(1);
  expect(onStall).toHaveBeenCalledExactlyOnceWith(300);
});

it("is quiet while something comes, with one timer", () => {
  const onStall = vi.fn();
  const watch = new StallWatch(patience, onStall);
  for (let i = 0; i < 100; i++) {
    watch.heard(true);
    vi.advanceTimersByTime(250);
    expect(vi.getTimerCount()).toBe(1);
  }
  expect(onStall).not.toHaveBeenCalled();
  vi.advanceTimersByTime(50);
  expect(onStall).toHaveBeenCalledOnce();
});

it("never calls once stopped", () => {
  const onStall = vi.fn();
  new StallWatch(patience, onStall).stop();
  vi.advanceTimersByTime(5000);
  expect(onStall).not.toHaveBeenCalled();
});
