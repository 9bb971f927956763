// `npm run restore -- URL`, with the admin's token as ADMIN_TOKEN: has a deployment bring back from its archive what it has
// not, page by page, and says what came of it. It may be called at any time, and again.
import { setTimeout as sleep } from "node:timers/promises";
import type { RestoreReply } from "../protocol/access.ts";

const TRIES = 5;
const AGAIN_MS = 3_000;

const SAID = {
  restored: "chats brought back",
  present: "chats that were here",
  deleted: "chats that had been deleted here",
  tokens: "tokens brought back",
} as const;
const COUNTS = Object.keys(SAID) as (keyof typeof SAID)[];

/** A page that could not be had is asked for again: what was done of it is not done twice. */
async function page(base: string, token: string, after: string | null): Promise<RestoreReply> {
  for (let tries = 1; ; tries++) {
    const response = await fetch(`${base}/api/admin/restore`, {
      method: "POST",
      headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
      body: JSON.stringify(after === null ? {} : { after }),
    }).catch((error: Error) => error);
    if (!(response instanceof Error) && response.ok) return (await response.json()) as RestoreReply;
    const why = response instanceof Error ? String(response.cause ?? response) : await response.text();
    const mayPass = response instanceof Error || response.status === 429 || response.status >= 500;
    if (!mayPass || tries === TRIES) throw new Error(`${base} did not bring anything back: ${why}`);
    await sleep(AGAIN_MS);
  }
}

const [, , url] = process.argv;
const token = process.env.ADMIN_TOKEN?.trim();
if (!url || !token) {
  console.error("ADMIN_TOKEN=… npm run restore -- URL");
  process.exit(1);
}
const base = url.replace(/\/+$/, "");
const sums = { restored: 0, present: 0, deleted: 0, tokens: 0 };
let failed = 0;
let after: string | null = null;
do {
  const reply: RestoreReply = await page(base, token, after);
  for (const name of COUNTS) sums[name] += reply[name];
  for (const { chat, reason } of reply.failed) console.log(`  ✗ ${chat}: ${reason}`);
  failed += reply.failed.length;
  after = reply.next;
} while (after !== null);
for (const name of COUNTS) console.log(`  ${SAID[name]}: ${sums[name]}`);
console.log(`  chats that could not be brought back: ${failed}`);
process.exit(failed > 0 ? 1 : 0);
