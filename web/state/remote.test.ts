import { createRoot } from "solid-js";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { ApiError } from "../api/client.ts";
import { makeRemote, type RemoteOptions } from "./remote.ts";

type Reply = { n: number };

let replies: (Reply | Error)[];
let asked: number;
const read = async (): Promise<Reply> => {
  asked++;
  const next = replies.shift() ?? { n: asked };
  if (next instanceof Error) throw next;
  return next;
};

function remote(options: RemoteOptions<Reply> = {}) {
  return createRoot((dispose) => ({ ...makeRemote<Reply>(read, options), dispose }));
}
const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms);

beforeEach(() => {
  vi.useFakeTimers();
  replies = [];
  asked = 0;
});
afterEach(() => vi.useRealTimers());

describe("what the server knows", () => {
  it("is read at once, and again as often as is wanted", async () => {
    const one = remote({ every: () => 1_000 });
    expect(one.data()).toBeUndefined();
    await pass(0);
    expect(one.data()).toEqual({ n: 1 });
    await pass(2_000);
    expect(one.data()).toEqual({ n: 3 });
    one.dispose();
    await pass(5_000);
    expect(asked).toBe(3);
  });

  it("is asked for again when no answer came, and stays shown meanwhile", async () => {
    replies = [{ n: 7 }, new ApiError(null, 0, null), new ApiError(null, 0, null), { n: 8 }];
    const one = remote();
    await pass(0);
    void one.refresh();
    await pass(500);
    expect(one.data()).toEqual({ n: 7 });
    expect(one.error()).toBeNull();
    await pass(3_000);
    expect(one.data()).toEqual({ n: 8 });
    one.dispose();
  });

  it("is not asked for again when it was refused", async () => {
    const refusal = new ApiError(null, 403, null);
    replies = [refusal];
    const one = remote();
    await pass(20_000);
    expect(asked).toBe(1);
    expect(one.error()).toBe(refusal);
    one.dispose();
  });

  it("takes changes at once, and they may ask for the next reading", async () => {
    const one = remote({ every: (now) => (now && now.n > 100 ? 50 : null) });
    one.change(() => ({ n: 1_000 }));
    await pass(0);
    expect(one.data()).toEqual({ n: 1 });
    one.change(({ n }) => ({ n: n + 100 }));
    expect(one.data()).toEqual({ n: 101 });
    await pass(60);
    expect(one.data()).toEqual({ n: 2 });
    one.dispose();
  });

  it("is read again when the reader comes back late", async () => {
    const one = remote({ freshFor: 10_000 });
    await pass(5_000);
    document.dispatchEvent(new Event("visibilitychange"));
    await pass(6_000);
    expect(asked).toBe(1);
    document.dispatchEvent(new Event("visibilitychange"));
    await pass(0);
    expect(asked).toBe(2);
    one.dispose();
  });
});
