// SIGKILL of the server, and of Postgres, between an answer's end, its place in the cache and its place in the archive. A
// few moments, chosen by a seed; many are `node tests/journeys/archive-sweep.ts`.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startScriptedModel } from "../../local/model/server.ts";
import { rowsOfArchive } from "../archived.ts";
import { Random } from "../simulation/random.ts";
import { archiveCrash, isArchived, type Site } from "./archive-crash.ts";
import { Client } from "./client.ts";
import { chosenSeed } from "./seed.ts";
import { Stack } from "./stack.ts";
import { BEST, LastingStores, STORES } from "./stores.ts";

const seed = chosenSeed();
const random = new Random(seed, "archive");
console.log(`archive-crash.test.ts: SEED=${seed}`);

describe.each(STORES)("over the $kind stores", ({ kind, absent }) => {
  if (absent) return it.skip(absent);
  const site = {} as Site;
  const chats: string[] = [];

  beforeAll(async () => {
    site.model = await startScriptedModel();
    site.stores = await LastingStores.start(kind);
    const env = { ...site.stores.settings, CACHE_LOOK_UP_MS: "10000" };
    site.stack = await Stack.start({ scriptedModelUrl: site.model.url, env });
    site.client = await Client.join(site.stack.url);
  });

  afterAll(async () => {
    await site.stack?.dispose();
    await site.stores?.dispose();
    await site.model?.close();
  });

  it.each(kind === BEST ? [0, random.between(1, 60)] : [])("the server, %i ms after the end", async (after) => {
    chats.push(...(await archiveCrash(site, { kill: "server", after })));
  });

  it("the server, when the cache has the answer and the archive does not", async () => {
    chats.push(...(await archiveCrash(site, { kill: "server when cached", after: random.between(0, 60) })));
  });

  it.each(kind === BEST ? [0, random.between(1, 10)] : [random.between(0, 10)])(
    "Postgres, %i ms after the end",
    async (after) => {
      chats.push(...(await archiveCrash(site, { kill: "postgres", after })));
    },
  );

  it("and nothing came twice, or late", async () => {
    for (const chat of chats) expect(await isArchived(site, chat)).toBe(true);
  });

  if (kind !== BEST) return;

  it("a chat that was deleted while Postgres was away is gone when it is back", async () => {
    const { stores, stack, client } = site;
    const [chatId = ""] = chats;
    await stores.archive.set("refuse");
    const deleted = await fetch(`${client.base}/api/chats/${chatId}`, { method: "DELETE", headers: client.headers });
    expect(deleted.status).toBe(204);
    await stack.kill();
    await stores.archive.set("pass");
    await stack.start();
    const rows = () => rowsOfArchive(stores.connect(10_000), chatId).catch(String);
    await expect.poll(rows, { timeout: 60_000 }).toEqual({ title: null, messages: [], runs: [] });
  });
});
