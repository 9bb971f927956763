// Redis and Postgres refuse, hang, are emptied and killed under traffic, for a moment each; for ten minutes it is
// `node tests/journeys/outage-sweep.ts 10`.
import { it } from "vitest";
import { outages } from "./outage.ts";
import { chosenSeed } from "./seed.ts";
import { BEST } from "./stores.ts";

const seed = chosenSeed();
console.log(`outage.test.ts: SEED=${seed}`);
/** The archive is told again after 1, 6 and 36 s. */
const PATIENCE_MS = 300_000;

it("outages of the stores lose no answer and no row of the archive", { timeout: PATIENCE_MS }, async () => {
  await outages({ seed, kind: BEST, phase: 1, postgres: 3, say: console.log });
});
