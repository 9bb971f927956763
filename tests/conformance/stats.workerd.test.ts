// Proves PROTOCOL.md, "Statistics".
import { expect, it, vi } from "vitest";
import { statsReplySchema } from "../../protocol/requests.ts";
import { answer, bearer, fresh, model, person, problem, read } from "./kit.ts";

it.each([
  ["", "24h", 24, 3_600_000],
  ["?window=1h", "1h", 12, 300_000],
  ["?window=24h", "24h", 24, 3_600_000],
  ["?window=7d", "7d", 28, 21_600_000],
])("tells a window in steps that fit: %s", async (query, window, steps, stepMs) => {
  const who = await person();
  const reply = await read(await who.fetch(`/api/stats${query}`), statsReplySchema);
  expect(reply).toMatchObject({ window, stepMs });
  expect(reply.series).toHaveLength(steps);
  expect(reply.series.map(({ time }) => time)).toEqual(
    Array.from({ length: steps }, (_, i) => reply.from + i * stepMs),
  );
  const last = reply.from + steps * stepMs;
  expect(reply.to).toBeGreaterThanOrEqual(last - stepMs);
  expect(reply.to).toBeLessThan(last);
});

it("refuses a window there is not", async () => {
  const who = await person();
  await problem(await who.fetch("/api/stats?window=2h"), "bad_request", 400);
});

it("counts each answer of the asker's tenant at its end, and what it took", async () => {
  const who = bearer("token-of-the-team");
  const stats = async (as = who) => read(await as.fetch("/api/stats?window=24h"), statsReplySchema);
  const before = await stats();
  const { end } = await answer(who, { prompt: fresh("counted"), model: model("tokens-20-rate-0") });
  await vi.waitFor(async () => {
    const { totals, series, latency, source } = await stats();
    expect(totals.runs).toBeGreaterThan(before.totals.runs);
    expect(totals.spent.outputTokens).toBeGreaterThanOrEqual(
      before.totals.spent.outputTokens + (end.receipt.outputTokens ?? 0),
    );
    expect(series.reduce((sum, { runs }) => sum + runs, 0)).toBe(totals.runs);
    expect(latency.map(({ cache }) => cache)).toContain(end.receipt.cache);
    expect(source).not.toBe("none");
  });
});
