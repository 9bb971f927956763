// SIGKILL of the server, and of Postgres, between an answer's end and its place in the archive. A few moments, chosen by a
// seed; many are `node tests/journeys/archive-sweep.ts`.
import { afterAll, beforeAll, expect, it } from "vitest";
import { type ScriptedModel, startScriptedModel } from "../../local/model/server.ts";
import { rowsOfArchive } from "../archived.ts";
import { Random } from "../simulation/random.ts";
import { archiveCrash, isArchived, LastingArchive } from "./archive-crash.ts";
import { Client } from "./client.ts";
import { chosenSeed } from "./seed.ts";
import { Stack } from "./stack.ts";

const seed = chosenSeed();
const random = new Random(seed, "archive");
console.log(`archive-crash.test.ts: SEED=${seed}`);

let model: ScriptedModel;
let archive: LastingArchive;
let stack: Stack;
let client: Client;
const chats: string[] = [];

beforeAll(async () => {
  model = await startScriptedModel();
  archive = await LastingArchive.start();
  stack = await Stack.start({ scriptedModelUrl: model.url, env: archive.settings });
  client = await Client.join(stack.url);
});

afterAll(async () => {
  await stack?.dispose();
  await archive?.dispose();
  await model?.close();
});

it.each([0, random.between(1, 10), random.between(11, 60)])("the server, %i ms after the end", async (after) => {
  chats.push(await archiveCrash(stack, archive, client, { kill: "server", after }));
});

it.each([0, random.between(1, 10)])("Postgres, %i ms after the end", async (after) => {
  if (archive.canBeKilled) chats.push(await archiveCrash(stack, archive, client, { kill: "postgres", after }));
});

it("and nothing came twice, or late", async () => {
  for (const chat of chats) expect(await isArchived(archive, client, chat)).toBe(true);
});

it("a chat that was deleted while Postgres was away is gone when it is back", async () => {
  if (!archive.canBeKilled) return;
  const chatId = await archiveCrash(stack, archive, client, { kill: "postgres", after: 0 });
  await archive.kill();
  const deleted = await fetch(`${client.base}/api/chats/${chatId}`, { method: "DELETE", headers: client.headers });
  expect(deleted.status).toBe(204);
  await stack.kill();
  await archive.revive();
  await stack.start();
  const rows = () => rowsOfArchive(archive.connect(10_000), chatId).catch(String);
  await expect.poll(rows, { timeout: 60_000 }).toEqual({ title: null, messages: [], runs: [] });
});
