// Long ones: `node tests/journeys/outage-sweep.ts [minutes] [embedded|real]` has each outage of `outage.ts` last for 20 s, and
// that of Postgres for so many minutes. It prints when first words came, and exits 1 at the first thing lost.
import { outages } from "./outage.ts";
import { chosenSeed } from "./seed.ts";
import { kindOf } from "./stores.ts";

const minutes = Number(process.argv[2] ?? 1);
const seed = chosenSeed();
console.log(`SEED=${seed}`);
await outages({ seed, kind: kindOf(process.argv[3]), phase: 20, postgres: minutes * 60, say: console.log });
