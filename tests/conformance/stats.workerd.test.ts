// Proves PROTOCOL.md, "Statistics".
import { expect, it } from "vitest";
import { statsReplySchema } from "../../protocol/requests.ts";
import { person, problem, read } from "./kit.ts";

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
