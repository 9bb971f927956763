import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { fetched } from "./fetched.ts";

/** Whether the server answers, and how often it was asked. */
let up = true;
let asked = 0;

beforeEach(() => {
  vi.useFakeTimers();
  up = true;
  asked = 0;
  vi.stubGlobal("fetch", async () => {
    asked += 1;
    if (!up) throw new TypeError("Failed to fetch");
    return new Response();
  });
});
afterEach(() => {
  vi.unstubAllGlobals();
  vi.useRealTimers();
  localStorage.clear();
});

describe("a part that is fetched", () => {
  it("comes", async () => {
    expect(await fetched(async () => "part")).toBe("part");
    expect(asked).toBe(0);
  });

  it("waits for a server that is out of reach, and comes when it is back", async () => {
    up = false;
    const load = vi.fn(async () => {
      if (!up) throw new TypeError("Failed to fetch dynamically imported module");
      return "part";
    });
    const part = fetched(load);
    await vi.advanceTimersByTimeAsync(60_000);
    // The server is asked now and then; the part itself only once it answers.
    expect(load).toHaveBeenCalledTimes(1);
    expect(asked).toBeGreaterThan(10);
    up = true;
    await vi.advanceTimersByTimeAsync(3_000);
    expect(await part).toBe("part");
  });

  it("that the server has no more is an error, once the page has come back as the new one", async () => {
    localStorage.setItem("keepstream.reloaded", String(Date.now()));
    const gone = fetched(() => Promise.reject(new TypeError("404")));
    await expect(gone).rejects.toThrow("404");
  });
});
